"""State of rows with agent tasks from outside, checked before any kernel reads it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.dynamics.simulation import Simulation
from edge_llm_env.dynamics.state import COUNTERS, PENDING, NodeState
from edge_llm_env.envs.restoring import checked_state as checked_node_state
from edge_llm_env.support.checking.states import check_numbers, check_within
from edge_llm_env.task_dynamics.checking import check_calls_of_rows
from edge_llm_env.task_dynamics.params import tasks_of
from edge_llm_env.task_dynamics.state import WAITING, TaskState


def checked_state(arrays: Mapping[str, NDArray], simulation: Simulation) -> TaskState:
    """A state that kernels can go on from; raises ValueError naming the array whose numbers they could not use."""
    given = {name: arrays[f"rows.{name}"] for name in TaskState._fields}
    check_within("rows.status", given["status"], 0, WAITING)
    of_node = {f"rows.{name}": given[name] for name in NodeState._fields}
    of_node["rows.status"] = np.where(given["status"] == WAITING, PENDING, given["status"]).astype(np.int8)
    of_node["rows.counters"] = np.ascontiguousarray(given["counters"][:, : len(COUNTERS)])
    checked_node_state(of_node, simulation)
    for name in ("slot_reused_tokens", "kept_bytes", "swapped_bytes", "moving_s"):
        check_numbers(f"rows.{name}", given[name])
        if (given[name] < 0).any():
            raise ValueError(f"state['rows.{name}'] has {given[name].min()}: every number must be at least 0")
    check_within("rows.in_kept", given["in_kept"], 0, given["kept"].shape[1])
    check_within("rows.kept", given["kept"], 0, max(0, given["status"].shape[1] - 1))
    check_calls_of_rows(given, tasks_of(simulation.scenario))
    return TaskState(**given)
