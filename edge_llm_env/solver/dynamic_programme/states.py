"""States of a dynamic programme: what has been made of the first requests of a core, none worse than another.

A state has decided the first k requests of the core and stands with the others where the relaxation has them. States
are kept in ascending order of the main cost. One is dropped when another costs no more and is worth no less, or when
what the requests still open could make of it, at their efficiency, falls short of the goal (Pisinger 1997, in which
there is one resource; for several, costs are weighed by their prices and states compared in each).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.solver.dynamic_programme.core import Core
from edge_llm_env.solver.linear_programme.relaxation import RESOURCES
from edge_llm_env.support.compilation.compiling import compiled, compiled_allocating, compiled_apart

NOTHING = -1
"""The history of the first state, and the index of no state."""

LOOK_BACK = 24
"""States that a new one is compared with where several resources are looked at: those of the next lower main cost."""


class States(NamedTuple):
    """States, ascending in their main cost."""

    used: NDArray[np.int64]
    """(1,) how many."""
    value: NDArray[np.float64]
    """(room,)"""
    cost: NDArray[np.float64]
    """(room, 4)"""
    history: NDArray[np.int64]
    """(room,) the last entry of its history, or NOTHING."""


class Histories(NamedTuple):
    """Which requests states have turned round: a tree of entries."""

    used: NDArray[np.int64]
    """(1,) how many."""
    before: NDArray[np.int64]
    """(entries,) the entry before, or NOTHING."""
    turned: NDArray[np.int64]
    """(entries,) position in the core."""


class Outlook(NamedTuple):
    """What the requests that are still open can do for a state."""

    adds_at: float
    """Highest efficiency of those that can be added, 0 if there are none."""
    leaves_at: float
    """Lowest efficiency of those that can be left out, infinite if there are none."""


@compiled_allocating
def states_of_room(room: int) -> States:
    """No states, and room for so many."""
    return States(np.zeros(1, dtype=np.int64), np.empty(room), np.empty((room, RESOURCES)), np.empty(room, np.int64))


@compiled_allocating
def histories_of_room(entries: int) -> Histories:
    """No entries, and room for so many."""
    return Histories(np.zeros(1, dtype=np.int64), np.empty(entries, np.int64), np.empty(entries, np.int64))


@compiled_apart
def decide_next(
    source: States, target: States, histories: Histories, core: Core, position: int, outlook: Outlook, goal: float
) -> int:
    """Write to `target` the states of `source` with the request at a position kept as it is, and turned round.

    Returns the best of those that keep to all capacities and are worth the goal, or NOTHING. `target` and `histories`
    must have room for twice, and once, as many as `source` has.
    """
    sign = -1.0 if core.taken[position] else 1.0
    more_value, more_main = sign * core.value[position], sign * core.cost[position, core.main]
    count = source.used[0]
    kept, turned = 0, 0
    target.used[0] = 0
    best = NOTHING
    while kept < count or turned < count:
        turns = kept >= count
        if not turns and turned < count:
            ahead = source.cost[kept, core.main] - (source.cost[turned, core.main] + more_main)
            turns = ahead > 0.0 or (ahead == 0.0 and source.value[turned] + more_value > source.value[kept])
        at = turned if turns else kept
        if turns:
            turned += 1
        else:
            kept += 1
        best = keep(source, at, target, histories, core, position, sign if turns else 0.0, outlook, goal, best)
    return best


@compiled
def keep(
    source: States,
    at: int,
    target: States,
    histories: Histories,
    core: Core,
    position: int,
    sign: float,
    outlook: Outlook,
    goal: float,
    best: int,
) -> int:
    """Add to `target` a state, with the request turned round unless `sign` is 0, if it is worth it; the best so far."""
    value = source.value[at] + sign * core.value[position]
    cost_0 = source.cost[at, 0] + sign * core.cost[position, 0]
    cost_1 = source.cost[at, 1] + sign * core.cost[position, 1]
    cost_2 = source.cost[at, 2] + sign * core.cost[position, 2]
    cost_3 = source.cost[at, 3] + sign * core.cost[position, 3]
    left = 0.0
    if core.price[0] > 0.0:
        left += core.price[0] * (core.capacity[0] - cost_0)
    if core.price[1] > 0.0:
        left += core.price[1] * (core.capacity[1] - cost_1)
    if core.price[2] > 0.0:
        left += core.price[2] * (core.capacity[2] - cost_2)
    if core.price[3] > 0.0:
        left += core.price[3] * (core.capacity[3] - cost_3)
    if value + left * (outlook.adds_at if left >= 0.0 else outlook.leaves_at) < goal - core.misplaced:
        return best
    place = target.used[0]
    if core.looked_at == 1:
        if place > 0 and target.value[place - 1] >= value:
            return best
    else:
        for other in range(place - 1, max(place - 1 - LOOK_BACK, -1), -1):
            if (
                target.value[other] >= value
                and target.cost[other, 0] <= cost_0
                and target.cost[other, 1] <= cost_1
                and target.cost[other, 2] <= cost_2
                and target.cost[other, 3] <= cost_3
            ):
                return best
    target.value[place] = value
    target.cost[place, 0], target.cost[place, 1] = cost_0, cost_1
    target.cost[place, 2], target.cost[place, 3] = cost_2, cost_3
    target.history[place] = source.history[at]
    if sign != 0.0:
        entry = histories.used[0]
        histories.before[entry], histories.turned[entry] = source.history[at], position
        histories.used[0] = entry + 1
        target.history[place] = entry
    target.used[0] = place + 1
    fits = (
        cost_0 <= core.capacity[0]
        and cost_1 <= core.capacity[1]
        and cost_2 <= core.capacity[2]
        and cost_3 <= core.capacity[3]
    )
    if fits and value >= goal and (best == NOTHING or value > target.value[best]):
        return place
    return best
