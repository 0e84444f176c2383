"""`BestLevels`: the most valuable choice of levels of an epoch, exactly."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_llm_baselines.levels.dual import (
    Items,
    bound_of_state,
    descend,
    leave_out,
    left_of_batch,
    left_of_empty,
    price_of,
    rule_at,
)
from edge_llm_baselines.levels.problem import NOBODY, Choice, LevelsProblem
from edge_llm_baselines.solvers.problem import check_limits
from edge_llm_env.feasibility.batch import FIELDS, BatchSums, empty_batch, of_array, to_array, with_request
from edge_llm_env.feasibility.request import Request
from edge_llm_env.feasibility.rule import fits_node, within
from edge_llm_env.solver.search_state import common_step
from edge_llm_env.solver.subproblems import SLACKENED, alone_feasible
from edge_llm_env.support.calling import direct
from edge_llm_env.support.checking.arguments import checked
from edge_llm_env.support.compilation.compiling import compiled, compiled_allocating

EQUAL = 1e-10
"""Values that differ by less than this part of what all could be worth count as equal."""

ROUNDING = 1e-6
"""What bounds may be off by, in steps of values that are whole multiples of one."""

FIRST_STEPS, STEPS, FEW = 100, 12, 3
"""Of the descent to the first bound and to that of a node, and how few undecided requests are not worth one."""

NODES = 20_000_000
"""Most nodes of a search that is given no limit: some tens of seconds."""


_UPLINK, _DOWNLINK = BatchSums._fields.index("uplink_share"), BatchSums._fields.index("downlink_share")


class LevelsFound(NamedTuple):
    """What a search found."""

    choice: Choice
    value: float
    """Σ v_igc over those served."""
    nodes: int
    """Of the search, visited."""
    optimal: bool
    """Whether no choice is worth more."""
    upper_bound: float
    """No choice is worth more than this; equal to `value` when optimal."""


class BestLevels:
    """The most valuable choice of a group and a compression for each request, by branch and bound over requests.

    Requests are decided one by one, those first that make a batch's base cost largest, and of these those with the
    least slack, so that whom a group serves first says most of what its batch costs and how long it may take; for each
    the levels that are worth most beyond their price come first, and being left out last. A node is dropped where the
    bound at prices (`edge_llm_baselines.levels.dual`) is not above the best choice found; a node that the prices of the
    one before do not drop has its own. Batches and bands are judged by the one feasibility rule.

    Values that are whole multiples of one number are compared exactly; others that differ by less than one part in 10¹⁰
    of what all could be worth count as equal. After `node_limit` nodes it has the best choice found, `optimal=False`
    and a valid `upper_bound`. Raises ValueError for a limit below 1.
    """

    @checked
    def __init__(self, node_limit: int = NODES) -> None:
        check_limits(node_limit, None)
        self.node_limit = node_limit

    def solve(self, problem: LevelsProblem) -> LevelsFound:
        """The optimum, or the best found within the limit."""
        items, order = items_of(problem)
        worth = items.value.max(axis=(1, 2)) if len(order) else np.zeros(1)
        step = float(common_step(items.value.ravel(), np.inf, float(worth.sum())))
        levels, nodes, bound, finished = direct(search)(items, self.node_limit, step)
        choice = problem.nobody()
        served = np.flatnonzero(levels >= 0)
        group, compression = np.divmod(levels[served], problem.compressions)
        choice.group_of[order[served]], choice.compression_of[order[served]] = group, compression
        value = problem.value(choice)
        return LevelsFound(choice, value, nodes, finished, value if finished else max(value, bound))


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


@compiled
def request_of(items: Items, request: int, group: int, compression: int) -> Request:
    """An item as the feasibility rule sees it."""
    r = items.request[request, group, compression]
    return Request(r[0], r[1], r[2], r[3], r[4], r[5], r[6])


@compiled_allocating
def search(items: Items, node_limit: int, step: float) -> tuple[NDArray[np.int64], int, float, bool]:
    """The best level of each request, group·C + compression or NOBODY, (n,); nodes, a bound, and whether it is proven.

    A depth-first search whose depth is the number of requests decided. `step` is what values are whole multiples of, or
    0.
    """
    requests, groups, compressions = items.value.shape
    level, best_level = np.full(requests, NOBODY), np.full(requests, NOBODY)
    options = np.empty((requests, groups * compressions + 1), dtype=np.int64)
    beyond = np.empty(groups * compressions + 1)
    count, tried = np.zeros(requests, dtype=np.int64), np.zeros(requests, dtype=np.int64)
    batches = np.zeros((requests + 1, groups, FIELDS))
    left, is_empty = np.zeros((requests + 1, groups + 1, 2)), np.ones((requests + 1, groups), dtype=np.bool_)
    value, priced = np.zeros(requests + 1), np.zeros(requests + 1, dtype=np.int64)
    prices, excess = np.zeros((requests + 1, groups + 1, 2)), np.zeros((requests + 1, requests + 1))
    start, gradient = np.zeros((groups + 1, 2)), np.zeros((groups + 1, 2))
    for group in range(groups):
        to_array(empty_batch(), batches[0, group])
        left_of_empty(items, group, 0, left[0, group])
    left[0, groups] = SLACKENED
    most = 0.0
    for request in range(requests):
        most += items.value[request].max()
    equal = EQUAL * most
    best, better, nodes = 0.0, max(equal, step * (1.0 - ROUNDING)), 0
    descend(items, 0, left[0], is_empty[0], 0.0, FIRST_STEPS, start, prices[0], excess[0], gradient)
    root = bound_of_state(prices[0], left[0], is_empty[0], excess[0, 0])
    depth, arrived, begun_again = 0, True, False
    while depth >= 0:
        if arrived:
            nodes += 1
            arrived = False
            if value[depth] > best + equal:
                best = value[depth]
                best_level[:depth] = level[:depth]
                best_level[depth:] = NOBODY
            at, goal = priced[depth], best + better - value[depth]
            bound = bound_of_state(prices[at], left[depth], is_empty[depth], excess[at, depth])
            if bound > goal and 0 < depth < requests - FEW:
                start[:] = prices[at]
                descend(
                    items,
                    depth,
                    left[depth],
                    is_empty[depth],
                    goal,
                    STEPS,
                    start,
                    prices[depth],
                    excess[depth],
                    gradient,
                )
                at = priced[depth] = depth
                bound = bound_of_state(prices[at], left[depth], is_empty[depth], excess[at, depth])
            if depth == requests or bound <= goal:
                if best > 0.0 and not begun_again:  # with a choice to aim at, prices come closer to the best ones
                    begun_again, depth, arrived = True, 0, True
                    start[:] = prices[0]
                    descend(
                        items,
                        0,
                        left[0],
                        is_empty[0],
                        best + better,
                        FIRST_STEPS,
                        start,
                        prices[0],
                        excess[0],
                        gradient,
                    )
                    root = bound_of_state(prices[0], left[0], is_empty[0], excess[0, 0])
                    leave_out(items, prices[0], root - best - better)
                    continue
                depth -= 1
                continue
            if nodes >= node_limit:
                return best_level, nodes, min(most, root), False
            count[depth] = _sorted_options(items, prices[at], depth, options[depth], beyond)
            tried[depth] = 0
        if tried[depth] == count[depth]:
            depth -= 1
            continue
        option = options[depth, tried[depth]]
        tried[depth] += 1
        level[depth] = option
        deeper = depth + 1
        batches[deeper], left[deeper], is_empty[deeper] = batches[depth], left[depth], is_empty[depth]
        value[deeper], priced[deeper] = value[depth], priced[depth]
        for group in range(groups):
            if is_empty[depth, group]:
                left_of_empty(items, group, deeper, left[deeper, group])
        if option != NOBODY:
            group, compression = option // compressions, option % compressions
            joining = request_of(items, depth, group, compression)
            rule, batch = rule_at(items, group), with_request(of_array(batches[depth, group]), joining)
            uplink, downlink = 0.0, 0.0
            for other in range(groups):
                uplink += batches[depth, other, _UPLINK]
                downlink += batches[depth, other, _DOWNLINK]
            if not (
                within(uplink + joining.uplink_share, 1.0)
                and within(downlink + joining.downlink_share, 1.0)
                and fits_node(rule, batch)
            ):
                continue
            to_array(batch, batches[deeper, group])
            left_of_batch(rule, batch, left[deeper, group])
            left[deeper, groups, 0] = left[depth, groups, 0] - joining.uplink_share
            left[deeper, groups, 1] = left[depth, groups, 1] - joining.downlink_share
            value[deeper] += items.value[depth, group, compression]
            is_empty[deeper, group] = False
        depth, arrived = deeper, True
    return best_level, nodes, best, True


@compiled
def _sorted_options(
    items: Items, prices: NDArray[np.float64], request: int, options: NDArray[np.int64], beyond: NDArray[np.float64]
) -> int:
    """Write the levels of a request, what is worth most beyond its price first and being left out last; how many."""
    groups, compressions = items.value.shape[1:]
    count = 0
    for group in range(groups):
        for compression in range(compressions):
            value = items.value[request, group, compression]
            if value <= 0.0:
                continue
            worth = value - price_of(items, prices, request, group, compression)
            place = count
            while place > 0 and beyond[place - 1] < worth:
                options[place], beyond[place] = options[place - 1], beyond[place - 1]
                place -= 1
            options[place], beyond[place] = group * compressions + compression, worth
            count += 1
    options[count] = NOBODY
    return count + 1
