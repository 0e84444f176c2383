"""Asking memory for data before a kernel needs it, so that it need not wait."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic, overload
from numpy.typing import NDArray


def prefetch(array: NDArray, row: int, entry: int) -> None:
    """Ask for what `array[row, entry]` starts with; nothing but time depends on it, and it need not exist."""


@overload(prefetch, inline="always")
def _compiled_prefetch(array: Any, row: Any, entry: Any) -> Any:
    def implementation(array: Any, row: Any, entry: Any) -> None:
        _prefetch(array, row, entry)

    return implementation


@intrinsic
def _prefetch(typing: Any, array: Any, row: Any, entry: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        strides = cgutils.unpack_tuple(builder, context.make_array(array)(context, builder, arguments[0]).strides)
        at = context.make_array(array)(context, builder, arguments[0]).data
        address = builder.ptrtoint(at, context.get_value_type(types.intp))
        for stride, index, kind in zip(strides, arguments[1:], signature.args[1:], strict=False):
            steps = context.cast(builder, index, kind, types.intp)
            address = builder.add(address, builder.mul(stride, steps))
        number, pointer = ir.IntType(32), ir.IntType(8).as_pointer()
        function = builder.module.declare_intrinsic(
            "llvm.prefetch", [pointer], ir.FunctionType(ir.VoidType(), [pointer, number, number, number])
        )
        to_read, into_all_caches, data = number(0), number(3), number(1)
        builder.call(function, [builder.inttoptr(address, pointer), to_read, into_all_caches, data])
        return context.get_dummy_value()

    return types.none(array, row, entry), generate
