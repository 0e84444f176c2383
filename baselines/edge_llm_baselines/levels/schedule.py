"""A whole episode of `ServiceLevel-v0` decided: what a policy did, and a schedule as a policy that plays it."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_llm_baselines.playing.play import MakePolicy, Policy, play
from edge_llm_baselines.playing.policy import rows_of
from edge_llm_baselines.playing.roll_out import vector_of
from edge_llm_baselines.residency.clairvoyant.replay import NOBODY, Assignment
from edge_llm_env.dynamics.modules import GROUPS
from edge_llm_env.dynamics.settling.variants import groups_of
from edge_llm_env.dynamics.simulation import Simulation
from edge_llm_env.dynamics.state import N_EPOCHS
from edge_llm_env.envs.service_level.levels import load_targets
from edge_llm_env.envs.service_level.table import table_of
from edge_llm_env.envs.suite import SERVICE_LEVEL
from edge_llm_env.scenarios.schema import Scenario
from edge_llm_env.support.calling import direct
from edge_llm_env.workload.workload import Workload


class LevelSchedule(NamedTuple):
    """What modules load, and who is served when at which level."""

    targets: NDArray[np.int64]
    """(epochs, M) as the actions have them: 0, as it is, or 1 + a variant."""
    assignment: Assignment
    """Modules of all groups, and the group that serves each request."""
    compression: NDArray[np.int64]
    """(requests,) of each that is served; else 0."""


class ScheduledLevels:
    """A schedule as a policy of an environment of one row; whom the row does not show is not served."""

    def __init__(self, env: Any, schedule: LevelSchedule) -> None:
        ((self._simulation, _),) = rows_of(env)
        self._schedule = schedule

    def predict(
        self, observation: NDArray[np.float32], state: Any = None, episode_start: Any = None, deterministic: bool = True
    ) -> tuple[NDArray[np.int64], Any]:
        """The action of the present epoch, (1, Q + M); `state` passes through unchanged."""
        row, schedule = self._simulation.state, self._schedule
        epoch = int(row.counters[0, N_EPOCHS])
        groups = len(self._simulation.params.variant_accuracy) * GROUPS
        requests = row.slot_request[0, : row.visible[0]]
        served_by = schedule.assignment.served_by[requests]
        compressions = len(table_of(self._simulation.scenario).ratio)
        levels = np.zeros(self._simulation.slots, dtype=np.int64)
        now = np.flatnonzero((served_by != NOBODY) & (served_by // groups == epoch))
        levels[now] = 1 + served_by[now] % groups * compressions + schedule.compression[requests[now]]
        return np.concatenate((levels, schedule.targets[epoch]))[None], state


class _Watched:
    """A policy that notes, before each step, whom the row shows, the action and the groups that compute after it."""

    def __init__(self, policy: Policy, simulation: Simulation) -> None:
        self._policy, self._simulation = policy, simulation
        self.shown: NDArray[np.int64] = np.zeros(0, dtype=np.int64)
        self.actions: list[NDArray[np.int64]] = []
        self.modules: list[NDArray[np.int64]] = []

    def predict(
        self, observation: Any, state: Any = None, episode_start: Any = None, deterministic: bool = True
    ) -> tuple[Any, Any]:
        """The policy's own."""
        actions, later = self._policy.predict(observation, state, episode_start, deterministic)
        row = self._simulation.state
        self.shown = row.slot_request[0, : row.visible[0]].copy()
        self.actions.append(np.array(actions[0], dtype=np.int64))
        self.modules.append(_sizes_with(self._simulation, self.actions[-1]))
        return actions, later


def _sizes_with(simulation: Simulation, action: NDArray[np.int64]) -> NDArray[np.int64]:
    """Modules of each group, (G·GROUPS,), once they have begun to load what an action says."""
    params, state = simulation.params, simulation.state
    hosts, ready_s = state.module_variant[0].copy(), state.module_ready_s[0].copy()
    try:
        direct(load_targets)(params, state, 0, action, simulation.slots)
        return direct(groups_of)(params, state, 0)[0]
    finally:
        state.module_variant[0], state.module_ready_s[0] = hosts, ready_s


def replayed_levels(make: MakePolicy, scenario: Scenario, workload: Workload) -> LevelSchedule:
    """What a policy does on a workload."""
    env = vector_of(SERVICE_LEVEL, scenario, [workload])
    try:
        ((simulation, _),) = rows_of(env)
        watched, compressions = _Watched(make(env), simulation), len(table_of(scenario).ratio)
        served_by = np.full(workload.requests, NOBODY)
        compression = np.zeros(workload.requests, dtype=np.int64)
        for epoch, _ in enumerate(play(env, watched, workloads=[workload])):
            group = simulation.state.served_by[0, : len(watched.shown)]
            served = np.flatnonzero(group != NOBODY)
            served_by[watched.shown[served]] = epoch * len(watched.modules[0]) + group[served]
            compression[watched.shown[served]] = (watched.actions[-1][served] - 1) % compressions
        targets = np.array(watched.actions)[:, simulation.slots :]
        return LevelSchedule(targets, Assignment(np.concatenate(watched.modules), served_by), compression)
    finally:
        env.close()


def modules_of(scenario: Scenario, workload: Workload, targets: NDArray[np.int64]) -> NDArray[np.int64]:
    """Modules of each group in each epoch, (epochs · G · GROUPS,), where modules load what `targets`, (epochs, M), say.

    They load whoever is served, so that a run that serves nobody tells.
    """
    nobody = Assignment(np.zeros(0, dtype=np.int64), np.full(workload.requests, NOBODY))
    idle = LevelSchedule(targets, nobody, np.zeros(workload.requests, dtype=np.int64))
    return replayed_levels(lambda env: ScheduledLevels(env, idle), scenario, workload).assignment.modules
