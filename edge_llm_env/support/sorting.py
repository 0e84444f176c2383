"""Sorting in kernels; Numba's own takes a second to compile."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.support.compilation.compiling import compiled_allocating

RUN = 16
"""Numbers that are sorted by insertion before runs are merged."""


@compiled_allocating
def ascending_order(values: NDArray[np.float64]) -> NDArray[np.int64]:
    """The indices that sort numbers of shape (n,), ascending, between equals the first first, int64 of shape (n,).

    What `np.argsort(values, kind="stable")` is, of numbers that are none of them NaN.
    """
    count = len(values)
    order, merged = np.empty(count, dtype=np.int64), np.empty(count, dtype=np.int64)
    for first in range(0, count, RUN):
        for i in range(first, min(first + RUN, count)):
            at = i
            while at > first and values[order[at - 1]] > values[i]:
                order[at] = order[at - 1]
                at -= 1
            order[at] = i
    run = RUN
    while run < count:
        for first in range(0, count, 2 * run):
            middle, last = min(first + run, count), min(first + 2 * run, count)
            left, right = first, middle
            for at in range(first, last):
                if left < middle and (right >= last or values[order[left]] <= values[order[right]]):
                    merged[at] = order[left]
                    left += 1
                else:
                    merged[at] = order[right]
                    right += 1
        order, merged = merged, order
        run *= 2
    return order
