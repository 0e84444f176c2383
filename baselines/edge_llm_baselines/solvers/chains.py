"""Chains: groups of requests within which one that needs less bandwidth is never the worse choice."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.solver.subproblems import COMPUTE, DOWNLINK, MEMORY, UPLINK, Subproblem
from edge_llm_env.support.compilation.compiling import compiled_allocating


class Chains(NamedTuple):
    """A subproblem's members, grouped; groups stand in ascending order of compute time."""

    order: NDArray[np.int64]
    """(k,) positions in the subproblem, chain after chain, the cheapest of each chain first."""
    start: NDArray[np.int64]
    """(chains + 1,) where each chain starts in `order`."""


@compiled_allocating
def chains_of(part: Subproblem) -> Chains:
    """Split a subproblem into classes of equal compute time and memory, and each class into as few chains as needed.

    Along a chain neither the uplink nor the downlink share decreases, so if a batch takes j of its requests, taking the
    first j instead costs no more of anything: the search need only choose how many. With one gain for both directions a
    class of equal lengths is one chain. Otherwise each request, by ascending uplink share, goes to the first chain of
    its class whose last downlink share does not exceed its own (patience sorting, which makes the fewest chains).
    """
    size = len(part.members)
    ascending = np.argsort(part.costs[:, DOWNLINK], kind="mergesort")
    for resource in (UPLINK, MEMORY, COMPUTE):
        ascending = ascending[np.argsort(part.costs[ascending, resource], kind="mergesort")]
    chain_at = np.empty(size, dtype=np.int64)
    last_downlink = np.empty(size)
    chains = 0
    first_of_class = 0
    for position in range(size):
        costs = part.costs[ascending[position]]
        if position > 0:
            before = part.costs[ascending[position - 1]]
            if costs[COMPUTE] != before[COMPUTE] or costs[MEMORY] != before[MEMORY]:
                first_of_class = chains
        chosen = first_of_class
        while chosen < chains and last_downlink[chosen] > costs[DOWNLINK]:
            chosen += 1
        if chosen == chains:
            chains += 1
        last_downlink[chosen] = costs[DOWNLINK]
        chain_at[position] = chosen
    start = np.zeros(chains + 1, dtype=np.int64)
    for position in range(size):
        start[chain_at[position] + 1] += 1
    return Chains(ascending[np.argsort(chain_at, kind="mergesort")], np.cumsum(start))


@compiled_allocating
def cheapest_completions(part: Subproblem, chains: Chains, most: int) -> NDArray[np.float64]:
    """(chains + 1, most + 1, 4): least of each resource that r requests from chain c on cost; inf if too few."""
    count = len(chains.start) - 1
    least = np.full((count + 1, most + 1, 4), np.inf)
    least[:, 0, :] = 0.0
    cheapest = np.full((most, 4), np.inf)
    for chain in range(count - 1, -1, -1):
        for position in chains.order[chains.start[chain] : chains.start[chain + 1]]:
            for resource in range(4):
                insert(cheapest[:, resource], part.costs[position, resource])
        for resource in range(4):
            total = 0.0
            for taken in range(most):
                total += cheapest[taken, resource]
                least[chain, taken + 1, resource] = total
    return least


@compiled_allocating
def insert(ascending: NDArray[np.float64], value: float) -> None:
    """Insert a value into an ascending array of fixed length; the largest falls out."""
    place = len(ascending)
    while place > 0 and ascending[place - 1] > value:
        if place < len(ascending):
            ascending[place] = ascending[place - 1]
        place -= 1
    if place < len(ascending):
        ascending[place] = value
