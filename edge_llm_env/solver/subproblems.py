"""The epoch problem cut into parts that are plain knapsacks with a cardinality to reach.

Two things couple the requests of a batch: the least slack bounds everybody's compute time, and padding makes one
request's cost depend on the longest. Fix a slack threshold θ and the longest lengths (s', n'), admit only requests
within them, and both are gone: compute time is base + Σ a_i ≤ θ, memory is base + Σ m_i ≤ M, and the shares add up.
A batch is feasible exactly if it is so for one of these subproblems: that of its own least slack and longest lengths.
(Where its lengths are shorter than (s', n') a subproblem charges too much, never too little, as costs grow with both.)
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.feasibility.batch import empty_batch, with_request
from edge_llm_env.feasibility.rule import TOLERANCE, Rule, is_feasible, quadratic
from edge_llm_env.inference.batch_cost import AffineCost, Polynomial
from edge_llm_env.solver.candidates import Candidates, request_at
from edge_llm_env.support.compilation.compiling import compiled, compiled_allocating

SLACKENED = 1.0 + 2.0 * TOLERANCE
"""Searches prune at capacities a little beyond the rule's, since they add in another order; leaves face the rule."""

UPLINK, DOWNLINK, MEMORY, COMPUTE = range(4)
"""Columns of costs and capacities."""


class Subproblem(NamedTuple):
    """Requests that fit a threshold and longest lengths, with costs that add up."""

    members: NDArray[np.int64]
    """(k,) indices into the candidates."""
    costs: NDArray[np.float64]
    """(k, 4) of each member, per column."""
    capacities: NDArray[np.float64]
    """(4,) less the base costs, slackened."""


@compiled_allocating
def alone_feasible(rule: Rule, candidates: Candidates) -> NDArray[np.int64]:
    """Indices of the candidates that can be served alone; the others are in no feasible batch."""
    size = len(candidates.slack_s)
    kept = np.empty(size, dtype=np.int64)
    count = 0
    for i in range(size):
        if is_feasible(rule, with_request(empty_batch(), request_at(candidates, i))):
            kept[count] = i
            count += 1
    return kept[:count]


@compiled_allocating
def thresholds(rule: Rule, candidates: Candidates, among: NDArray[np.int64]) -> NDArray[np.float64]:
    """Distinct bounds on compute time that the slacks of these candidates set, descending, the window at most (s)."""
    return np.unique(np.minimum(candidates.slack_s[among], rule.window_s))[::-1]


@compiled_allocating
def longest_prompts(rule: Rule, candidates: Candidates, among: NDArray[np.int64]) -> NDArray[np.float64]:
    """Prompt lengths that the longest of a batch can be, ascending; one, infinite, where it does not matter."""
    if rule.pads_prompts or depends_on_s(rule.compute_s.base) or depends_on_s(rule.memory_bytes.base):
        return np.unique(candidates.prompt_tokens[among])
    return np.full(1, np.inf)


@compiled_allocating
def longest_outputs(rule: Rule, candidates: Candidates, among: NDArray[np.int64]) -> NDArray[np.float64]:
    """Output lengths that the longest of a batch can be, ascending; one, infinite, where it does not matter."""
    if rule.pads_outputs or depends_on_n(rule.compute_s.base) or depends_on_n(rule.memory_bytes.base):
        return np.unique(candidates.output_tokens[among])
    return np.full(1, np.inf)


@compiled
def depends_on_s(polynomial: Polynomial) -> bool:
    """Whether a cost depends on the prompt length."""
    return polynomial.s != 0.0 or polynomial.s_squared != 0.0 or polynomial.s_times_n != 0.0


@compiled
def depends_on_n(polynomial: Polynomial) -> bool:
    """Whether a cost depends on the output length."""
    return polynomial.n != 0.0 or polynomial.n_squared != 0.0 or polynomial.s_times_n != 0.0


@compiled_allocating
def subproblem(
    rule: Rule,
    candidates: Candidates,
    among: NDArray[np.int64],
    threshold_s: float,
    longest_s: float,
    longest_n: float,
) -> Subproblem:
    """The subproblem of a threshold (s) and longest lengths (tokens), over the given candidates."""
    members = np.empty(len(among), dtype=np.int64)
    costs = np.empty((len(among), 4))
    count = 0
    for i in among:
        s, n = candidates.prompt_tokens[i], candidates.output_tokens[i]
        if s > longest_s or n > longest_n or min(candidates.slack_s[i], rule.window_s) < threshold_s:
            continue
        padded_s = longest_s if rule.pads_prompts else s
        padded_n = longest_n if rule.pads_outputs else n
        members[count] = i
        costs[count, UPLINK] = candidates.uplink_share[i]
        costs[count, DOWNLINK] = candidates.downlink_share[i]
        costs[count, MEMORY] = candidates.memory_bytes[i] + at(rule.memory_bytes.marginal, padded_s, padded_n)
        costs[count, COMPUTE] = candidates.compute_s[i] + at(rule.compute_s.marginal, padded_s, padded_n)
        count += 1
    capacities = np.empty(4)
    capacities[UPLINK] = SLACKENED
    capacities[DOWNLINK] = SLACKENED
    capacities[MEMORY] = rule.memory_limit_bytes * SLACKENED - base_at(rule.memory_bytes, longest_s, longest_n)
    capacities[COMPUTE] = threshold_s * SLACKENED - base_at(rule.compute_s, longest_s, longest_n)
    return Subproblem(members[:count], costs[:count], capacities)


@compiled
def base_at(cost: AffineCost, longest_s: float, longest_n: float) -> float:
    """The base cost at longest lengths; an infinite one is a length that it does not depend on."""
    s = 0.0 if np.isinf(longest_s) else longest_s
    n = 0.0 if np.isinf(longest_n) else longest_n
    return at(cost.base, s, n)


@compiled
def at(polynomial: Polynomial, s: float, n: float) -> float:
    """The polynomial at one pair of lengths (tokens)."""
    return quadratic(polynomial, 1.0, s, s * s, n, n * n, s * n)


@compiled_allocating
def most_requests(part: Subproblem) -> int:
    """An upper bound on the size of a feasible batch: how many of the cheapest fit, by each capacity on its own."""
    bound = len(part.members)
    for resource in range(4):
        total = 0.0
        ascending = np.sort(part.costs[:, resource])
        for count in range(bound):
            total += ascending[count]
            if total > part.capacities[resource]:
                bound = count
                break
    return bound
