"""DFTSP: the depth-first tree search with online tree pruning of arXiv 2405.07140, exact on every problem."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_llm_baselines.solvers.chains import Chains, chains_of, cheapest_completions
from edge_llm_baselines.solvers.greedy import shortest_job_first
from edge_llm_baselines.solvers.problem import BatchProblem, Solution
from edge_llm_env.feasibility.rule import Rule
from edge_llm_env.solver.candidates import Candidates, batch_is_feasible
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
from edge_llm_env.support.compiling import compiled_allocating


class DFTSP:
    """The largest feasible batch, by asking for each size z from an upper bound downward whether one exists.

    For a slack threshold and longest lengths (`edge_llm_env.solver.subproblems`) the candidates form classes of equal
    compute time and memory, each in order of bandwidth need (`edge_llm_baselines.solvers.chains`); depth k of the tree
    chooses how many of class k, and a leaf has z in all. A node is pruned when a capacity is exceeded or when even the
    cheapest completion to z requests would exceed it. `nodes` counts the nodes visited.

    With `prunes=False` it is the paper's brute-force comparison: the same tree, constraints checked at its leaves.
    With `node_limit` the search stops there, with the shortest-job-first batch, and `upper_bound` is the size that it
    was working on; `optimal` only if the batch happens to be of that size. Raises ValueError for a problem whose
    requests are not all of equal value.
    """

    def __init__(self, *, prunes: bool = True, node_limit: int | None = None) -> None:
        if node_limit is not None and node_limit < 1:
            raise ValueError(f"node_limit = {node_limit}: must be at least 1, or None")
        self.prunes = prunes
        self.node_limit = node_limit

    def solve(self, problem: BatchProblem) -> Solution:
        """The largest feasible batch."""
        if not problem.counts_requests:
            raise ValueError("values: DFTSP maximises the number of requests, so all must be equal")
        limit = np.iinfo(np.int64).max if self.node_limit is None else self.node_limit
        selected, nodes, size_bound, finished = largest_batch(problem.rule, problem.candidates, self.prunes, limit)
        if finished:
            value = problem.value(selected)
            return Solution(selected, value, nodes, True, value)
        fallback = shortest_job_first(problem)
        value = problem.value(fallback)
        if fallback.sum() == size_bound:
            return Solution(fallback, value, nodes, True, value)
        return Solution(fallback, value, nodes, False, size_bound * float(problem.values[0]))


@compiled_allocating
def largest_batch(
    rule: Rule, candidates: Candidates, prunes: bool, node_limit: int
) -> tuple[NDArray[np.bool_], int, int, bool]:
    """The largest feasible batch, the nodes visited, an upper bound on its size, and whether the search finished."""
    among = alone_feasible(rule, candidates)
    levels_s = longest_prompts(rule, candidates, among)
    levels_n = longest_outputs(rule, candidates, among)
    levels_t = thresholds(rule, candidates, among)
    bounds = np.empty((len(levels_s), len(levels_n), len(levels_t)), dtype=np.int64)
    for a in range(len(levels_s)):
        for b in range(len(levels_n)):
            for c in range(len(levels_t)):
                part = subproblem(rule, candidates, among, levels_t[c], levels_s[a], levels_n[b])
                bounds[a, b, c] = most_requests(part)
    selected = np.zeros(len(candidates.slack_s), dtype=np.bool_)
    nodes = 0
    size = 0 if bounds.size == 0 else bounds.max()
    while size > 0:
        for a in range(len(levels_s)):
            for b in range(len(levels_n)):
                for c in range(len(levels_t)):
                    if bounds[a, b, c] < size:
                        continue
                    part = subproblem(rule, candidates, among, levels_t[c], levels_s[a], levels_n[b])
                    found, visited = search(rule, candidates, part, size, prunes, node_limit - nodes, selected)
                    nodes += visited
                    if found:
                        return selected, nodes, size, True
                    if nodes >= node_limit:
                        return selected, nodes, size, False
        size -= 1
    return selected, nodes, 0, True


@compiled_allocating
def search(
    rule: Rule,
    candidates: Candidates,
    part: Subproblem,
    size: int,
    prunes: bool,
    node_limit: int,
    selected: NDArray[np.bool_],
) -> tuple[bool, int]:
    """Whether a subproblem has a feasible batch of that size (written to `selected`), and the nodes visited."""
    chains = chains_of(part)
    depths = len(chains.start) - 1
    least = cheapest_completions(part, chains, size)
    taken = np.zeros(depths, dtype=np.int64)
    missing = np.zeros(depths + 1, dtype=np.int64)
    used = np.zeros((depths + 1, 4))
    nodes = 0
    depth = 0
    missing[0] = size
    taken[0] = most_from(chains, 0, size) + 1
    while depth >= 0:
        taken[depth] -= 1
        if taken[depth] < fewest_from(chains, depth, missing[depth]):
            depth -= 1
            continue
        if nodes == node_limit:
            return False, nodes
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
