"""Best-first search over boxes: the box with the highest bound is split, or searched request by request if single."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.compiling import compiled, compiled_allocating, compiled_apart
from edge_llm_env.dynamics.feasibility import Rule
from edge_llm_env.optimum.boxes import HIGH, LOW, Levels, is_single, levels_of, load_box, penalty, sets, whole_box
from edge_llm_env.optimum.candidates import Candidates
from edge_llm_env.optimum.decisions import ItemSearch, item_search_of_size, require
from edge_llm_env.optimum.heap import Heap, heap_of_room, highest, insert_box, pop_box, with_room
from edge_llm_env.optimum.item_search import Incumbent, advance_items, begin_items, examine, goal_of
from edge_llm_env.optimum.relaxation import Relaxation, relaxation_of_size, reset_prices
from edge_llm_env.optimum.simplex import resume_prices, tighten

NODES, SEARCHING, DIVING = range(3)
"""Entries of `Search.counts`."""

MOST_SPLITS = 128
"""Boxes that one descent can add: more than the splits that lead from any box to a single one."""


class Search(NamedTuple):
    """A search and where it stands, beside its heap of boxes; values are in units of the largest."""

    levels: Levels
    relaxation: Relaxation
    """Of the box last loaded."""
    items: ItemSearch
    """Search of a single box, when SEARCHING."""
    best: Incumbent
    counts: NDArray[np.int64]
    """(3,) NODES, boxes bounded and requests branched on; whether SEARCHING a single box; whether still DIVING for a
    first batch."""
    searched_bound: NDArray[np.float64]
    """(1,) bound of the single box being searched."""
    box: NDArray[np.int64]
    """(3, 2) the box last loaded: dimension, LOW and HIGH level."""
    halves: NDArray[np.float64]
    """(3, 2) bounds of the halves of a box, per dimension."""


@compiled_allocating
def begin_search(rule: Rule, candidates: Candidates, values: NDArray[np.float64]) -> Search:
    """A search that has visited nothing yet."""
    size = len(values)
    levels = levels_of(rule, candidates, values)
    among = len(levels.among)
    largest = 0.0
    for value in values:
        largest = max(largest, value)
    search = Search(
        levels,
        relaxation_of_size(among),
        item_search_of_size(among, size),
        Incumbent(np.zeros(size, dtype=np.bool_), np.zeros(1), common_step(values) / max(largest, 1e-300)),
        np.zeros(3, dtype=np.int64),
        np.zeros(1),
        np.zeros((3, 2), dtype=np.int64),
        np.zeros((3, 2)),
    )
    for k in range(among):
        search.relaxation.value[k] = values[levels.among[k]] / largest
    reset_prices(search.relaxation)
    search.counts[DIVING] = 1
    return search


@compiled_allocating
def begin_heap(rule: Rule, candidates: Candidates, search: Search) -> Heap:
    """The heap of a search that has visited nothing yet: the box of everything, if there is anything."""
    heap = heap_of_room(2 * MOST_SPLITS)
    if len(search.levels.among) > 0:
        whole_box(search.levels, search.box)
        insert_box(heap, search.box, bound_of_box(rule, candidates, search))
    return heap


@compiled
def common_step(values: NDArray[np.float64]) -> float:
    """A number that all values are whole multiples of; 0 if none is found, or it is too small to tell from rounding."""
    step, total = 0.0, 0.0
    for value in values:
        total += value
        larger, smaller = max(step, value), min(step, value)
        while smaller > 0.0:
            larger, smaller = smaller, larger % smaller
        step = larger
    return step if total <= 1e5 * step else 0.0


@compiled_allocating
def advance(rule: Rule, candidates: Candidates, search: Search, heap: Heap, most_nodes: int) -> tuple[Heap, bool]:
    """Go on until NODES reach `most_nodes`; the heap, which may have moved, and whether the search finished.

    Until there is a batch to beat, the better half of each split comes next, down to a single box; from then on the
    box with the highest bound.
    """
    counts, best = search.counts, search.best
    while True:
        if counts[SEARCHING] == 1:
            allowed = most_nodes - counts[NODES]
            visited = advance_items(rule, candidates, search.items, best, allowed)
            counts[NODES] += visited
            if visited == allowed:
                return heap, False
            counts[SEARCHING] = 0
        if highest(heap) < goal_of(best):
            return heap, True
        if counts[NODES] >= most_nodes:
            return heap, False
        heap = with_room(heap, MOST_SPLITS)
        bound = pop_box(heap, search.box)
        while counts[NODES] < most_nodes and not is_single(search.box):
            bound = split(rule, candidates, search, heap, bound)
            if bound < goal_of(best) or (bound < highest(heap) and counts[DIVING] == 0):
                break
        if bound < goal_of(best):
            continue
        if not is_single(search.box):
            insert_box(heap, search.box, bound)
            continue
        search.searched_bound[0] = bound
        counts[SEARCHING] = int(begin_single(rule, candidates, search))
        if counts[SEARCHING] == 1 and bound < highest(heap):
            examine(rule, candidates, search.items, best)
            counts[SEARCHING] = 0
            counts[DIVING] = 0
            insert_box(heap, search.box, bound)


@compiled_apart
def split(rule: Rule, candidates: Candidates, search: Search, heap: Heap, bound: float) -> float:
    """Halve `box` in the dimension in which that lowers the bounds of both halves most, by the product of both losses.

    The half with the lower bound goes on the heap if it is worth it; the other becomes `box`. Returns its bound.
    """
    box, halves = search.box, search.halves
    goal = goal_of(search.best)
    chosen, most = -1, -1.0
    for dimension in range(3):
        low, high = box[dimension, LOW], box[dimension, HIGH]
        if low == high:
            continue
        for half in range(2):
            become_half(box, dimension, low, high, half)
            halves[dimension, half] = min(bound_of_box(rule, candidates, search), bound)
        box[dimension, LOW], box[dimension, HIGH] = low, high
        lower_loss, upper_loss = bound - max(halves[dimension, LOW], goal), bound - max(halves[dimension, HIGH], goal)
        product = (max(lower_loss, 0.0) + 1e-6) * (max(upper_loss, 0.0) + 1e-6)
        if product > most:
            chosen, most = dimension, product
    low, high = box[chosen, LOW], box[chosen, HIGH]
    better = LOW if halves[chosen, LOW] >= halves[chosen, HIGH] else HIGH
    if halves[chosen, 1 - better] >= goal:
        become_half(box, chosen, low, high, 1 - better)
        insert_box(heap, box, halves[chosen, 1 - better])
    become_half(box, chosen, low, high, better)
    return halves[chosen, better]


@compiled
def become_half(box: NDArray[np.int64], dimension: int, low: int, high: int, half: int) -> None:
    """Make a box its LOW or HIGH half in a dimension in which it ranges from `low` to `high`."""
    middle = (low + high) // 2
    box[dimension, LOW] = low if half == LOW else middle + 1
    box[dimension, HIGH] = middle if half == LOW else high


@compiled_apart
def bound_of_box(rule: Rule, candidates: Candidates, search: Search) -> float:
    """An upper bound on the value of any batch of `box`, or any number short of the goal; -inf if there is none."""
    lp, goal = search.relaxation, goal_of(search.best)
    search.counts[NODES] += 1
    size = load_box(rule, candidates, search.levels, search.box, lp)
    if size == 0:
        return -np.inf
    resume_prices(lp, size)
    bound = tighten(lp, size, goal)
    return bound if bound < goal else bound + penalty(search.levels, search.box, lp, size)


@compiled_apart
def begin_single(rule: Rule, candidates: Candidates, search: Search) -> bool:
    """Begin to search the single `box` request by request; False if nothing better is in it."""
    levels, lp, items = search.levels, search.relaxation, search.items
    size = load_box(rule, candidates, levels, search.box, lp)
    resume_prices(lp, size)
    begin_items(items, lp, size, levels.among, goal_of(search.best))
    for dimension in range(3):
        setting, last = 0, 0
        for k in range(size):
            if lp.free[k] and sets(levels, search.box, k, dimension):
                setting, last = setting + 1, k
        if setting == 1 and not require(items, levels.among[last]):
            return False
    return True


@compiled_apart
def upper_bound(search: Search, heap: Heap) -> float:
    """No batch is worth more than this, in units of the largest value."""
    bound = max(search.best.value[0], highest(heap))
    if search.counts[SEARCHING] == 1:
        bound = max(bound, search.searched_bound[0])
    if search.best.step > 0.0:
        return np.floor(bound / search.best.step + 1e-6) * search.best.step
    return bound


@compiled_allocating
def best_batch(
    rule: Rule, candidates: Candidates, values: NDArray[np.float64], most_nodes: int
) -> tuple[NDArray[np.bool_], int, float, bool]:
    """The batch, the nodes visited, an upper bound on the value of any, and whether the search finished."""
    search = begin_search(rule, candidates, values)
    heap, finished = advance(rule, candidates, search, begin_heap(rule, candidates, search), most_nodes)
    return outcome(search, heap, values, finished)


@compiled_allocating
def outcome(
    search: Search, heap: Heap, values: NDArray[np.float64], finished: bool
) -> tuple[NDArray[np.bool_], int, float, bool]:
    """What a search has come to, as `best_batch` returns it."""
    most, total = 0.0, 0.0
    for value in values:
        most = max(most, value)
        total += value
    bound = min(upper_bound(search, heap) * most, total)
    return search.best.selected, search.counts[NODES], bound, finished
