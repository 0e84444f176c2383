"""Elementary functions of arrays as the C library has them, whatever the processor.

NumPy's own use vectors of 512 bits where a processor has them, whose last bits differ: workloads would differ in them
from machine to machine, and so would their hashes. Those of the C library are the same on every x86-64 processor with
fused multiplication (2013 and later) and glibc 2.28 or later, and NumPy's wherever vectors are shorter.
"""

from __future__ import annotations

from types import ModuleType

import numpy as np
from numpy.typing import ArrayLike, NDArray

from edge_llm_env.support.calling import direct

_NONE = np.zeros(())


def exp(values: ArrayLike) -> NDArray[np.float64]:
    """e^x of every number, in float64."""
    return _applied(_kernels().EXP, values)


def log(values: ArrayLike) -> NDArray[np.float64]:
    """Natural logarithm of every number, all above 0, in float64."""
    return _applied(_kernels().LOG, values)


def log10(values: ArrayLike) -> NDArray[np.float64]:
    """Decimal logarithm of every number, all above 0, in float64."""
    return _applied(_kernels().LOG10, values)


def power(base: ArrayLike, exponent: ArrayLike) -> NDArray[np.float64]:
    """Powers in float64: of one base or one exponent and many, or of as many of both."""
    return _applied(_kernels().POWER, base, exponent)


def arctan2(y: ArrayLike, x: ArrayLike) -> NDArray[np.float64]:
    """Angles in radians of points, of arrays of the same shape, in float64."""
    return _applied(_kernels().ARCTAN2, y, x)


def _kernels() -> ModuleType:
    """Imported when first needed: a scenario loads without the compiler."""
    from edge_llm_env.support.compilation import elementwise

    return elementwise


def _applied(which: int, first: ArrayLike, second: ArrayLike = _NONE) -> NDArray[np.float64]:
    numbers, others = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    out = np.empty(np.broadcast_shapes(numbers.shape, others.shape))
    direct(_kernels().write)(which, numbers.ravel(), others.ravel(), out.reshape(-1))
    return out
