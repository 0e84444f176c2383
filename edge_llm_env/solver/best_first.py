"""Best-first search over boxes: the box with the highest bound is split, or searched request by request if single."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.feasibility.rule import Rule
from edge_llm_env.solver.box_splitting import bound_of_box, load_worth, split, try_middle
from edge_llm_env.solver.boxes import is_single, sets, whole_box
from edge_llm_env.solver.candidates import Candidates
from edge_llm_env.solver.core_search import search_core
from edge_llm_env.solver.decisions import require
from edge_llm_env.solver.heap import Heap, heap_of_room, highest, insert_box, pop_box, with_room
from edge_llm_env.solver.item_search import Incumbent, advance_items, begin_items, examine, goal_of
from edge_llm_env.solver.linear_programme.simplex import resume_prices
from edge_llm_env.solver.search_state import (
    BOUND,
    DIVING,
    GAP,
    MORE_PATIENCE,
    NODES,
    PATIENCE,
    SEARCHING,
    TARGET,
    VISITED,
    Search,
    begin_search,
)
from edge_llm_env.support.compilation.compiling import compiled, compiled_allocating, compiled_apart, compiled_linked

MOST_AT_ONCE = 8
"""Nodes between two checks of the limit: the middle of a box, six halves, and a single box: none goes beyond it."""

MOST_SPLITS = 128
"""Boxes that one descent can add: more than the splits that lead from any box to a single one."""


@compiled_allocating
def begin_heap(rule: Rule, candidates: Candidates, search: Search) -> Heap:
    """The heap of a search that has visited nothing yet: the box of everything, if there is anything."""
    heap = heap_of_room(2 * MOST_SPLITS)
    if len(search.levels.among) > 0:
        whole_box(search.levels, search.box)
        insert_box(heap, search.box, bound_of_box(rule, candidates, search))
    return heap


@compiled_allocating
def advance(rule: Rule, candidates: Candidates, search: Search, heap: Heap, most_nodes: int) -> tuple[Heap, bool]:
    """Go on until NODES reach `most_nodes`; the heap, which may have moved, and whether the search finished.

    Until there is a batch to beat, the better half of each split comes next, down to a single box; from then on the
    box with the highest bound.
    """
    counts, best, searched = search.counts, search.best, search.searched
    while True:
        if counts[SEARCHING] == 1:
            allowed = most_nodes - counts[NODES]
            if allowed <= 0:
                return heap, False
            most = min(allowed, counts[PATIENCE] - counts[VISITED])
            visited = advance_items(rule, candidates, search.items, best, searched[TARGET], most)
            counts[NODES] += visited
            counts[VISITED] += visited
            if visited < most:
                end_single(search, heap)
            elif visited == allowed:
                return heap, False
            elif search_core(rule, candidates, search):
                counts[SEARCHING] = 0
                counts[DIVING] = 0
            else:
                counts[PATIENCE] *= MORE_PATIENCE
                continue
        if highest(heap) < goal_of(best):
            return heap, True
        if counts[NODES] + MOST_AT_ONCE > most_nodes:
            return heap, False
        heap = with_room(heap, MOST_SPLITS)
        bound = pop_box(heap, search.box)
        while counts[NODES] + MOST_AT_ONCE <= most_nodes and not is_single(search.box):
            try_middle(rule, candidates, search)
            bound = split(rule, candidates, search, heap, bound)
            if bound < goal_of(best) or (bound < highest(heap) and counts[DIVING] == 0):
                break
        if bound < goal_of(best):
            continue
        if not is_single(search.box):
            insert_box(heap, search.box, bound)
            continue
        bound = min(bound, bound_of_box(rule, candidates, search))  # it may have become single after it was bounded
        if bound < goal_of(best):
            continue
        comes_first = bound >= highest(heap)
        searched[BOUND] = bound
        searched[TARGET] = goal_of(best)
        if comes_first:
            searched[TARGET] = max(searched[TARGET], target_below(bound, best, searched[GAP]))
        counts[SEARCHING] = int(begin_single(rule, candidates, search))
        counts[VISITED] = 0
        if counts[SEARCHING] == 1 and not comes_first:
            examine(rule, candidates, search.items, best, searched[TARGET])
            counts[SEARCHING] = 0
            counts[DIVING] = 0
            insert_box(heap, search.box, bound)
        elif counts[SEARCHING] == 0 and comes_first:
            end_single(search, heap)


@compiled
def target_below(bound: float, best: Incumbent, gap: float) -> float:
    """What a single box is first searched for: the next multiple of the step, or values within the gap of its bound.

    With the optimum's value at hand a search decides most requests at once; to try for it and fail costs little.
    """
    step = best.step
    if step > 0.0:
        # Where steps are fine, one at a time would be a search for each.
        below = bound - gap if gap > step else bound
        return (np.floor(below / step + 0.5 * best.rounding) - best.rounding) * step
    return bound - gap


@compiled_apart
def end_single(search: Search, heap: Heap) -> None:
    """End the search of the single `box`; where it has no batch worth the target it comes back, for a lower one."""
    searched = search.searched
    search.counts[SEARCHING] = 0
    search.counts[DIVING] = 0
    if searched[TARGET] > goal_of(search.best):
        insert_box(heap, search.box, searched[TARGET])
        searched[GAP] *= 2.0


@compiled_apart
def begin_single(rule: Rule, candidates: Candidates, search: Search) -> bool:
    """Begin to search the single `box` request by request; False if no batch in it is worth the target."""
    levels, lp, items, target = search.levels, search.relaxation, search.items, search.searched[TARGET]
    size = load_worth(rule, candidates, search, target)
    if size == 0:
        return False
    resume_prices(lp, size)
    begin_items(items, lp, size, levels.among, target)
    for dimension in range(3):
        setting, last = 0, 0
        for k in range(size):
            if lp.free[k] and sets(levels, search.box, k, dimension):
                setting, last = setting + 1, k
        if setting == 0 or (setting == 1 and not require(items, levels.among[last])):
            return False
    return True


@compiled_apart
def upper_bound(search: Search, heap: Heap) -> float:
    """No batch is worth more than this, in units of the largest value."""
    bound = max(search.best.value[0], highest(heap))
    if search.counts[SEARCHING] == 1:
        bound = max(bound, search.searched[BOUND])
    if search.best.step > 0.0:
        return np.floor(bound / search.best.step + search.best.rounding) * search.best.step
    return bound


@compiled_linked
def best_batch(
    rule: Rule, candidates: Candidates, values: NDArray[np.float64], node_limit: int, stop_at: int
) -> tuple[NDArray[np.bool_], int, float, bool]:
    """The batch, the nodes visited, an upper bound on the value of any, and whether the search finished.

    It stops after `stop_at` nodes as a search would that has `node_limit` of them and goes on.
    """
    search = begin_search(rule, candidates, values, node_limit)
    heap, finished = advance(rule, candidates, search, begin_heap(rule, candidates, search), stop_at)
    return outcome(search, heap, values, finished)


@compiled_allocating
def outcome(
    search: Search, heap: Heap, values: NDArray[np.float64], finished: bool
) -> tuple[NDArray[np.bool_], int, float, bool]:
    """What a search has come to, as `best_batch` returns it."""
    total = 0.0
    for value in values:
        total += value
    bound = min(upper_bound(search, heap) * search.best.unit, total)
    return search.best.selected, search.counts[NODES], bound, finished
