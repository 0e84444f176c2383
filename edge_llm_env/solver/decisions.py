"""Decisions on the requests of a subproblem, and the stack that undoes them.

Dominance decides with each request others: one that is worth no less than another and costs no more of anything is
never left while the other is taken; so taking a request takes all that dominate it, and leaving one leaves all that it
dominates. Classes of equal requests are the special case in which this makes a search choose how many.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.solver.linear_programme.relaxation import AT_ONE, RESOURCES, Relaxation, relaxation_of_size
from edge_llm_env.support.compilation.compiling import compiled, compiled_allocating, compiled_apart

SIZE, DEPTH, DECIDED = range(3)
"""Entries of `ItemSearch.counts`."""


class ItemSearch(NamedTuple):
    """A search over at most m requests and where it stands."""

    lp: Relaxation
    """Undecided requests are the free ones; capacity is what the taken ones leave."""
    candidate: NDArray[np.int64]
    """(m,) index of each request among the candidates."""
    taken: NDArray[np.bool_]
    """(m,) decided requests that are in the batch."""
    trial: NDArray[np.bool_]
    """(n,) over the candidates: a batch to be checked; apart from the m, what is in every batch of this search."""
    counts: NDArray[np.int64]
    """(3,) SIZE m in use, DEPTH of the stack, DECIDED requests."""
    value: NDArray[np.float64]
    """(1,) of what is taken, with what is in every batch."""
    decided: NDArray[np.int64]
    """(m,) the decided requests in the order of decision."""
    branch: NDArray[np.int64]
    """(m + 1,) this and the next five are the stack: the request branched on,"""
    takes_first: NDArray[np.bool_]
    """(m + 1,) which way came first,"""
    turned: NDArray[np.bool_]
    """(m + 1,) whether the other way has begun,"""
    decided_before: NDArray[np.int64]
    """(m + 1,) and what the counts, the value and the capacities were before."""
    value_before: NDArray[np.float64]
    """(m + 1,)"""
    capacity_before: NDArray[np.float64]
    """(m + 1, 4)"""


@compiled_allocating
def item_search_of_size(size: int, candidates: int) -> ItemSearch:
    """Room for that many requests out of so many candidates."""
    numbers = np.zeros((5, size + 3), dtype=np.int64)
    flags = np.zeros((3, size + 1), dtype=np.bool_)
    values = np.zeros((2, size + 1))
    return ItemSearch(
        relaxation_of_size(size),
        numbers[0],
        flags[0],
        np.zeros(candidates, dtype=np.bool_),
        numbers[1],
        values[0],
        numbers[2],
        numbers[3],
        flags[1],
        flags[2],
        numbers[4],
        values[1],
        np.zeros((size + 1, RESOURCES)),
    )


@compiled_apart
def require(items: ItemSearch, candidate: int) -> bool:
    """Take a candidate for the whole search, just begun; False if it is no longer open or does not fit."""
    for i in range(items.counts[SIZE]):
        if items.candidate[i] == candidate:
            return items.taken[i] or (items.lp.free[i] and decide(items, i, True))
    return items.trial[candidate]


@compiled_apart
def decide(items: ItemSearch, request: int, take: bool) -> bool:
    """Take or leave a request, with all that follows by dominance; False if a capacity is exceeded."""
    for i in range(items.counts[SIZE]):
        if not items.lp.free[i] or i == request:
            continue
        if dominates(items.lp, i, request) if take else dominates(items.lp, request, i):
            settle(items, i, take)
    settle(items, request, take)
    return (
        items.lp.capacity[0] >= 0.0
        and items.lp.capacity[1] >= 0.0
        and items.lp.capacity[2] >= 0.0
        and items.lp.capacity[3] >= 0.0
    )


@compiled
def dominates(lp: Relaxation, a: int, b: int) -> bool:
    """Whether a is worth no less than b and costs no more of anything; of two that are equal, the first does."""
    if lp.value[a] < lp.value[b]:
        return False
    equal = lp.value[a] == lp.value[b]
    for j in range(RESOURCES):
        if lp.cost[a, j] > lp.cost[b, j]:
            return False
        equal = equal and lp.cost[a, j] == lp.cost[b, j]
    return a < b or not equal


@compiled
def settle(items: ItemSearch, request: int, take: bool) -> None:
    """Decide one request."""
    items.lp.free[request] = False
    items.decided[items.counts[DECIDED]] = request
    items.counts[DECIDED] += 1
    items.taken[request] = take
    if take:
        items.value[0] += items.lp.value[request]
        for j in range(RESOURCES):
            items.lp.capacity[j] -= items.lp.cost[request, j]


@compiled_apart
def push(items: ItemSearch, request: int) -> None:
    """Put a branching on the stack; first the way that the relaxation leans."""
    depth = items.counts[DEPTH]
    items.branch[depth] = request
    items.turned[depth] = False
    items.takes_first[depth] = items.lp.state[request] == AT_ONE
    for row in range(RESOURCES):
        if items.lp.basis[row] == request:
            items.takes_first[depth] = items.lp.amount[row] >= 0.5
    items.decided_before[depth] = items.counts[DECIDED]
    items.value_before[depth] = items.value[0]
    for j in range(RESOURCES):
        items.capacity_before[depth, j] = items.lp.capacity[j]
    items.counts[DEPTH] = depth + 1


@compiled_apart
def restore(items: ItemSearch, depth: int) -> None:
    """Undo all decisions since a branching."""
    for k in range(items.decided_before[depth], items.counts[DECIDED]):
        items.lp.free[items.decided[k]] = True
        items.taken[items.decided[k]] = False
    items.counts[DECIDED] = items.decided_before[depth]
    items.value[0] = items.value_before[depth]
    for j in range(RESOURCES):
        items.lp.capacity[j] = items.capacity_before[depth, j]
