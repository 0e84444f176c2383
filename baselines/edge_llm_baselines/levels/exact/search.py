"""The search for the best levels: depth first, in the order of `edge_llm_baselines.levels.exact.items`."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_llm_baselines.levels.exact.dual import bound_of_state, descend, leave_out
from edge_llm_baselines.levels.exact.items import Items
from edge_llm_baselines.levels.exact.problem import NOBODY
from edge_llm_baselines.levels.exact.stand_ins import stand_ins
from edge_llm_baselines.levels.exact.tree import Tree, descend_to, list_options, tree_of
from edge_llm_env.support.compilation.compiling import compiled, compiled_allocating

EQUAL = 1e-10
"""Values that differ by less than this part of what all could be worth count as equal."""

ROUNDING = 1e-6
"""What bounds may be off by, in steps of values that are whole multiples of one."""

FIRST_STEPS, STEPS, FEW = 100, 12, 3
"""Of the descent to the first bound and to that of a node, and how few undecided requests are not worth one."""


@compiled_allocating
def search(items: Items, node_limit: int, step: float) -> tuple[NDArray[np.int64], int, float, bool]:
    """The best level of each request, group·C + compression or NOBODY, (n,); nodes, a bound, and whether it is proven.

    `step` is what values are whole multiples of, or 0. With a first choice to aim at prices come closer to the best
    ones, so the search begins again with these and without the levels that they rule out.
    """
    requests = len(items.value)
    tree = tree_of(items)
    stands_in, twin = stand_ins(items)
    best_level, most = np.full(requests, NOBODY), 0.0
    for request in range(requests):
        most += items.value[request].max()
    equal = EQUAL * most
    best, better, nodes = 0.0, max(equal, step * (1.0 - ROUNDING)), 0
    price(items, tree, 0, 0.0, FIRST_STEPS)
    root = _bound(tree, 0)
    depth, arrived, begun_again = 0, True, False
    while depth >= 0:
        if arrived:
            nodes += 1
            arrived = False
            if tree.value[depth] > best + equal:
                best = tree.value[depth]
                best_level[:depth] = tree.level[:depth]
                best_level[depth:] = NOBODY
            goal = best + better - tree.value[depth]
            if 0 < depth < requests - FEW and _bound(tree, depth) > goal:
                price(items, tree, depth, goal, STEPS)
            if depth == requests or _bound(tree, depth) <= goal:
                if best > 0.0 and not begun_again:
                    begun_again, depth, arrived = True, 0, True
                    price(items, tree, 0, best + better, FIRST_STEPS)
                    root = _bound(tree, 0)
                    leave_out(items, tree.prices[0], root - best - better)
                    continue
                depth -= 1
                continue
            if nodes >= node_limit:
                return best_level, nodes, min(most, root), False
            list_options(items, tree, twin, depth)
        if tree.tried[depth] == tree.listed[depth]:
            depth -= 1
            continue
        option = tree.options[depth, tree.tried[depth]]
        tree.tried[depth] += 1
        if descend_to(items, tree, stands_in, depth, option):
            depth, arrived = depth + 1, True
    return best_level, nodes, best, True


@compiled_allocating
def price(items: Items, tree: Tree, depth: int, goal: float, steps: int) -> None:
    """Give a depth prices of its own, found in so many steps from those that hold there."""
    tree.start[:] = tree.prices[tree.priced[depth]]
    descend(
        items,
        depth,
        tree.left[depth],
        tree.is_empty[depth],
        tree.fate[depth],
        goal,
        steps,
        tree.start,
        tree.prices[depth],
        tree.excess[depth],
        tree.gradient,
    )
    tree.priced[depth] = depth


@compiled
def _bound(tree: Tree, depth: int) -> float:
    """On what requests from a depth on can still be worth, at the prices that hold there."""
    at = tree.priced[depth]
    return bound_of_state(tree.prices[at], tree.left[depth], tree.is_empty[depth], tree.excess[at, depth])
