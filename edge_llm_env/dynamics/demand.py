"""What has been asked for lately, by class: what of it shows which class will be asked for next."""

from __future__ import annotations

import math

from edge_llm_env.dynamics.params import NodeParams
from edge_llm_env.dynamics.state import N_ARRIVED, NodeState, class_of
from edge_llm_env.support.compilation.compiling import compiled

REMEMBERED = 0.5
"""Of the weight of an arrival, what is left of it an epoch later."""

BUSY_SHARE = 1.5
"""A class is busy while its share of recent arrivals is at least so many times that of equal shares."""


@compiled
def begin_demand(params: NodeParams, state: NodeState, row: int) -> None:
    """Nothing has been asked for but what has arrived before the first epoch."""
    for each in range(state.recent_arrivals.shape[1]):
        state.recent_arrivals[row, each] = 0.0
        state.busy_since_s[row, each] = math.inf
    note_arrivals(params, state, row, 0)


@compiled
def note_arrivals(params: NodeParams, state: NodeState, row: int, before: int) -> None:
    """An epoch has passed, in which the requests from number `before` on have arrived."""
    classes, arrived = state.recent_arrivals.shape[1], state.counters[row, N_ARRIVED]
    total = recent_total(state, row)
    total_now = total * REMEMBERED + (arrived - before)
    for each in range(classes):
        was_busy = is_busy(state, row, each, total)
        state.recent_arrivals[row, each] *= REMEMBERED
        for request in range(before, arrived):
            state.recent_arrivals[row, each] += class_of(state, row, request) == each
        begins = is_busy(state, row, each, total_now) and not was_busy
        state.busy_since_s[row, each] = 0.0 if begins else state.busy_since_s[row, each] + params.epoch_s


@compiled
def recent_total(state: NodeState, row: int) -> float:
    """Recent arrivals of all classes, an epoch's counting half as much as the next one's."""
    total = 0.0
    for each in range(state.recent_arrivals.shape[1]):
        total += state.recent_arrivals[row, each]
    return total


@compiled
def is_busy(state: NodeState, row: int, each: int, total: float) -> bool:
    """Whether a class is busy, where recent arrivals of all classes are `total`."""
    return total > 0.0 and state.recent_arrivals[row, each] * state.recent_arrivals.shape[1] >= BUSY_SHARE * total
