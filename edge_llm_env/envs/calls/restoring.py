"""State of rows with agent tasks from outside, checked before any kernel reads it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.dynamics.simulation import Simulation
from edge_llm_env.dynamics.state import COUNTERS, PENDING, NodeState
from edge_llm_env.envs.restoring import MOST_COUNTED, check_within
from edge_llm_env.envs.restoring import checked_state as checked_node_state
from edge_llm_env.support.checking.states import check_numbers
from edge_llm_env.tasks.running.state import OF_CALLS, WAITING, TaskState

MAY_BE_INFINITE = ("ready_s",)
"""Of a call that waits for another."""


def checked_state(arrays: Mapping[str, NDArray], simulation: Simulation) -> TaskState:
    """A state that kernels can go on from; raises ValueError naming the array whose numbers they could not use."""
    given = {name: arrays[f"rows.{name}"] for name in TaskState._fields}
    check_within("rows.status", given["status"], 0, WAITING)
    of_node = {f"rows.{name}": given[name] for name in NodeState._fields}
    of_node["rows.status"] = np.where(given["status"] == WAITING, PENDING, given["status"]).astype(np.int8)
    of_node["rows.counters"] = np.ascontiguousarray(given["counters"][:, : len(COUNTERS)])
    checked_node_state(of_node, simulation)
    capacity, tokens = given["arrival_s"].shape[1], np.iinfo(np.int32).max
    for name in OF_CALLS:
        if given[name].shape[1] != capacity:
            raise ValueError(
                f"state['rows.{name}'] has room for {given[name].shape[1]} calls: must have as much as rows.arrival_s, "
                f"{capacity}"
            )
    for name in ("predecessors", "signals"):
        width = getattr(simulation.state, name).shape[2]
        if given[name].shape[2] != width:
            raise ValueError(f"state['rows.{name}'] has {given[name].shape[2]} numbers of a call: must have {width}")
    for name in (*OF_CALLS, "slot_reused_tokens", "kept_bytes"):
        if given[name].dtype.kind == "f":
            check_numbers(f"rows.{name}", given[name], may_be_infinite=name in MAY_BE_INFINITE)
            if (given[name] < 0).any():
                raise ValueError(f"state['rows.{name}'] has {given[name].min()}: every number must be at least 0")
    kinds, most = simulation.params.expected_calls_left.shape  # type: ignore[attr-defined]
    place = np.arange(capacity)
    used = place[None, :] < given["requests"][:, None]
    for name, high in (
        ("task_kind", kinds - 1),
        ("task_calls", most - 1),
        ("calls_served", most - 1),
        ("context_tokens", tokens),
        ("kept_tokens", tokens),
        ("cached_tokens", tokens),
        ("computed_tokens", MOST_COUNTED),
    ):
        check_within(f"rows.{name}", given[name], 0, high)
    check_within("rows.counters", given["counters"], 0, MOST_COUNTED)
    first, calls = given["task_first"], given["task_calls"]
    if (used & ((first < 0) | (first > place) | (first + calls > given["requests"][:, None]) | (calls < 1))).any():
        raise ValueError("state['rows.task_first']: must be a call of the row, at or before each of its task's calls")
    if (used & (first + calls <= place)).any():
        raise ValueError("state['rows.task_calls']: must reach to the last call of each task")
    back = given["predecessors"]
    if ((back < 0) | ((back > (place - first)[:, :, None]) & used[:, :, None])).any():
        raise ValueError("state['rows.predecessors']: must be places before each call within its task")
    return TaskState(**given)
