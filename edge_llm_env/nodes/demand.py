"""What has been asked for lately, by cell and class: what shows where a crowd is, and what it will ask for next."""

from __future__ import annotations

import math

from edge_llm_env.dynamics.demand import BUSY_SHARE, REMEMBERED
from edge_llm_env.dynamics.state import class_of
from edge_llm_env.nodes.state import NetworkState
from edge_llm_env.support.compilation.compiling import compiled


@compiled
def begin_demand(state: NetworkState, row: int) -> None:
    """Nothing has been asked for."""
    state.arrivals[row] = 0.0
    state.recent_arrivals[row] = 0.0
    state.hot[row] = False
    state.hot_since_s[row] = math.inf


@compiled
def note_arrivals(state: NetworkState, row: int, first: int, last: int, passed_s: float) -> None:
    """So much time has passed, in which the requests from `first` to before `last` have arrived."""
    epochs, cells, classes = state.arrivals.shape[1:]
    servers = len(state.nodes.requests) // len(state.cell)
    for epoch in range(epochs - 1, 0, -1):
        for cell in range(cells):
            for each in range(classes):
                state.arrivals[row, epoch, cell, each] = state.arrivals[row, epoch - 1, cell, each]
    if epochs > 0:
        state.arrivals[row, 0] = 0.0
        for request in range(first, last):
            each = class_of(state.nodes, row * servers, request)
            state.arrivals[row, 0, state.cell[row, request], each] += 1.0
    for cell in range(cells):
        for each in range(classes):
            state.recent_arrivals[row, cell, each] *= REMEMBERED
    for request in range(first, last):
        each = class_of(state.nodes, row * servers, request)
        state.recent_arrivals[row, state.cell[row, request], each] += 1.0
    for cell in range(cells):
        for each in range(classes):
            hot = is_hot(state, row, cell, each)
            begins = hot and not state.hot[row, cell, each]
            state.hot_since_s[row, cell, each] = 0.0 if begins else state.hot_since_s[row, cell, each] + passed_s
            state.hot[row, cell, each] = hot


@compiled
def is_hot(state: NetworkState, row: int, cell: int, each: int) -> bool:
    """Whether a class's share of its cell's recent arrivals is well above an equal one; without classes, the cell's.

    BUSY_SHARE times as large.
    """
    cells, classes = state.recent_arrivals.shape[1:]
    total = 0.0
    if classes > 1:
        for other in range(classes):
            total += state.recent_arrivals[row, cell, other]
        return total > 0.0 and state.recent_arrivals[row, cell, each] * classes >= BUSY_SHARE * total
    for other in range(cells):
        total += state.recent_arrivals[row, other, 0]
    return total > 0.0 and state.recent_arrivals[row, cell, each] * cells >= BUSY_SHARE * total
