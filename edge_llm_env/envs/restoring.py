"""State from outside, checked before any kernel reads it: whatever a kernel uses as an index lies within its array."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.dynamics.epoch import load_batch
from edge_llm_env.dynamics.modules import GROUPS
from edge_llm_env.dynamics.params import NodeParams, rule_of
from edge_llm_env.dynamics.simulation import Simulation
from edge_llm_env.dynamics.state import (
    COUNTERS,
    N_ARRIVED,
    N_EPOCHS,
    NOT_ARRIVED,
    RESERVED,
    NodeState,
)
from edge_llm_env.feasibility.batch import BatchSums
from edge_llm_env.feasibility.rule import is_feasible
from edge_llm_env.residency.residents import IDLE
from edge_llm_env.support.calling import direct
from edge_llm_env.support.checking.states import MOST_COUNTED, check_numbers, check_within
from edge_llm_env.support.compilation.compiling import compiled
from edge_llm_env.support.naming import shown

MAY_BE_INFINITE = ("slot_uplink_share", "slot_downlink_share", "batch", "busy_since_s")
"""Shares of a dead channel, the least slack of an empty batch, and when a class was busy that never was."""

MAY_BE_NEGATIVE = ("slot_slack_s", "batch", "busy_since_s", "reward_terms")
"""Of the arrays of numbers that are not whole."""

LEAST_SLACK = BatchSums._fields.index("least_slack_s")
"""Column of `NodeState.batch` that may be negative."""

Bounds = tuple[NDArray | int, NDArray | int]

BOUNDS: dict[str, Callable[[Simulation, NodeState], Bounds]] = {
    "requests": lambda simulation, state: (0, state.arrival_s.shape[1]),
    "prompt_tokens": lambda simulation, state: (0, np.iinfo(np.int32).max),
    "output_tokens": lambda simulation, state: (0, np.iinfo(np.int32).max),
    "true_output_tokens": lambda simulation, state: (0, np.iinfo(np.int32).max),
    "first_output_tokens": lambda simulation, state: (0, np.iinfo(np.int32).max),
    "status": lambda simulation, state: (NOT_ARRIVED, RESERVED),
    "oldest": lambda simulation, state: (0, state.requests),
    "visible": lambda simulation, state: (0, np.minimum(simulation.slots, state.requests)),
    "slot_request": lambda simulation, state: (0, max(0, state.arrival_s.shape[1] - 1)),
    "module_variant": lambda simulation, state: (IDLE, len(simulation.params.variant_accuracy) - 1),
    "served_by": lambda simulation, state: (IDLE, len(simulation.params.variant_accuracy) * GROUPS - 1),
    "request_class": lambda simulation, state: (0, simulation.classes - 1),
    "has_image": lambda simulation, state: (0, 1),
    "counters": lambda simulation, state: (0, MOST_COUNTED),
}
"""Between which the whole numbers of each array are, inclusive; every array of whole numbers is here."""


def checked_arrays(given: Any, expected: Mapping[str, tuple[np.dtype, tuple[int | None, ...]]]) -> dict[str, NDArray]:
    """Copies of arrays by name, each of its dtype and shape, in which None is any length.

    Raises TypeError for what is no mapping of arrays, ValueError for an array that is missing, unknown or otherwise.
    """
    if not isinstance(given, Mapping):
        raise TypeError(f"state = {shown(given)}: must be what state() returned, arrays by name")
    if unknown := [name for name in given if name not in expected]:
        raise ValueError(f"state[{unknown[0]!r}]: there is no such array, must be one that state() returned")
    arrays = {}
    for name, (dtype, shape) in expected.items():
        if name not in given:
            raise ValueError(f"state[{name!r}]: is required, as state() returned it")
        array = given[name]
        if not isinstance(array, np.ndarray):
            raise TypeError(f"state[{name!r}] = {shown(array)}: must be a NumPy array")
        same_kind = array.dtype.kind == "U" if dtype.kind == "U" else array.dtype == dtype
        if not same_kind:
            raise ValueError(f"state[{name!r}] has dtype {array.dtype}: must be {dtype}")
        fits = len(array.shape) == len(shape) and all(
            asked is None or is_ == asked for is_, asked in zip(array.shape, shape, strict=True)
        )
        if not fits:
            asked = ", ".join("any" if one is None else str(one) for one in shape)
            raise ValueError(f"state[{name!r}] has shape {array.shape}: must be ({asked})")
        arrays[name] = np.array(array, order="C")
    return arrays


def named_arrays(state: Any) -> dict[str, NDArray]:
    """The arrays of a state by name; those of a state within it as `nodes.name`."""
    arrays: dict[str, NDArray] = {}
    for name, one in state._asdict().items():
        arrays |= (
            {f"{name}.{of}": array for of, array in named_arrays(one).items()}
            if hasattr(one, "_asdict")
            else {name: one}
        )
    return arrays


def expected_arrays(state: Any, growing: tuple[str, ...]) -> dict[str, tuple[np.dtype, tuple[int | None, ...]]]:
    """Dtypes and shapes of a state's arrays; of the `growing` ones, (rows, requests, …), only the rows are given."""
    return {
        f"rows.{name}": (array.dtype, (len(array), *[None] * (array.ndim - 1)) if name in growing else array.shape)
        for name, array in named_arrays(state).items()
    }


def checked_state(arrays: Mapping[str, NDArray], simulation: Simulation) -> NodeState:
    """A state that kernels can go on from; raises ValueError naming the array whose numbers they could not use."""
    state = NodeState(**{name: arrays[f"rows.{name}"] for name in NodeState._fields})
    _check_room(state, simulation)
    for name, array in state._asdict().items():
        if array.dtype.kind == "f":
            check_numbers(f"rows.{name}", array, may_be_infinite=name in MAY_BE_INFINITE)
            if name not in MAY_BE_NEGATIVE and (array < 0).any():
                raise ValueError(f"state['rows.{name}'] has {array.min()}: every number must be at least 0")
        elif array.dtype.kind != "b":
            low, high = BOUNDS[name](simulation, state)
            check_within(f"rows.{name}", array, low, high)
    _check_requests(state)
    _check_batches(simulation, state)
    if simulation.params.carries_over:
        whole_bits = state.prompt_tokens * simulation.params.uplink_bits_per_token
        if ((state.sent_bits < 0) | (state.sent_bits > whole_bits)).any():
            raise ValueError("state['rows.sent_bits']: must be at least 0 and at most the upload's bits")
    check_within("rows.counters (epochs)", state.counters[:, N_EPOCHS], 0, simulation.params.episode_epochs)
    if state.action_mask.shape[1] and not state.action_mask[:, -1].all():
        raise ValueError("state['rows.action_mask'] closes the last action of a row: must leave it open")
    if (state.accuracy_requirement > 1).any():
        raise ValueError("state['rows.accuracy_requirement']: every number must be in 0..1")
    needed = state.slot_uplink_share + state.slot_downlink_share
    if (state.action_mask[:, : simulation.slots] & np.isinf(needed)).any():
        raise ValueError("state['rows.action_mask'] opens a slot whose channel is dead: must leave it closed")
    return state


def checked_generators(texts: NDArray) -> list[np.random.Generator]:
    """Generators from their states as JSON; raises ValueError for what is none."""
    generators = []
    for row, text in enumerate(texts.tolist()):
        generator = np.random.Generator(np.random.PCG64(0))
        try:
            generator.bit_generator.state = json.loads(text)
        except (ValueError, TypeError, KeyError, OverflowError, AttributeError, RecursionError) as error:
            raise ValueError(
                f"state['generators'][{row}] = {shown(text)}: must be a state of PCG64 as JSON ({shown(error)})"
            ) from None
        generators.append(generator)
    return generators


def _check_room(state: NodeState, simulation: Simulation) -> None:
    """All arrays over requests have room for as many, and gains for both directions and a block."""
    capacity = state.arrival_s.shape[1]
    for name in (one for one in simulation.per_request if one in state._fields):  # others have checks of their own
        array = getattr(state, name)
        if array.shape[1] != capacity:
            raise ValueError(
                f"state['rows.{name}'] has room for {array.shape[1]} requests: must have as much as "
                f"rows.arrival_s, {capacity}"
            )
    directions, blocks = state.gain.shape[2:]
    if directions not in (1, 2) or blocks < 1:
        raise ValueError(f"state['rows.gain'] has shape {state.gain.shape}: must have 1 or 2 directions, and blocks")
    foreseen = simulation.state.usual_gain.shape[2]
    if state.usual_gain.shape[2] != foreseen:
        raise ValueError(f"state['rows.usual_gain'] has shape {state.usual_gain.shape}: must have {foreseen} blocks")
    if simulation.params.believes and state.true_gain.shape != state.gain.shape:
        raise ValueError(
            f"state['rows.true_gain'] has shape {state.true_gain.shape}: must have that of gains, {state.gain.shape}"
        )


def _check_batches(simulation: Simulation, state: NodeState) -> None:
    """Batches under way are such as an environment admits."""
    if (np.delete(state.batch, LEAST_SLACK, axis=1) < 0).any() or (state.batch[:, 0] > simulation.slots).any():
        raise ValueError("state['rows.batch']: must be sums over requests in slots, at least 0")
    row = direct(first_infeasible)(simulation.params, state)
    if row >= 0:
        raise ValueError(f"state['rows.batch'][{row}] cannot be served: must be a feasible batch")


@compiled
def first_infeasible(params: NodeParams, state: NodeState) -> int:
    """The first row whose batch the rule of feasibility refuses, -1 if there is none."""
    rule = rule_of(params)
    for row in range(len(state.requests)):
        if not is_feasible(rule, load_batch(state, row)):
            return row
    return -1


def _check_requests(state: NodeState) -> None:
    """Requests stand in the order of arrival, those that have arrived before the others, and slots in that order."""
    for row, (count, visible) in enumerate(zip(state.requests.tolist(), state.visible.tolist(), strict=True)):
        arrived = int(state.counters[row, N_ARRIVED])
        if arrived > count:
            raise ValueError(f"state['rows.counters'] has {arrived} {COUNTERS[N_ARRIVED]}: must be in 0..{count}")
        arrival_s = state.arrival_s[row, :count]
        if (arrival_s < 0).any() or (np.diff(arrival_s) < 0).any():
            raise ValueError(f"state['rows.arrival_s'][{row}]: must be ascending and at least 0")
        shown_ = state.slot_request[row, :visible]
        if visible and (shown_[-1] >= arrived or (np.diff(shown_) <= 0).any()):
            raise ValueError(
                f"state['rows.slot_request'][{row}] has {shown(shown_.tolist())}: must be ascending and below the "
                f"{arrived} arrived"
            )
        if (state.status[row, arrived:count] != NOT_ARRIVED).any():
            raise ValueError(f"state['rows.status'][{row}]: must be {NOT_ARRIVED} for what has not arrived")
