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
from edge_llm_env.support.compiling import compiled, compiled_allocating

NODES, SEARCHING, DIVING = range(3)
"""Entries of `Search.counts`."""

BOUND, TARGET, GAP = range(3)
"""Entries of `Search.searched`."""

FIRST_GAP = 2.0**-7
"""A single box is first searched for batches this close to its bound, in units of the largest value."""


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
        np.zeros(3),
        np.zeros((3, 2), dtype=np.int64),
        np.zeros((3, 2), dtype=np.int64),
        np.zeros((3, 2, 3, 2), dtype=np.int64),
        np.zeros((3, 2)),
        np.zeros((3, max(among, 1))),
    )
    for k in range(among):
        search.relaxation.value[k] = values[levels.among[k]] / largest
    reset_prices(search.relaxation)
    search.counts[DIVING] = 1
    search.searched[GAP] = FIRST_GAP
    return search


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
