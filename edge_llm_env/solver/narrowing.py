"""Narrowing a box: levels that no batch worth the goal can have are cut off by the prices of its relaxation.

At prices λ a batch of the box is worth at most λ·c + Σ max(0, r_i) over the requests that it may hold
(`edge_llm_env.solver.linear_programme.relaxation`). A batch whose longest prompt is of some level holds none that is
longer, and one whose least slack is of some level holds none that is more urgent, and has that much less time. Levels
whose bound is below the goal are cut off from the ends, and so are those that only requests whose own reduced value
rules them out would set.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.solver.boxes import HIGH, LOW, OUTPUT, PROMPT, SLACK, Levels
from edge_llm_env.solver.linear_programme.relaxation import Relaxation
from edge_llm_env.solver.subproblems import COMPUTE
from edge_llm_env.support.compilation.compiling import compiled, compiled_apart


@compiled_apart
def fewest_requests(levels: Levels, box: NDArray[np.int64], lp: Relaxation, goal: float) -> int:
    """How many requests of a box it takes to be worth the goal; -1 if all of them are not."""
    count, total = 0, 0.0
    for k in levels.by_value:
        if total >= goal:
            return count
        if (
            levels.level[k, PROMPT] <= box[PROMPT, HIGH]
            and levels.level[k, OUTPUT] <= box[OUTPUT, HIGH]
            and levels.level[k, SLACK] >= box[SLACK, LOW]
        ):
            count += 1
            total += lp.value[k]
    return count if total >= goal else -1


@compiled_apart
def narrow(
    levels: Levels,
    box: NDArray[np.int64],
    lp: Relaxation,
    size: int,
    worth: NDArray[np.float64],
    bound: float,
    goal: float,
) -> bool:
    """Narrow the box that is loaded and bounded; False if it holds no batch worth the goal.

    `worth`, float of shape (3, m), becomes per dimension and level of the box Σ max(0, r_i) of the requests there.
    """
    for dimension in range(3):
        for level in range(box[dimension, LOW], box[dimension, HIGH] + 1):
            worth[dimension, level] = 0.0
    low_s, low_n, low_t = box[PROMPT, LOW], box[OUTPUT, LOW], box[SLACK, LOW]
    high_s, high_n, high_t = box[PROMPT, HIGH], box[OUTPUT, HIGH], box[SLACK, HIGH]
    box[:, LOW], box[:, HIGH] = np.iinfo(np.int64).max, -1
    at_no_level = bound
    for k in range(size):
        if not lp.free[k] or bound + min(lp.reduced[k], 0.0) < goal:
            continue
        s, n, t = levels.level[k, PROMPT], levels.level[k, OUTPUT], levels.level[k, SLACK]
        reach(box, PROMPT, s, low_s, high_s)
        reach(box, OUTPUT, n, low_n, high_n)
        reach(box, SLACK, t, low_t, high_t)
        gain = max(lp.reduced[k], 0.0)
        at_no_level -= gain
        worth[PROMPT, max(s, low_s)] += gain
        worth[OUTPUT, max(n, low_n)] += gain
        worth[SLACK, min(t, high_t)] += gain
    if box[PROMPT, HIGH] < 0 or box[OUTPUT, HIGH] < 0 or box[SLACK, HIGH] < 0:
        return False
    return (
        raise_low(box, PROMPT, low_s, worth, at_no_level, goal)
        and raise_low(box, OUTPUT, low_n, worth, at_no_level, goal)
        and narrow_slack(
            box, levels.threshold_s, high_t, lp.price[COMPUTE] * levels.per_unit[COMPUTE], worth, at_no_level, goal
        )
    )


@compiled
def reach(box: NDArray[np.int64], dimension: int, level: int, low: int, high: int) -> None:
    """Widen a box to a level if that is between `low` and `high`."""
    if low <= level <= high:
        box[dimension, LOW] = min(box[dimension, LOW], level)
        box[dimension, HIGH] = max(box[dimension, HIGH], level)


@compiled
def raise_low(
    box: NDArray[np.int64], dimension: int, first: int, worth: NDArray[np.float64], at_no_level: float, goal: float
) -> bool:
    """Cut off short longest lengths, whose batches hold only the requests up to them; False if that is all."""
    total = at_no_level
    for level in range(first, box[dimension, LOW] + 1):
        total += worth[dimension, level]
    while total < goal:
        box[dimension, LOW] += 1
        if box[dimension, LOW] > box[dimension, HIGH]:
            return False
        total += worth[dimension, box[dimension, LOW]]
    return True


@compiled
def narrow_slack(
    box: NDArray[np.int64],
    threshold_s: NDArray[np.float64],
    loaded: int,
    price_per_s: float,
    worth: NDArray[np.float64],
    at_no_level: float,
    goal: float,
) -> bool:
    """Cut off thresholds, whose batches hold only the requests from them on and have only their time."""
    total = at_no_level
    high, low = -1, -1
    for level in range(loaded, box[SLACK, LOW] - 1, -1):
        total += worth[SLACK, level]
        if level <= box[SLACK, HIGH] and total - price_per_s * (threshold_s[loaded] - threshold_s[level]) >= goal:
            high, low = max(high, level), level
    box[SLACK, HIGH], box[SLACK, LOW] = high, low
    return high >= 0
