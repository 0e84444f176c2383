"""An engine's state from outside, checked before any kernel reads it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.engine.actions import refresh_mask
from edge_llm_env.engine.call_state import TaskEngineState
from edge_llm_env.engine.rows.calls import TaskEngineSimulation
from edge_llm_env.engine.simulation import EngineSimulation
from edge_llm_env.engine.state import N_EPOCHS, N_RUNNING, REJECTED, UPLOADING, EngineState
from edge_llm_env.support.calling import direct
from edge_llm_env.support.checking.states import MOST_COUNTED, check_numbers, check_within
from edge_llm_env.task_dynamics.checking import check_calls_of_rows
from edge_llm_env.task_dynamics.params import tasks_of

MAY_BE_INFINITE = ("visible_s", "first_due_s", "first_s", "last_s")
"""Over a channel without a rate, and before a token is computed."""

OF_TRANSFERS = ("upload_s", "download_s")
"""Of calls; infinite over a channel without a rate."""

LONGEST_TOKENS = int(np.iinfo(np.int32).max)

Bound = NDArray | int

BOUNDS: dict[str, Callable[[EngineSimulation, EngineState], tuple[Bound, Bound]]] = {
    "requests": lambda simulation, state: (0, state.status.shape[1]),
    "prompt_tokens": lambda simulation, state: (0, LONGEST_TOKENS),
    "output_tokens": lambda simulation, state: (0, LONGEST_TOKENS),
    "told_tokens": lambda simulation, state: (0, LONGEST_TOKENS),
    "service_class": lambda simulation, state: (0, len(simulation.params.class_ttft_s) - 1),
    "order": lambda simulation, state: (0, max(0, state.status.shape[1] - 1)),
    "status": lambda simulation, state: (UPLOADING, REJECTED),
    "target": lambda simulation, state: (0, LONGEST_TOKENS),
    "cached": lambda simulation, state: (0, LONGEST_TOKENS),
    "generated": lambda simulation, state: (0, LONGEST_TOKENS),
    "next_arrival": lambda simulation, state: (0, state.requests),
    "next_visible": lambda simulation, state: (0, state.requests),
    "next_beyond": lambda simulation, state: (0, state.next_visible),
    "host_free": lambda simulation, state: (0, simulation.params.host_blocks),
    "free_blocks": lambda simulation, state: (0, simulation.params.blocks),
    "running": lambda simulation, state: (0, max(0, state.status.shape[1] - 1)),
    "waiting": lambda simulation, state: (0, max(0, state.status.shape[1] - 1)),
    "in_slots": lambda simulation, state: (0, state.waiting.shape[1] - state.counters[:, N_RUNNING]),
    "last_budget": lambda simulation, state: (0, int(simulation.params.budgets[-1])),
    "counters": lambda simulation, state: (0, MOST_COUNTED),
}
"""Between which the whole numbers of each array are, inclusive; every array of whole numbers is here."""


def checked_engine_state(arrays: Mapping[str, NDArray], simulation: EngineSimulation) -> EngineState:
    """A state that kernels can go on from; raises ValueError naming the array whose numbers they could not use."""
    state = EngineState(**{name: arrays[f"rows.{name}"] for name in EngineState._fields})
    check_rows(state, simulation, MAY_BE_INFINITE)
    _check_mask(state, simulation)
    return state


def checked_task_engine_state(arrays: Mapping[str, NDArray], simulation: TaskEngineSimulation) -> TaskEngineState:
    """The same of rows with agent tasks."""
    given = {name: arrays[f"rows.{name}"] for name in TaskEngineState._fields}
    state = TaskEngineState(**given)
    check_rows(state, simulation, (*MAY_BE_INFINITE, "tpot_s"))
    check_calls_of_rows(given, tasks_of(simulation.scenario))
    for name in OF_TRANSFERS:
        check_numbers(f"rows.{name}", given[name], may_be_infinite=True)
    check_within("rows.reused_tokens", state.reused_tokens, 0, LONGEST_TOKENS)
    for name, high in (
        ("known", state.requests),
        ("oldest", state.requests),
        ("kept_blocks", simulation.params.blocks),
        ("in_kept", simulation.params.running_slots),
        ("kept", max(0, state.status.shape[1] - 1)),
    ):
        check_within(f"rows.{name}", given[name], 0, high)
    if (state.known < state.next_visible).any():
        raise ValueError("state['rows.known']: must be at least next_visible")
    used = np.arange(state.status.shape[1]) < state.requests[:, None]
    if (state.known + (used & np.isinf(state.ready_s)).sum(axis=1) > state.requests).any():
        raise ValueError("state['rows.known']: must leave room in rows.order for calls that wait for others")
    _check_mask(state, simulation)  # which lists the caches anew
    return state


def check_rows(state: EngineState, simulation: EngineSimulation, may_be_infinite: tuple[str, ...]) -> None:
    """Raise ValueError naming the array of an engine whose numbers kernels could not use."""
    capacity = state.status.shape[1]
    for name in simulation.per_request:
        if getattr(state, name).shape[1] != capacity:
            raise ValueError(f"state['rows.{name}'] has room for other than {capacity} requests: must have as much")
    check_within("rows.counters (running)", state.counters[:, N_RUNNING], 0, simulation.params.running_slots)
    check_within("rows.counters (epochs)", state.counters[:, N_EPOCHS], 0, simulation.params.episode_epochs)
    for name in EngineState._fields:
        array = getattr(state, name)
        if array.dtype.kind == "f":
            check_numbers(f"rows.{name}", array, may_be_infinite=name in may_be_infinite)
        elif array.dtype.kind != "b":
            check_within(f"rows.{name}", array, *BOUNDS[name](simulation, state))
    _check_running(state)


def _check_running(state: EngineState) -> None:
    """Who runs has tokens to come: iterations then come to their end."""
    for row, count in enumerate(state.counters[:, N_RUNNING].tolist()):
        runs = state.running[row, :count]
        if (state.generated[row, runs] >= state.output_tokens[row, runs]).any() or (state.target[row, runs] < 1).any():
            raise ValueError(f"state['rows.generated'][{row}]: must be less than the output of each who runs")
        if len(set(runs.tolist())) < count:
            raise ValueError(f"state['rows.running'][{row}]: must be {count} different requests")


def _check_mask(state: EngineState, simulation: EngineSimulation) -> None:
    """The mask is what follows from the rest."""
    given = state.action_mask.copy()
    for row in range(len(given)):
        direct(refresh_mask)(simulation.params, state, row)
        if (given[row] != state.action_mask[row]).any():
            raise ValueError(f"state['rows.action_mask'][{row}]: must be open where the rest of the state has it")
