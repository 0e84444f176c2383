"""A rack's state from outside, checked before any kernel reads it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.rack.simulation import RackSimulation
from edge_llm_env.rack.state import (
    N_ARRIVED,
    N_EPOCHS,
    N_GROUP,
    N_ON,
    N_PENDING,
    N_READY,
    NOT_ARRIVED,
    PENDING,
    REJECTED,
    RackState,
)
from edge_llm_env.residency.residents import IDLE

MOST_COUNTED = 2**62
"""Of a counter, which goes on from there."""

MAY_BE_NEGATIVE = ("reward_terms",)
"""Of the arrays of numbers that are not whole."""


def checked_rack_state(arrays: Mapping[str, NDArray], simulation: RackSimulation) -> RackState:
    """A state that kernels can go on from; raises ValueError naming the array whose numbers they could not use."""
    state, params = RackState(**{name: arrays[f"rows.{name}"] for name in RackState._fields}), simulation.params
    capacity = state.status.shape[1]
    for name in simulation.per_request:
        if getattr(state, name).shape[1] != capacity:
            raise ValueError(f"state['rows.{name}'] has room for other than {capacity} requests: must have as much")
    for name, array in state._asdict().items():
        if array.dtype.kind == "f":
            if not np.isfinite(array).all():
                raise ValueError(f"state['rows.{name}'] has {array[~np.isfinite(array)][0]}: must be finite")
            if name not in MAY_BE_NEGATIVE and (array < 0).any():
                raise ValueError(f"state['rows.{name}'] has {array.min()}: every number must be at least 0")
    longest = np.iinfo(np.int32).max
    for name, low, high in (
        ("requests", 0, capacity),
        ("output_tokens", 0, longest),
        ("status", NOT_ARRIVED, REJECTED),
        ("oldest", 0, state.requests),
        ("feeder_counts", 0, longest),
        ("arrived_in", 0, longest),
        ("module_on", IDLE, 0),
        ("counters", 0, MOST_COUNTED),
    ):
        _check_within(name, getattr(state, name), low, high)
    for column, most in ((N_EPOCHS, params.episode_epochs), (N_ARRIVED, state.requests)):
        _check_within("counters", state.counters[:, column], 0, most)
    sizes = state.counters[:, N_GROUP]
    wrong = ~np.isin(sizes, params.group_sizes)
    if wrong.any():
        raise ValueError(
            f"state['rows.counters'] has {sizes[wrong][0]} modules per group: must be one of "
            f"{params.group_sizes.tolist()}"
        )
    _check_counts(state)
    return state


def _check_within(name: str, array: NDArray, low: int, high: NDArray | int) -> None:
    bad = (array < low) | (array > high)
    if bad.any():
        most = np.broadcast_to(high, array.shape)[bad][0]
        raise ValueError(f"state['rows.{name}'] has {array[bad][0]}: must be in {low}..{most}")


def _check_counts(state: RackState) -> None:
    """What is counted of modules and of waiting requests is what there is."""
    on = state.module_on != IDLE
    for column, counted in ((N_ON, on), (N_READY, on & (state.module_ready_s == 0))):
        if (state.counters[:, column] != counted.sum(axis=1)).any():
            raise ValueError("state['rows.counters']: must count the modules of rows.module_on that are on and ready")
    if (state.module_ready_s[~on] != 0).any():
        raise ValueError("state['rows.module_ready_s']: must be 0 of modules that are off")
    for row, (oldest, arrived) in enumerate(
        zip(state.oldest.tolist(), state.counters[:, N_ARRIVED].tolist(), strict=True)
    ):
        status = state.status[row]
        waiting = int((status[:arrived] == PENDING).sum())
        if state.counters[row, N_PENDING] != waiting or (status[:oldest] == PENDING).any():
            raise ValueError(f"state['rows.status'][{row}]: must be pending where the counters have it")
        if (status[arrived:] != NOT_ARRIVED).any():
            raise ValueError(f"state['rows.status'][{row}]: must be {NOT_ARRIVED} for what has not arrived")
