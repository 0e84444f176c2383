"""The tree of DFTSP: for each subproblem, how many of each class, for a size that is asked for."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_llm_baselines.solvers.chains import Chains, chains_of, cheapest_completions
from edge_llm_env.feasibility.rule import Rule
from edge_llm_env.solver.candidates import Candidates, batch_is_feasible
from edge_llm_env.solver.linear_programme.relaxation import RESOURCES
from edge_llm_env.solver.subproblems import (
    COMPUTE,
    DOWNLINK,
    MEMORY,
    UPLINK,
    Subproblem,
    alone_feasible,
    longest_outputs,
    longest_prompts,
    most_requests,
    subproblem,
    thresholds,
)
from edge_llm_env.support.compilation.compiling import compiled_allocating

SIZE, PART, DEPTH = range(3)
"""Entries of `Place.counts`."""

NOT_BEGUN = -1
"""The depth in a tree that has not been entered."""


class Parts(NamedTuple):
    """What the subproblems of a problem are made of: one for each triple, numbered with thresholds fastest."""

    among: NDArray[np.int64]
    """(m,) candidates that can be served alone."""
    longest_s: NDArray[np.float64]
    longest_n: NDArray[np.float64]
    threshold_s: NDArray[np.float64]


class Place(NamedTuple):
    """Where a search stands."""

    counts: NDArray[np.int64]
    """(3,) the SIZE asked for, the PART that is searched for it, and the DEPTH in its tree, or NOT_BEGUN."""
    taken: NDArray[np.int64]
    """(m,) how many of each chain,"""
    missing: NDArray[np.int64]
    """(m + 1,) how many are missing before each,"""
    used: NDArray[np.float64]
    """(m + 1, 4) and what is used before each, of every resource."""


@compiled_allocating
def place_of_room(requests: int) -> Place:
    """A search that has not begun, over at most that many requests."""
    counts = np.zeros(3, dtype=np.int64)
    counts[DEPTH] = NOT_BEGUN
    return Place(
        counts,
        np.zeros(requests, dtype=np.int64),
        np.zeros(requests + 1, dtype=np.int64),
        np.zeros((requests + 1, RESOURCES)),
    )


@compiled_allocating
def parts_of(rule: Rule, candidates: Candidates) -> Parts:
    """The parts of a problem."""
    among = alone_feasible(rule, candidates)
    return Parts(
        among,
        longest_prompts(rule, candidates, among),
        longest_outputs(rule, candidates, among),
        thresholds(rule, candidates, among),
    )


@compiled_allocating
def part_at(rule: Rule, candidates: Candidates, parts: Parts, part: int) -> Subproblem:
    """The subproblem of a number."""
    longest, threshold = part // len(parts.threshold_s), part % len(parts.threshold_s)
    return subproblem(
        rule,
        candidates,
        parts.among,
        parts.threshold_s[threshold],
        parts.longest_s[longest // len(parts.longest_n)],
        parts.longest_n[longest % len(parts.longest_n)],
    )


@compiled_allocating
def bound_parts(
    rule: Rule, candidates: Candidates, parts: Parts, first: int, last: int, bounds: NDArray[np.int64]
) -> None:
    """Write the most requests of the parts from `first` to before `last`."""
    for part in range(first, last):
        bounds[part] = most_requests(part_at(rule, candidates, parts, part))


@compiled_allocating
def largest_batch(
    rule: Rule,
    candidates: Candidates,
    parts: Parts,
    bounds: NDArray[np.int64],
    place: Place,
    prunes: bool,
    most_nodes: int,
    selected: NDArray[np.bool_],
) -> tuple[bool, int]:
    """Go on until a batch of the SIZE asked for is found (written to `selected`), none is left, or by so many nodes.

    Returns whether one was found, and the nodes visited.
    """
    counts = place.counts
    nodes = 0
    while counts[SIZE] > 0:
        while counts[PART] < len(bounds):
            if bounds[counts[PART]] >= counts[SIZE]:
                part = part_at(rule, candidates, parts, counts[PART])
                found, visited = search(
                    rule, candidates, part, counts[SIZE], prunes, most_nodes - nodes, selected, place
                )
                nodes += visited
                if found or counts[DEPTH] != NOT_BEGUN:
                    return found, nodes
            counts[PART] += 1
        counts[SIZE] -= 1
        counts[PART] = 0
    return False, nodes


@compiled_allocating
def search(
    rule: Rule,
    candidates: Candidates,
    part: Subproblem,
    size: int,
    prunes: bool,
    most_nodes: int,
    selected: NDArray[np.bool_],
    place: Place,
) -> tuple[bool, int]:
    """Whether a subproblem has a feasible batch of that size (written to `selected`), and the nodes visited.

    Goes on from the DEPTH of a place, unless NOT_BEGUN, and leaves it so when it has visited `most_nodes` and is not
    at its end.
    """
    chains = chains_of(part)
    least = cheapest_completions(part, chains, size)
    taken, missing, used = place.taken, place.missing, place.used
    nodes = 0
    depth = place.counts[DEPTH]
    if depth == NOT_BEGUN:
        depth = 0
        missing[0] = size
        taken[0] = most_from(chains, 0, size) + 1
    place.counts[DEPTH] = NOT_BEGUN
    while depth >= 0:
        if nodes == most_nodes:
            place.counts[DEPTH] = depth
            return False, nodes
        taken[depth] -= 1
        if taken[depth] < fewest_from(chains, depth, missing[depth]):
            depth -= 1
            continue
        nodes += 1
        missing[depth + 1] = missing[depth] - taken[depth]
        take(part, chains, depth, taken[depth], used)
        if prunes and exceeds(used[depth + 1], least[depth + 1, missing[depth + 1]], part.capacities):
            continue
        if missing[depth + 1] == 0:
            select(part, chains, taken[: depth + 1], selected)
            if batch_is_feasible(rule, candidates, selected):
                return True, nodes
            selected[:] = False
            continue
        depth += 1
        taken[depth] = most_from(chains, depth, missing[depth]) + 1
    return False, nodes


@compiled_allocating
def most_from(chains: Chains, chain: int, missing: int) -> int:
    """Most requests that a chain can give when so many are missing."""
    return min(missing, chains.start[chain + 1] - chains.start[chain])


@compiled_allocating
def fewest_from(chains: Chains, chain: int, missing: int) -> int:
    """Fewest requests that a chain must give for the later ones to make up what is missing."""
    return max(0, missing - (chains.start[-1] - chains.start[chain + 1]))


@compiled_allocating
def take(part: Subproblem, chains: Chains, depth: int, count: int, used: NDArray[np.float64]) -> None:
    """Write to `used[depth + 1]` what is used once the first `count` requests of chain `depth` are taken."""
    for resource in (UPLINK, DOWNLINK, MEMORY, COMPUTE):
        total = used[depth, resource]
        for position in range(chains.start[depth], chains.start[depth] + count):
            total += part.costs[chains.order[position], resource]
        used[depth + 1, resource] = total


@compiled_allocating
def exceeds(used: NDArray[np.float64], least: NDArray[np.float64], capacities: NDArray[np.float64]) -> bool:
    """Whether what is used and the least that must still be used exceed a capacity."""
    for resource in (UPLINK, DOWNLINK, MEMORY, COMPUTE):
        if used[resource] + least[resource] > capacities[resource]:
            return True
    return False


@compiled_allocating
def select(part: Subproblem, chains: Chains, taken: NDArray[np.int64], selected: NDArray[np.bool_]) -> None:
    """Select the first requests of each chain, as many as taken, and no others."""
    selected[:] = False
    for chain in range(len(taken)):
        for position in range(chains.start[chain], chains.start[chain] + taken[chain]):
            selected[part.members[chains.order[position]]] = True
