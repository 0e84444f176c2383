"""Rounding the linear relaxation of an episode to whole completions, and searching around a schedule."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from edge_llm_baselines.uploads.programme import Programme

if TYPE_CHECKING:
    from scipy.optimize import OptimizeResult

WHOLE = 1e-6
"""What a variable may lack of a whole number, and what is added to a bound before it is rounded down."""

AT_ONCE = 0.2
"""Part of the fractional completions that a step of a dive fixes; at least one."""


def relaxed(
    programme: Programme,
    limit: NDArray[np.float64],
    low: NDArray[np.float64],
    high: NDArray[np.float64],
    worth: NDArray[np.float64] | None = None,
) -> OptimizeResult:
    """The linear relaxation with limits of its rows and bounds on the variables, by HiGHS's dual simplex.

    `worth` (2k,) is that of the variables: of completions 1 and of what is sent 0 if nothing else is said.
    Raises RuntimeError if HiGHS fails otherwise than by finding it infeasible.
    """
    from scipy import optimize

    linprog: Any = optimize.linprog  # whose stubs know no sparse rows
    if worth is None:
        worth = np.repeat([0.0, 1.0], len(low) // 2)
    result: OptimizeResult = linprog(
        -worth, A_ub=programme.rows, b_ub=limit, bounds=np.stack([low, high], axis=1), method="highs-ds"
    )
    if result.status not in (0, 2):
        raise RuntimeError(f"HiGHS: {result.message}")
    return result


def dive(
    programme: Programme, low: NDArray[np.float64], high: NDArray[np.float64], more_than: int
) -> NDArray[np.float64] | None:
    """A solution of whole completions that serves more than so many, or None where the dive finds none.

    The largest fractional completions are fixed to 1, some at a time, and where that is infeasible the largest alone,
    or else to 0; the relaxation is solved anew after each step.
    """
    size = len(low) // 2
    low, high = low.copy(), high.copy()
    result = relaxed(programme, programme.inner, low, high)
    while result.status == 0 and math.floor(WHOLE - result.fun) > more_than:
        y = result.x[size:]
        fractional = np.flatnonzero((y > WHOLE) & (y < 1.0 - WHOLE))
        if not len(fractional):
            return result.x
        low[size:][y >= 1.0 - WHOLE] = 1.0
        largest = fractional[np.argsort(-y[fractional], kind="stable")]
        some = largest[: max(1, int(AT_ONCE * len(largest)))]
        tried = low.copy()
        tried[size + some] = 1.0
        result = relaxed(programme, programme.inner, tried, high)
        if result.status == 0 and math.floor(WHOLE - result.fun) > more_than:
            low = tried
            continue
        low[size + largest[0]] = 1.0
        result = relaxed(programme, programme.inner, low, high)
        if result.status != 0 or math.floor(WHOLE - result.fun) <= more_than:
            low[size + largest[0]] = 0.0
            high[size + largest[0]] = 0.0
            result = relaxed(programme, programme.inner, low, high)
    return None
