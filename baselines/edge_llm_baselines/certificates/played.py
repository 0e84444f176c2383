"""Schedules that policies play, so that what they were charged for waiting can be told."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from edge_llm_baselines.hindsight.episode import NEVER
from edge_llm_baselines.playing.play import MakePolicy, play
from edge_llm_baselines.playing.roll_out import vector_of
from edge_llm_env.dynamics.state import N_EPOCHS, SERVED
from edge_llm_env.scenarios.schema import Scenario
from edge_llm_env.workload.workload import Workload


def played_schedules(
    make_policy: MakePolicy, env_id: str, scenario: Scenario, workloads: Sequence[Workload]
) -> list[NDArray[np.int64]]:
    """Of each workload the epoch, from 0, in which a policy serves each request, or NEVER; deterministic.

    Raises ValueError for no workload.
    """
    env = vector_of(env_id, scenario, workloads)
    schedules = [np.full(workload.requests, NEVER, dtype=np.int64) for workload in workloads]
    try:
        simulation = env.unwrapped.simulation
        before = np.zeros(len(workloads), dtype=np.int64)

        def begin() -> None:
            before[:] = simulation.state.counters[:, N_EPOCHS]

        for _ in play(env, make_policy(env), workloads=workloads, begun=begin):
            for row, schedule in enumerate(schedules):
                served = simulation.state.status[row, : len(schedule)] == SERVED
                schedule[served & (schedule == NEVER)] = before[row]
            begin()
    finally:
        env.close()
    return schedules
