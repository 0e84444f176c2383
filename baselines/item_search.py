"""Search over the requests of one subproblem: branch on a request that the linear relaxation splits.

Depth first with an explicit stack (`baselines.decisions`), so that it can stop at any node and go on later. Where
turning a request around would cost more than the bound is above the goal, it is decided without branching.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from baselines.decisions import DECIDED, DEPTH, SIZE, ItemSearch, decide, push, restore, settle
from baselines.problem import Candidates, batch_is_feasible
from baselines.relaxation import AT_ONE, BASIC, RESOURCES, Relaxation, reset_prices
from baselines.simplex import tighten
from edge_llm_env.compiling import compiled, compiled_allocating
from edge_llm_env.dynamics.feasibility import Rule


class Incumbent(NamedTuple):
    """The best batch so far."""

    selected: NDArray[np.bool_]
    """(n,) over the candidates."""
    value: NDArray[np.float64]
    """(1,) scaled, as in the relaxation."""
    step: float
    """Values are multiples of this, so a better batch is better by as much; 0 if there is none."""


@compiled
def goal_of(best: Incumbent) -> float:
    """The least bound at which there may be a better batch; values within one part in 10¹⁰ count as equal."""
    if best.step > 0.0:
        return best.value[0] + best.step * (1.0 - 1e-6)
    return best.value[0] + max(1e-10 * best.value[0], 1e-15)


@compiled_allocating
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
    reset_prices(items.lp)


@compiled_allocating
def advance_items(rule: Rule, candidates: Candidates, items: ItemSearch, best: Incumbent, most_nodes: int) -> int:
    """Visit at most that many nodes, improving `best`; the nodes visited, fewer than `most_nodes` when finished."""
    for node in range(most_nodes):
        branch = examine(rule, candidates, items, best)
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


@compiled_allocating
def examine(rule: Rule, candidates: Candidates, items: ItemSearch, best: Incumbent) -> int:
    """Bound a node, look for a better batch in it and decide what its bound decides.

    Returns the request to branch on, -1 when nothing better is below.
    """
    lp, size = items.lp, items.counts[SIZE]
    goal = goal_of(best) - items.value[0]
    bound = tighten(lp, size, goal)
    if bound < goal:
        return -1
    value = round_down(items)
    if value >= goal and accept(rule, candidates, items, best, value + items.value[0]):
        goal = goal_of(best) - items.value[0]
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


@compiled_allocating
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
        chosen, least = -1, np.inf
        for i in range(size):
            if not lp.free[i] or items.trial[items.candidate[i]]:
                continue
            need = 0.0
            for j in range(RESOURCES):
                if lp.cost[i, j] > lp.left[j]:
                    need = np.inf
                elif lp.cost[i, j] > 0.0:
                    need = max(need, lp.cost[i, j] / lp.left[j])
            if need < least * lp.value[i]:
                chosen, least = i, need / lp.value[i]
        if chosen < 0:
            return value
        items.trial[items.candidate[chosen]] = True
        value += lp.value[chosen]
        for j in range(RESOURCES):
            lp.left[j] -= lp.cost[chosen, j]


@compiled
def accept(rule: Rule, candidates: Candidates, items: ItemSearch, best: Incumbent, value: float) -> bool:
    """Make `trial`, worth that much, the incumbent if the feasibility rule accepts it."""
    if not batch_is_feasible(rule, candidates, items.trial):
        return False
    for i in range(len(items.trial)):
        best.selected[i] = items.trial[i]
    best.value[0] = value
    return True
