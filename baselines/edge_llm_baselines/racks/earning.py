"""What policies earn with a rack: the reward of whole episodes, and what stands beside it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_llm_baselines.playing.play import MakePolicy, play
from edge_llm_baselines.playing.roll_out import vector_of
from edge_llm_env.envs.suite import SCALING
from edge_llm_env.scenarios.schema import Scenario
from edge_llm_env.workload.workload import Workload


class Earned(NamedTuple):
    """One policy's episodes on E workloads."""

    reward: NDArray[np.float64]
    """(E,) the sum of an episode's rewards: what was earned, less what was paid."""
    arrived: NDArray[np.int64]
    """(E,)"""
    served: NDArray[np.int64]
    """(E,)"""
    modules: NDArray[np.float64]
    """(E,) modules that were on, mean over the epochs."""
    energy_j: NDArray[np.float64]
    """(E,)"""

    @property
    def served_share(self) -> float:
        """Part of all that arrived that was served."""
        return float(self.served.sum() / max(1, self.arrived.sum()))


def earned(make_policy: MakePolicy, scenario: Scenario, workloads: Sequence[Workload]) -> Earned:
    """A policy on every workload, one row each, to the end of all episodes. Raises ValueError for no workload."""
    env = vector_of(SCALING, scenario, workloads)
    try:
        reward = np.zeros(len(workloads))
        for step in play(env, make_policy(env), workloads=workloads):
            reward += step.reward
        info = step.next_info
        epochs = scenario.epoch.episode_epochs
        return Earned(
            reward,
            info["arrived"].copy(),
            info["served"].copy(),
            info["module_epochs"] / epochs,
            info["energy_j"].copy(),
        )
    finally:
        env.close()
