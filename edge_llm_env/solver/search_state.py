"""Where a best-first search over boxes stands."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.feasibility.rule import Rule
from edge_llm_env.solver.boxes import Levels, levels_of
from edge_llm_env.solver.candidates import Candidates
from edge_llm_env.solver.decisions import ItemSearch, item_search_of_size
from edge_llm_env.solver.item_search import Incumbent
from edge_llm_env.solver.linear_programme.relaxation import Relaxation, relaxation_of_size, reset_prices
from edge_llm_env.support.compilation.compiling import compiled, compiled_allocating

NODES, SEARCHING, DIVING, VISITED, PATIENCE, LIMIT = range(6)
"""Entries of `Search.counts`."""

FIRST_PATIENCE, MORE_PATIENCE = 500, 32
"""Nodes of the search of a single box after which its core is searched by dynamic programming, the first time only if
values are nearly proportional to costs; and how much longer each search of a core waits than the one before.
"""

BOUND, TARGET, GAP = range(3)
"""Entries of `Search.searched`."""

FIRST_GAP = 2.0**-7
"""A single box is first searched for batches this close to its bound, in units of the largest value."""


MOST_NODES, MOST_WORK, FEWEST_NODES = 2**20, 2**26, 1000
"""Of a search that is given no limit: nodes, nodes times requests, and the nodes that any search has at least."""


LEAST_ROUNDING, MOST_ROUNDING = 1e-6, 0.5
"""Of a step of values: what sums may be off by where they are small, and where they are too large for the step."""

MOST_ABOVE = 1024.0
"""Values above so many times the largest that can be had are as good as none; less far above, nothing is lost."""

EPSILON = 4e-16
"""What each addition can add to the difference of two sums of values, relative to the sums; a little more."""


class Search(NamedTuple):
    """A search and where it stands, beside its heap of boxes; values are in units of the largest."""

    levels: Levels
    relaxation: Relaxation
    """Of the box last loaded."""
    items: ItemSearch
    """Search of a single box, when SEARCHING."""
    best: Incumbent
    counts: NDArray[np.int64]
    """(6,) NODES, boxes bounded, requests branched on and lots of states; whether SEARCHING a single box; whether still
    DIVING for a first batch; nodes VISITED in that single box, and after how many PATIENCE with it ends; LIMIT of all
    nodes."""
    searched: NDArray[np.float64]
    """(3,) BOUND of the single box being searched, TARGET that its batches are searched for, GAP between them."""
    box: NDArray[np.int64]
    """(3, 2) the box last loaded: dimension, LOW and HIGH level."""
    whole: NDArray[np.int64]
    """(3, 2) a box while its halves are bounded."""
    halves: NDArray[np.int64]
    """(3, 2, 3, 2) the halves of a box, per dimension."""
    half_bounds: NDArray[np.float64]
    """(3, 2) their bounds."""
    worth: NDArray[np.float64]
    """(3, m) room for `edge_llm_env.solver.narrowing`."""


@compiled
def default_node_limit(requests: int) -> int:
    """Nodes of a search that is given no limit, some seconds of work: 2²⁰ up to 64 requests, fewer if more."""
    return max(FEWEST_NODES, min(MOST_NODES, MOST_WORK // max(requests, 1)))


@compiled_allocating
def begin_search(rule: Rule, candidates: Candidates, values: NDArray[np.float64], node_limit: int) -> Search:
    """A search that has visited nothing yet, and may visit so many nodes."""
    size = len(values)
    levels = levels_of(rule, candidates, values)
    among = len(levels.among)
    most = 0.0
    for i in levels.among:
        most = max(most, values[i])
    largest, total = 0.0, 0.0
    for value in values:
        if value <= MOST_ABOVE * most:
            largest = max(largest, value)
            total += value
    step = common_step(values, MOST_ABOVE * most, total)
    rounding = max(LEAST_ROUNDING, EPSILON * size * total / step) if step > 0.0 else 0.0
    if rounding > MOST_ROUNDING:
        step = 0.0
    boxes, numbers = np.zeros((2, 3, 2), dtype=np.int64), np.zeros((2, 3))
    search = Search(
        levels,
        relaxation_of_size(among),
        item_search_of_size(among, size),
        Incumbent(np.zeros(size, dtype=np.bool_), numbers[1], step / max(largest, 1e-300), rounding, largest),
        np.zeros(6, dtype=np.int64),
        numbers[0],
        boxes[0],
        boxes[1],
        np.zeros((3, 2, 3, 2), dtype=np.int64),
        np.zeros((3, 2)),
        np.zeros((3, max(among, 1))),
    )
    for k in range(among):
        search.relaxation.value[k] = values[levels.among[k]] / largest
    reset_prices(search.relaxation)
    search.counts[DIVING] = 1
    search.counts[PATIENCE] = FIRST_PATIENCE
    search.counts[LIMIT] = node_limit
    search.searched[GAP] = FIRST_GAP
    return search


@compiled
def common_step(values: NDArray[np.float64], most: float, total: float) -> float:
    """A number that all values up to `most` are whole multiples of; 0 if their sum, `total`, is too large for it."""
    step = 0.0
    for value in values:
        if value > most:
            continue
        larger, smaller = max(step, value), min(step, value)
        while smaller > 0.0:
            larger, smaller = smaller, larger % smaller
        step = larger
        if 0.0 < step < EPSILON * total:
            return 0.0
    return step
