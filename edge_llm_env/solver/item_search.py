"""Search over the requests of one subproblem: branch on a request that the linear relaxation splits.

Depth first with an explicit stack (`edge_llm_env.solver.decisions`), so that it can stop at any node and go on
later. Where turning a request around would cost more than the bound is above the goal, it is decided without branching.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.feasibility.rule import Rule
from edge_llm_env.solver.candidates import Candidates, batch_is_feasible
from edge_llm_env.solver.decisions import DECIDED, DEPTH, SIZE, ItemSearch, decide, push, restore, settle
from edge_llm_env.solver.linear_programme.relaxation import AT_ONE, BASIC, RESOURCES, Relaxation, reset_prices
from edge_llm_env.solver.linear_programme.simplex import tighten
from edge_llm_env.support.compilation.compiling import compiled, compiled_apart


class Incumbent(NamedTuple):
    """The best batch so far."""

    selected: NDArray[np.bool_]
    """(n,) over the candidates."""
    value: NDArray[np.float64]
    """(1,) scaled, as in the relaxation."""
    step: float
    """Values are multiples of this, so a better batch is better by as much; 0 if there is none."""
    rounding: float
    """What sums of values and bounds can be off by, in steps: at most half of one."""
    unit: float
    """What values have been divided by: the largest."""


@compiled
def goal_of(best: Incumbent) -> float:
    """The least bound at which there may be a better batch; values within one part in 10¹⁰ count as equal."""
    if best.step > 0.0:
        return best.value[0] + best.step * (1.0 - best.rounding)
    return best.value[0] + max(1e-10 * best.value[0], 1e-15)


@compiled_apart
def begin_items(items: ItemSearch, whole: Relaxation, size: int, among: NDArray[np.int64], goal: float) -> None:
    """Begin the search of the subproblem that `whole` holds, tightened; keeps only the requests that it leaves open.

    Requests of `whole` that are not free are out of the batch. `among` gives its requests' indices as candidates.
    """
    items.trial[:] = False
    items.value[0] = 0.0
    for j in range(RESOURCES):
        items.lp.capacity[j] = whole.capacity[j]
    count = 0
    bound = tighten(whole, size, goal)
    for i in range(size):
        if not whole.free[i]:
            continue
        reduced = whole.reduced[i]
        if bound - abs(reduced) < goal and whole.state[i] != BASIC:
            if reduced > 0.0:
                items.trial[among[i]] = True
                items.value[0] += whole.value[i]
                for j in range(RESOURCES):
                    items.lp.capacity[j] -= whole.cost[i, j]
            continue
        items.candidate[count] = among[i]
        items.taken[count] = False
        items.lp.free[count] = True
        items.lp.value[count] = whole.value[i]
        for j in range(RESOURCES):
            items.lp.cost[count, j] = whole.cost[i, j]
        count += 1
    items.counts[SIZE], items.counts[DEPTH], items.counts[DECIDED] = count, 0, 0
    for j in range(RESOURCES):
        items.lp.capacity[j] = usable(items.lp, count, j)
    reset_prices(items.lp)


@compiled_apart
def usable(lp: Relaxation, size: int, resource: int) -> float:
    """What sums of costs can use of a capacity: less than all of it where all costs are multiples of one step.

    Whole tokens of few lengths are. All costs together are off multiples by so little that no sum is cut off.
    """
    capacity, step = lp.capacity[resource], 0.0
    for i in range(size):
        larger, smaller = max(step, lp.cost[i, resource]), min(step, lp.cost[i, resource])
        while smaller > 1e-9:
            larger, smaller = smaller, abs(larger - np.rint(larger / smaller) * smaller)
        step = larger
        if 0.0 < step < 1e-4 * capacity:
            return capacity
    if step <= 1e-4:
        return capacity
    off = 0.0
    for i in range(size):
        off += abs(lp.cost[i, resource] - np.rint(lp.cost[i, resource] / step) * step)
    if off > 5e-4 * step:
        return capacity
    return min(capacity, (np.floor(capacity / step + 1e-3) + 1e-3) * step)


@compiled_apart
def advance_items(
    rule: Rule, candidates: Candidates, items: ItemSearch, best: Incumbent, target: float, most_nodes: int
) -> int:
    """Visit at most that many nodes, improving `best`; the nodes visited, fewer than `most_nodes` when finished.

    Finished, it has found the best batch of all that are worth the target.
    """
    for node in range(most_nodes):
        branch = examine(rule, candidates, items, best, target)
        if branch >= 0:
            push(items, branch)
            alive = decide(items, branch, items.takes_first[items.counts[DEPTH] - 1])
        else:
            alive = False
        while not alive:
            if items.counts[DEPTH] == 0:
                return node
            depth = items.counts[DEPTH] - 1
            restore(items, depth)
            if items.turned[depth]:
                items.counts[DEPTH] = depth
            else:
                items.turned[depth] = True
                alive = decide(items, items.branch[depth], not items.takes_first[depth])
    return most_nodes


@compiled_apart
def examine(rule: Rule, candidates: Candidates, items: ItemSearch, best: Incumbent, target: float) -> int:
    """Bound a node, look for a better batch in it and decide what its bound decides.

    Returns the request to branch on, -1 when nothing better that is worth the target is below.
    """
    lp, size = items.lp, items.counts[SIZE]
    goal = max(goal_of(best), target) - items.value[0]
    bound = tighten(lp, size, goal)
    if bound < goal:
        return -1
    value = round_down(items) + items.value[0]
    if value >= goal_of(best) and accept(rule, candidates, items, best, value):
        goal = max(goal_of(best), target) - items.value[0]
        if bound < goal:
            return -1
    for i in range(size):
        if lp.free[i] and lp.state[i] != BASIC and bound - abs(lp.reduced[i]) < goal:
            settle(items, i, lp.reduced[i] > 0.0)
    return request_to_branch_on(items)


@compiled
def request_to_branch_on(items: ItemSearch) -> int:
    """The undecided request that the relaxation splits most evenly, else the one closest to it; -1 if all decided."""
    lp = items.lp
    chosen, most_even = -1, 1e-6
    for row in range(RESOURCES):
        request = lp.basis[row]
        if request >= 0 and lp.free[request]:
            even = min(lp.amount[row], 1.0 - lp.amount[row])
            if even > most_even:
                chosen, most_even = request, even
    if chosen >= 0:
        return chosen
    least = np.inf
    for i in range(items.counts[SIZE]):
        if lp.free[i] and abs(lp.reduced[i]) < least:
            chosen, least = i, abs(lp.reduced[i])
    return chosen


@compiled_apart
def round_down(items: ItemSearch) -> float:
    """Write to `trial` a batch near the relaxation: what is at one, and what else fits in; its value without `taken`.

    Those added are, each time, the ones that need least of what is scarcest for their value.
    """
    lp, size = items.lp, items.counts[SIZE]
    value = 0.0
    for i in range(size):
        at_one = lp.free[i] and lp.state[i] == AT_ONE
        items.trial[items.candidate[i]] = items.taken[i] or at_one
        if at_one:
            value += lp.value[i]
    while True:
        left_0, left_1, left_2, left_3 = lp.left[0], lp.left[1], lp.left[2], lp.left[3]
        scarce_0, scarce_1 = 1.0 / max(left_0, 1e-12), 1.0 / max(left_1, 1e-12)
        scarce_2, scarce_3 = 1.0 / max(left_2, 1e-12), 1.0 / max(left_3, 1e-12)
        chosen, least = -1, np.inf
        for i in range(size):
            if not lp.free[i] or items.trial[items.candidate[i]]:
                continue
            cost_0, cost_1, cost_2, cost_3 = lp.cost[i, 0], lp.cost[i, 1], lp.cost[i, 2], lp.cost[i, 3]
            if cost_0 > left_0 or cost_1 > left_1 or cost_2 > left_2 or cost_3 > left_3:
                continue
            need = max(cost_0 * scarce_0, cost_1 * scarce_1, cost_2 * scarce_2, cost_3 * scarce_3)
            if need < least * lp.value[i]:
                chosen, least = i, need / lp.value[i]
        if chosen < 0:
            return value
        items.trial[items.candidate[chosen]] = True
        value += lp.value[chosen]
        for j in range(RESOURCES):
            lp.left[j] -= lp.cost[chosen, j]


@compiled_apart
def accept(rule: Rule, candidates: Candidates, items: ItemSearch, best: Incumbent, value: float) -> bool:
    """Make `trial`, worth that much, the incumbent if the feasibility rule accepts it."""
    if not batch_is_feasible(rule, candidates, items.trial):
        return False
    for i in range(len(items.trial)):
        best.selected[i] = items.trial[i]
    best.value[0] = value
    return True
