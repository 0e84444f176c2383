"""An epoch of service levels as its search reads it: arrays over requests in the order in which they are decided."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_llm_baselines.levels.exact.problem import LevelsProblem
from edge_llm_env.feasibility.request import Request
from edge_llm_env.feasibility.rule import Rule
from edge_llm_env.inference.batch_cost import AffineCost, Polynomial
from edge_llm_env.solver.subproblems import alone_feasible
from edge_llm_env.support.compilation.compiling import compiled

RESOURCES = 2
"""Of each group: time (s), memory (bytes)."""

BANDS = 2


class Items(NamedTuple):
    """The problem as the search reads it: K groups, n requests in the order of the search, C compressions."""

    cost: NDArray[np.float64]
    """(K, 3, 2, 6) polynomials of each group."""
    pads_prompts: bool
    pads_outputs: bool
    window_s: NDArray[np.float64]
    """(K,)"""
    memory_limit_bytes: NDArray[np.float64]
    """(K,)"""
    value: NDArray[np.float64]
    """(n, K, C), 0 of what nobody may choose."""
    request: NDArray[np.float64]
    """(n, K, C, 7) the fields of `Request`."""
    used: NDArray[np.float64]
    """(n, K, C, RESOURCES + BANDS) the least that each takes: marginal time and memory, and shares."""
    least_base: NDArray[np.float64]
    """(n + 1, K, RESOURCES) the least base cost of a batch of some of the requests from each on; infinite of none."""


@compiled
def rule_at(items: Items, group: int) -> Rule:
    """The feasibility rule of a group."""
    return Rule(
        _cost(items.cost, group, 0),
        _cost(items.cost, group, 1),
        _cost(items.cost, group, 2),
        items.pads_prompts,
        items.pads_outputs,
        items.window_s[group],
        items.memory_limit_bytes[group],
    )


@compiled
def _cost(cost: NDArray[np.float64], group: int, resource: int) -> AffineCost:
    return AffineCost(_polynomial(cost, group, resource, 0), _polynomial(cost, group, resource, 1))


@compiled
def _polynomial(cost: NDArray[np.float64], group: int, resource: int, part: int) -> Polynomial:
    return Polynomial(
        cost[group, resource, part, 0],
        cost[group, resource, part, 1],
        cost[group, resource, part, 2],
        cost[group, resource, part, 3],
        cost[group, resource, part, 4],
        cost[group, resource, part, 5],
    )


@compiled
def request_of(items: Items, request: int, group: int, compression: int) -> Request:
    """An item as the feasibility rule sees it."""
    r = items.request[request, group, compression]
    return Request(r[0], r[1], r[2], r[3], r[4], r[5], r[6])


def items_of(problem: LevelsProblem) -> tuple[Items, NDArray[np.int64]]:
    """The problem as the search reads it, and which request each of its requests is: those that can be served."""
    groups, requests, compressions = problem.values.shape
    shape = (groups, requests, compressions)
    value, fields = np.zeros(shape), np.zeros((*shape, len(Request._fields)))
    used, bases = np.zeros((*shape, 4)), np.zeros((2, *shape))
    for at, group in enumerate(problem.groups):
        candidates, rule = group.candidates, group.rule
        worth, alone = np.zeros(len(group)), alone_feasible(rule, candidates)
        worth[alone] = group.values[alone]
        value[at] = worth.reshape(requests, compressions)
        fields[at] = np.stack(candidates, axis=-1).reshape(requests, compressions, -1)
        s, n = candidates.prompt_tokens, candidates.output_tokens
        taken = [
            candidates.compute_s + rule.compute_s.marginal(s, n),  # type: ignore[arg-type]
            candidates.memory_bytes + rule.memory_bytes.marginal(s, n),  # type: ignore[arg-type]
            candidates.uplink_share,
            candidates.downlink_share,
        ]
        used[at] = np.stack(taken, axis=-1).reshape(requests, compressions, 4)
        for resource, cost in enumerate((rule.compute_s, rule.memory_bytes)):
            bases[resource, at] = cost.base(s, n).reshape(requests, compressions)  # type: ignore[arg-type, attr-defined]
    used[value == 0.0] = 0.0  # a dead channel's share is infinite
    slack_s = np.where(value > 0.0, fields[..., Request._fields.index("slack_s")], np.inf).min(axis=(0, 2))
    base_s = np.where(value > 0.0, bases[0], 0.0).max(axis=(0, 2))
    order = np.lexsort((slack_s, -base_s))
    order = order[value.max(axis=(0, 2))[order] > 0.0]
    least_base = np.full((len(order) + 1, groups, 2), np.inf)
    for back in range(len(order)):
        request = len(order) - 1 - back
        mine = np.where(value[:, order[request]] > 0.0, bases[:, :, order[request]], np.inf)
        least_base[request] = np.minimum(least_base[request + 1], mine.min(axis=2).T)
    rules = [group.rule for group in problem.groups]

    def by_request(array: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.ascontiguousarray(array.swapaxes(0, 1)[order])

    items = Items(
        np.array([(rule.compute_s, rule.memory_bytes, rule.energy_j) for rule in rules]),
        rules[0].pads_prompts,
        rules[0].pads_outputs,
        np.array([rule.window_s for rule in rules]),
        np.array([rule.memory_limit_bytes for rule in rules]),
        by_request(value),
        by_request(fields),
        by_request(used),
        least_base,
    )
    return items, order
