"""Elementary functions of the C library, number by number; `edge_llm_env.support.elementary` is how to call them."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.support.compilation.compiling import compiled

EXP, LOG, LOG10, POWER, ARCTAN2 = range(5)


@compiled
def write(which: int, first: NDArray[np.float64], second: NDArray[np.float64], out: NDArray[np.float64]) -> None:
    """Write a function of numbers, or of them and the second's, of which there may be one for all; shape (n,)."""
    for i in range(len(out)):
        value = first[i] if len(first) > 1 else first[0]
        if which == EXP:
            out[i] = math.exp(value)
        elif which == LOG:
            out[i] = math.log(value)
        elif which == LOG10:
            out[i] = math.log10(value)
        else:
            other = second[i] if len(second) > 1 else second[0]
            out[i] = value**other if which == POWER else math.atan2(value, other)
