"""What kernels ask of memory that Numba has no name for: data before it is needed, and numbers that threads share."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic, overload
from numpy.typing import NDArray

_ONE_AT_A_TIME = threading.Lock()
_intrinsic: Any = intrinsic  # what it makes is called with one argument less than what it is given


def prefetch(array: NDArray, row: int, entry: int) -> None:
    """Ask for what `array[row, entry]` starts with; nothing but time depends on it, and it need not exist."""


def fetch_and_add(array: NDArray[np.int64], row: int, amount: int) -> int:
    """`array[row, 0]` as it was before `amount` was added to it; no two threads get the same."""
    with _ONE_AT_A_TIME:
        before = int(array[row, 0])
        array[row, 0] = before + amount
        return before


@overload(prefetch, inline="always")
def _compiled_prefetch(array: Any, row: Any, entry: Any) -> Any:
    def implementation(array: Any, row: Any, entry: Any) -> None:
        _prefetch(array, row, entry)

    return implementation


@overload(fetch_and_add, inline="always")
def _compiled_fetch_and_add(array: Any, row: Any, amount: Any) -> Any:
    def implementation(array: Any, row: Any, amount: Any) -> Any:
        return _fetch_and_add(array, row, amount)

    return implementation


@_intrinsic
def _prefetch(typing: Any, array: Any, row: Any, entry: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        address = _address(context, builder, signature, arguments[0], (1, 2), arguments)
        number, pointer = ir.IntType(32), ir.IntType(8).as_pointer()
        function = builder.module.declare_intrinsic(
            "llvm.prefetch", [pointer], ir.FunctionType(ir.VoidType(), [pointer, number, number, number])
        )
        to_read, into_all_caches, data = number(0), number(3), number(1)
        builder.call(function, [builder.inttoptr(address, pointer), to_read, into_all_caches, data])
        return context.get_dummy_value()

    return types.none(array, row, entry), generate


@_intrinsic
def _fetch_and_add(typing: Any, array: Any, row: Any, amount: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        address = _address(context, builder, signature, arguments[0], (1,), arguments)
        added = context.cast(builder, arguments[2], signature.args[2], types.int64)
        return builder.atomic_rmw("add", builder.inttoptr(address, ir.IntType(64).as_pointer()), added, "seq_cst")

    return types.int64(array, row, amount), generate


def _address(context: Any, builder: Any, signature: Any, array: Any, axes: tuple[int, ...], arguments: Any) -> Any:
    """Where the entry of an array is whose indices on the first axes are those arguments."""
    held = context.make_array(signature.args[0])(context, builder, array)
    address = builder.ptrtoint(held.data, context.get_value_type(types.intp))
    for stride, at in zip(cgutils.unpack_tuple(builder, held.strides), axes, strict=False):
        index = context.cast(builder, arguments[at], signature.args[at], types.intp)
        address = builder.add(address, builder.mul(stride, index))
    return address
