"""The tree of choices that a search walks: depth d decides request d, and every array has a row for each depth."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_llm_baselines.levels.exact.dual import left_of_batch, left_of_empty, price_of
from edge_llm_baselines.levels.exact.items import Items, request_of, rule_at
from edge_llm_baselines.levels.exact.problem import NOBODY
from edge_llm_baselines.levels.exact.stand_ins import FREE, MUST, NONE, OUT
from edge_llm_env.feasibility.batch import FIELDS, BatchSums, empty_batch, of_array, to_array, with_request
from edge_llm_env.feasibility.rule import fits_node, within
from edge_llm_env.solver.subproblems import SLACKENED
from edge_llm_env.support.compilation.compiling import compiled, compiled_allocating

_UPLINK, _DOWNLINK = BatchSums._fields.index("uplink_share"), BatchSums._fields.index("downlink_share")


class Tree(NamedTuple):
    """Where a search stands."""

    level: NDArray[np.int64]
    """(n,) of each request decided, group·C + compression or NOBODY."""
    options: NDArray[np.int64]
    """(n, K·C + 1) levels that are tried of each request, in this order."""
    listed: NDArray[np.int64]
    """(n,) how many these are."""
    tried: NDArray[np.int64]
    """(n,) how many of these have been."""
    batches: NDArray[np.float64]
    """(n + 1, K, FIELDS) of each group."""
    left: NDArray[np.float64]
    """(n + 1, K + 1, 2) time and memory of each group that are left, and both bands."""
    is_empty: NDArray[np.bool_]
    """(n + 1, K) groups that serve nobody."""
    value: NDArray[np.float64]
    """(n + 1,) what those served are worth."""
    fate: NDArray[np.int64]
    """(n + 1, n) FREE, MUST or OUT of each request yet to be decided."""
    priced: NDArray[np.int64]
    """(n + 1,) the depth whose prices hold."""
    prices: NDArray[np.float64]
    """(n + 1, K + 1, 2) of what is left."""
    excess: NDArray[np.float64]
    """(n + 1, n + 1) what all requests from each on are worth beyond the prices of a depth."""
    beyond: NDArray[np.float64]
    """(K·C,) room for what options are worth beyond their price."""
    start: NDArray[np.float64]
    """(K + 1, 2) room for prices that a descent begins at, and for its gradient."""
    gradient: NDArray[np.float64]


@compiled_allocating
def tree_of(items: Items) -> Tree:
    """The tree in which nothing is decided."""
    requests, groups, compressions = items.value.shape
    tree = Tree(
        np.full(requests, NOBODY),
        np.empty((requests, groups * compressions + 1), dtype=np.int64),
        np.zeros(requests, dtype=np.int64),
        np.zeros(requests, dtype=np.int64),
        np.zeros((requests + 1, groups, FIELDS)),
        np.zeros((requests + 1, groups + 1, 2)),
        np.ones((requests + 1, groups), dtype=np.bool_),
        np.zeros(requests + 1),
        np.full((requests + 1, requests), FREE),
        np.zeros(requests + 1, dtype=np.int64),
        np.zeros((requests + 1, groups + 1, 2)),
        np.zeros((requests + 1, requests + 1)),
        np.zeros(groups * compressions),
        np.zeros((groups + 1, 2)),
        np.zeros((groups + 1, 2)),
    )
    for group in range(groups):
        to_array(empty_batch(), tree.batches[0, group])
        left_of_empty(items, group, 0, tree.left[0, group])
    tree.left[0, groups] = SLACKENED
    return tree


@compiled
def list_options(items: Items, tree: Tree, twin: NDArray[np.int64], request: int) -> None:
    """List the levels of a request to be tried: what is worth most beyond its price first and being left out last.

    Requests that are the same take levels in the order in which the first of them tries these, as which of them takes
    which makes no difference.
    """
    groups, compressions = items.value.shape[1:]
    options, prices, fate = tree.options[request], tree.prices[tree.priced[request]], tree.fate[request, request]
    beyond, count, leader, first = tree.beyond, 0, request, 0
    if fate != OUT:
        while twin[leader] != NONE:
            leader = twin[leader]
        if leader != request:
            while tree.options[leader, first] != tree.level[twin[request]]:
                first += 1
        for group in range(groups):
            for compression in range(compressions):
                option, value = group * compressions + compression, items.value[request, group, compression]
                if value <= 0.0 or (leader != request and not _is_tried(tree, leader, first, option)):
                    continue
                worth = value - price_of(items, prices, request, group, compression)
                place = count
                while place > 0 and beyond[place - 1] < worth:
                    options[place], beyond[place] = options[place - 1], beyond[place - 1]
                    place -= 1
                options[place], beyond[place] = option, worth
                count += 1
    if fate != MUST:
        options[count] = NOBODY
        count += 1
    tree.listed[request], tree.tried[request] = count, 0


@compiled
def _is_tried(tree: Tree, request: int, first: int, option: int) -> bool:
    """Whether a level is among those of a request, from the first of its list on."""
    found = False
    for at in range(first, tree.listed[request]):
        found = found or tree.options[request, at] == option
    return found


@compiled
def descend_to(items: Items, tree: Tree, stands_in: NDArray[np.bool_], request: int, option: int) -> bool:
    """Decide a request: write what is so at the next depth, and whether its batch and the bands allow it."""
    requests, groups, compressions = items.value.shape
    depth = request + 1
    tree.level[request] = option
    _copy_down(tree, request)
    for group in range(groups):
        if tree.is_empty[request, group]:
            left_of_empty(items, group, depth, tree.left[depth, group])
    for later in range(depth, requests):
        if option == NOBODY and stands_in[request, later]:
            tree.fate[depth, later] = OUT
        elif option != NOBODY and stands_in[later, request]:
            tree.fate[depth, later] = MUST
    if option == NOBODY:
        return True
    group, compression = option // compressions, option % compressions
    joining, rule = request_of(items, request, group, compression), rule_at(items, group)
    batch = with_request(of_array(tree.batches[request, group]), joining)
    uplink, downlink = 0.0, 0.0
    for other in range(groups):
        uplink += tree.batches[request, other, _UPLINK]
        downlink += tree.batches[request, other, _DOWNLINK]
    if not (
        within(uplink + joining.uplink_share, 1.0)
        and within(downlink + joining.downlink_share, 1.0)
        and fits_node(rule, batch)
    ):
        return False
    to_array(batch, tree.batches[depth, group])
    left_of_batch(rule, batch, tree.left[depth, group])
    tree.left[depth, groups, 0] = tree.left[request, groups, 0] - joining.uplink_share
    tree.left[depth, groups, 1] = tree.left[request, groups, 1] - joining.downlink_share
    tree.value[depth] += items.value[request, group, compression]
    tree.is_empty[depth, group] = False
    return True


@compiled
def _copy_down(tree: Tree, request: int) -> None:
    """Write what is so at a depth to the next one, entry by entry, as whole rows would be copied by way of new ones."""
    depth, (groups, fields) = request + 1, tree.batches.shape[1:]
    for group in range(groups):
        for field in range(fields):
            tree.batches[depth, group, field] = tree.batches[request, group, field]
        tree.is_empty[depth, group] = tree.is_empty[request, group]
    for group in range(groups + 1):
        for resource in range(2):
            tree.left[depth, group, resource] = tree.left[request, group, resource]
    for later in range(depth, tree.fate.shape[1]):
        tree.fate[depth, later] = tree.fate[request, later]
    tree.value[depth], tree.priced[depth] = tree.value[request], tree.priced[request]
