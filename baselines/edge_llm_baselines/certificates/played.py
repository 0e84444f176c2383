"""Schedules that policies play, so that what they were charged for waiting can be told."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from edge_llm_baselines.hindsight.episode import NEVER
from edge_llm_baselines.playing.play import MakePolicy, play
from edge_llm_baselines.playing.roll_out import vector_of
from edge_llm_baselines.uploads.episode import UploadEpisode
from edge_llm_env.dynamics.state import N_EPOCHS, SERVED, NodeState
from edge_llm_env.scenarios.schema import Scenario
from edge_llm_env.workload.workload import Workload


def played_schedules(
    make_policy: MakePolicy, env_id: str, scenario: Scenario, workloads: Sequence[Workload]
) -> list[NDArray[np.int64]]:
    """Of each workload the epoch, from 0, in which a policy serves each request, or NEVER; deterministic.

    Raises ValueError for no workload.
    """
    schedules = [np.full(workload.requests, NEVER, dtype=np.int64) for workload in workloads]
    for epoch, state in _epochs_played(make_policy, env_id, scenario, workloads):
        for row, schedule in enumerate(schedules):
            served = state.status[row, : len(schedule)] == SERVED
            schedule[served & (schedule == NEVER)] = epoch[row]
    return schedules


def played_uploads(
    make_policy: MakePolicy, env_id: str, scenario: Scenario, workloads: Sequence[Workload]
) -> list[NDArray[np.float64]]:
    """(2k,) of each workload: of each chance the part of its upload that a policy sends, then whether it completes it.

    In the order of `UploadEpisode`. Raises ValueError for no workload, and where uploads do not carry over.
    """
    episodes = [UploadEpisode.of_workload(scenario, workload) for workload in workloads]
    sent = [np.zeros((1 + scenario.epoch.episode_epochs, workload.requests)) for workload in workloads]
    served = [np.zeros_like(one) for one in sent]
    for epoch, state in _epochs_played(make_policy, env_id, scenario, workloads):
        for row, workload in enumerate(workloads):
            bits = workload.prompt_tokens * scenario.radio.uplink_bits_per_token
            sent[row][1 + epoch[row]] = state.sent_bits[row, : workload.requests] / bits
            served[row][1 + epoch[row]] = state.status[row, : workload.requests] == SERVED
    return [
        np.concatenate([np.diff(one, axis=0)[episode.epoch, episode.request] for one in (parts, completed)])
        for episode, parts, completed in zip(episodes, sent, served, strict=True)
    ]


def _epochs_played(
    make_policy: MakePolicy, env_id: str, scenario: Scenario, workloads: Sequence[Workload]
) -> Iterator[tuple[NDArray[np.int64], NodeState]]:
    """After each step the epoch, (workloads,) from 0, that it was in, and the state that it left."""
    env = vector_of(env_id, scenario, workloads)
    try:
        simulation = env.unwrapped.simulation
        before = np.zeros(len(workloads), dtype=np.int64)

        def begin() -> None:
            before[:] = simulation.state.counters[:, N_EPOCHS]

        for _ in play(env, make_policy(env), workloads=workloads, begun=begin):
            yield before, simulation.state
            begin()
    finally:
        env.close()
