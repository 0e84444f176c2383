"""What policies earn with a rack: the reward of whole episodes, and the modules that were on."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from edge_llm_baselines.playing.earned import Earned
from edge_llm_baselines.playing.play import MakePolicy, play
from edge_llm_baselines.playing.roll_out import vector_of
from edge_llm_env.envs.suite import SCALING
from edge_llm_env.scenarios.schema import Scenario
from edge_llm_env.workload.workload import Workload


def earned(make_policy: MakePolicy, scenario: Scenario, workloads: Sequence[Workload]) -> Earned:
    """A policy on every workload, one row each, to the end of all episodes. Raises ValueError for no workload.

    Beside the reward, what was earned less what was paid, stand the modules that were on, mean over the epochs.
    """
    env = vector_of(SCALING, scenario, workloads)
    try:
        reward = np.zeros(len(workloads))
        for step in play(env, make_policy(env), workloads=workloads):
            reward += step.reward
        info = step.next_info
        modules = info["module_epochs"] / scenario.epoch.episode_epochs
        return Earned(reward, info["arrived"].copy(), info["served"].copy(), {"modules": modules})
    finally:
        env.close()
