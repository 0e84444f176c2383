"""How functions become kernels: one decorator for each way that a kernel gets into the machine code of its callers.

A kernel that Python calls is compiled as a whole, with all that it calls, on its first call, and cached on disk.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba

from edge_llm_env.support.compilation.dispatchers import Kernel, LinkedKernel

Function = TypeVar("Function", bound=Callable[..., Any])


def compiled(function: Function) -> Function:
    """Compile a scalar function (Numba, no fast-math); it becomes part of the kernels that call it.

    It works on arrays that it is given and cannot make any: without Numba's reference counting (`_nrt`), whose atomic
    operations would take most of a step's time and make threads wait for each other. Called from Python it releases the
    interpreter's lock.
    """
    return _dispatched(Kernel, function, forceinline=True, nogil=True, _nrt=False)


def compiled_apart(function: Function) -> Function:
    """Like `compiled`, but called rather than inlined: for large functions that a kernel calls in several places."""
    return _dispatched(Kernel, function, nogil=True, _nrt=False)


def compiled_allocating(function: Function) -> Function:
    """Like `compiled_apart`, for functions that make arrays of their own."""
    return _dispatched(Kernel, function, nogil=True)


def compiled_linked(function: Function) -> Function:
    """Like `compiled_allocating`, but compiled once for all: kernels that call it hold its name, not its code.

    For what takes seconds to compile and is called from many kernels. A call passes every number and every array's
    fields on the stack and nothing is optimised across it, so what is called often must not be one.
    """
    return _dispatched(LinkedKernel, function, nogil=True)


def _dispatched(dispatcher: type[Kernel] | type[LinkedKernel], function: Function, **options: Any) -> Function:
    settings: Any = numba.config
    if settings.DISABLE_JIT:
        return function
    # No kernel is called from C, so that none needs Numba's wrapper for that.
    options |= {"nopython": True, "error_model": "numpy", "no_cfunc_wrapper": True}
    return cast(Function, dispatcher(function, targetoptions=options))
