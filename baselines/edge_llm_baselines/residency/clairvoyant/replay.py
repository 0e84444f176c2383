"""What a policy did on a workload: how modules were divided, and who was served by whom."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_llm_baselines.playing.play import MakePolicy, Policy, play
from edge_llm_baselines.playing.policy import rows_of
from edge_llm_baselines.playing.roll_out import vector_of
from edge_llm_env.dynamics.modules import GROUPS, groups_after_moving
from edge_llm_env.dynamics.simulation import Simulation
from edge_llm_env.dynamics.values.partition import wanted_modules
from edge_llm_env.scenarios.schema import Scenario
from edge_llm_env.workload.workload import Workload

NOBODY = -1
"""The group of a request that none serves."""


class Assignment(NamedTuple):
    """Who is served by which group of modules: group (epoch · G + variant) · GROUPS has loaded, the
    next loads in that epoch.
    """

    modules: NDArray[np.int64]
    """(epochs · G · GROUPS,) modules of each group."""
    served_by: NDArray[np.int64]
    """(requests,) the group that serves each request, or NOBODY."""

    @property
    def value(self) -> int:
        """Requests that are served."""
        return int((self.served_by != NOBODY).sum())


class _Watched:
    """A policy that notes, before each step, whom the row shows and how its action divides the modules."""

    def __init__(self, policy: Policy, simulation: Simulation) -> None:
        self._policy, self._simulation = policy, simulation
        self.shown: NDArray[np.int64] = np.zeros(0, dtype=np.int64)
        self.modules: list[NDArray[np.int64]] = []

    def predict(
        self, observation: Any, state: Any = None, episode_start: Any = None, deterministic: bool = True
    ) -> tuple[Any, Any]:
        """The policy's own."""
        actions, later = self._policy.predict(observation, state, episode_start, deterministic)
        params, row = self._simulation.params, self._simulation.state
        self.shown = row.slot_request[0, : row.visible[0]].copy()
        variants = len(params.variant_accuracy)
        sizes, ready_s = np.zeros(variants * GROUPS, dtype=np.int64), np.zeros(variants * GROUPS)
        action = np.asarray(actions[0], dtype=np.float64)
        groups_after_moving(
            params, row, 0, wanted_modules(params, row, 0, action, len(action) - variants), sizes, ready_s
        )
        self.modules.append(sizes)
        return actions, later


def replayed(make: MakePolicy, env_id: str, scenario: Scenario, workload: Workload) -> Assignment:
    """What a policy does on a workload in an environment whose actions end with the logits of the modules."""
    env = vector_of(env_id, scenario, [workload])
    try:
        ((simulation, _),) = rows_of(env)
        watched = _Watched(make(env), simulation)
        served_by = np.full(workload.requests, NOBODY)
        for epoch, _ in enumerate(play(env, watched, workloads=[workload])):
            group = simulation.state.served_by[0, : len(watched.shown)]
            served = group != NOBODY
            served_by[watched.shown[served]] = epoch * len(watched.modules[0]) + group[served]
        return Assignment(np.concatenate(watched.modules), served_by)
    finally:
        env.close()
