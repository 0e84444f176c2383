"""What policies earn in `ServiceLevel-v0`."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from edge_llm_baselines.playing.earned import Earned
from edge_llm_baselines.playing.play import MakePolicy, play
from edge_llm_baselines.playing.policy import rows_of
from edge_llm_baselines.playing.roll_out import vector_of
from edge_llm_env.envs.suite import SERVICE_LEVEL
from edge_llm_env.scenarios.schema import Scenario
from edge_llm_env.workload.workload import Workload


def earned_by_levels(make_policy: MakePolicy, scenario: Scenario, workloads: Sequence[Workload]) -> Earned:
    """A policy on every workload, one row each, to the end of all episodes. Raises ValueError for no workload.

    Beside the reward stands the accuracy that who was served was served with, mean of them.
    """
    env = vector_of(SERVICE_LEVEL, scenario, workloads)
    try:
        policy, (simulation, _) = make_policy(env), next(iter(rows_of(env)))
        reward, delivered = np.zeros(len(workloads)), np.zeros(len(workloads))
        for step in play(env, policy, workloads=workloads):
            reward += step.reward
            delivered += simulation.state.served_accuracy
        served = step.next_info["served"].copy()
        accuracy = delivered / np.maximum(1, served)
        return Earned(reward, step.next_info["arrived"].copy(), served, {"accuracy": accuracy})
    finally:
        env.close()
