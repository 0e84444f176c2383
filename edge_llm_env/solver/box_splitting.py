"""Bounding a box, splitting it, and looking into its middle for a batch."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.feasibility.rule import Rule
from edge_llm_env.solver.boxes import HIGH, LOW, load_box, penalty
from edge_llm_env.solver.candidates import Candidates
from edge_llm_env.solver.heap import Heap, insert_box
from edge_llm_env.solver.item_search import begin_items, examine, goal_of
from edge_llm_env.solver.linear_programme.simplex import resume_prices, tighten
from edge_llm_env.solver.narrowing import fewest_requests, narrow
from edge_llm_env.solver.search_state import NODES, Search
from edge_llm_env.support.compilation.compiling import compiled, compiled_apart


@compiled_apart
def split(rule: Rule, candidates: Candidates, search: Search, heap: Heap, bound: float) -> float:
    """Halve `box` in the dimension in which that lowers the bounds of both halves most, by the product of both losses.

    The half with the lower bound goes on the heap if it is worth it; the other becomes `box`. Returns its bound.
    """
    box, whole, bounds, goal = search.box, search.whole, search.half_bounds, goal_of(search.best)
    copy_box(box, whole)
    chosen, most = -1, -1.0
    for dimension in range(3):
        low, high = whole[dimension, LOW], whole[dimension, HIGH]
        if low == high:
            continue
        for half in range(2):
            copy_box(whole, box)
            box[dimension, LOW] = low if half == LOW else (low + high) // 2 + 1
            box[dimension, HIGH] = (low + high) // 2 if half == LOW else high
            bounds[dimension, half] = min(bound_of_box(rule, candidates, search), bound)
            copy_box(box, search.halves[dimension, half])
        lower_loss, upper_loss = bound - max(bounds[dimension, LOW], goal), bound - max(bounds[dimension, HIGH], goal)
        product = (max(lower_loss, 0.0) + 1e-6) * (max(upper_loss, 0.0) + 1e-6)
        if product > most:
            chosen, most = dimension, product
        if bounds[dimension, LOW] < goal or bounds[dimension, HIGH] < goal:
            chosen = dimension
            break
    better = LOW if bounds[chosen, LOW] >= bounds[chosen, HIGH] else HIGH
    if bounds[chosen, 1 - better] >= goal:
        insert_box(heap, search.halves[chosen, 1 - better], bounds[chosen, 1 - better])
    copy_box(search.halves[chosen, better], box)
    return bounds[chosen, better]


@compiled
def copy_box(source: NDArray[np.int64], target: NDArray[np.int64]) -> None:
    """Copy the ends of a box."""
    for dimension in range(3):
        target[dimension, LOW], target[dimension, HIGH] = source[dimension, LOW], source[dimension, HIGH]


@compiled_apart
def bound_of_box(rule: Rule, candidates: Candidates, search: Search) -> float:
    """An upper bound on the value of any batch of `box`, or any number short of the goal; -inf if there is none.

    Narrows `box` to what can hold a batch that is worth the goal.
    """
    lp, levels, box, goal = search.relaxation, search.levels, search.box, goal_of(search.best)
    search.counts[NODES] += 1
    size = load_worth(rule, candidates, search, goal)
    if size == 0:
        return -np.inf
    resume_prices(lp, size)
    bound = tighten(lp, size, goal)
    if bound < goal:
        return bound
    if not narrow(levels, box, lp, size, search.worth, bound, goal):
        return -np.inf
    return bound + penalty(levels, box, lp, size)


@compiled
def load_worth(rule: Rule, candidates: Candidates, search: Search, goal: float) -> int:
    """Load the relaxation of `box` for batches worth the goal; how many requests it is over, 0 if there is none."""
    fewest = fewest_requests(search.levels, search.box, search.relaxation, goal)
    return load_box(rule, candidates, search.levels, search.box, search.relaxation, fewest) if fewest >= 0 else 0


@compiled_apart
def try_middle(rule: Rule, candidates: Candidates, search: Search) -> None:
    """Look for a better batch in the single box in the middle of `box`."""
    box, goal = search.box, goal_of(search.best)
    copy_box(box, search.whole)
    for dimension in range(3):
        box[dimension, LOW] = (box[dimension, LOW] + box[dimension, HIGH]) // 2
        box[dimension, HIGH] = box[dimension, LOW]
    search.counts[NODES] += 1
    size = load_worth(rule, candidates, search, goal)
    if size > 0:
        resume_prices(search.relaxation, size)
        if tighten(search.relaxation, size, goal) >= goal:
            begin_items(search.items, search.relaxation, size, search.levels.among, goal)
            examine(rule, candidates, search.items, search.best, goal)
    copy_box(search.whole, box)
