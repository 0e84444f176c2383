"""The policy that a name stands for on a machine, to whose scenario a learned one is taken."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gymnasium as gym

import edge_llm_env  # noqa: F401 (registers the ids)
from edge_llm_agents.pretrained.saved_policies import load_policy
from edge_llm_agents.pretrained.shipped import shipped_policies
from edge_llm_agents.report.watching import named_policy
from edge_llm_baselines.playing.play import Policy
from edge_llm_env.envs.suite import BATCH_SELECTION, BATCHING, CONTINUOUS_BATCHING
from edge_llm_env.scenarios import Scenario
from edge_llm_env.support.naming import shown

OF_EPOCHS = (BATCHING, BATCH_SELECTION)
OF_ITERATIONS = (CONTINUOUS_BATCHING,)
"""Environments whose policies can be taken to a machine: rules play the first of them."""


def policy_on(name: str, scenario: Scenario, seed: int, env_ids: tuple[str, ...]) -> tuple[Any, Policy]:
    """An environment of the scenario, and the policy in it; of a learned one, a vector environment of one row.

    The policy is a baseline by its key, tuned for the scenario first if there is something to tune. Or one of the
    package by its name, or one of your own by its path without suffix, whatever scenario it was learned in. Raises
    ValueError for another name, a policy of other environments, or a scheduler's scenario of agent tasks, or whose host
    memory holds caches: a decoder's sequences keep none for others, and have none there.
    """
    if env_ids == OF_ITERATIONS and scenario.workload.tasks is not None:
        raise ValueError(f"scenario {scenario.name}: workload.tasks: must be left out on a machine by iterations")
    if env_ids == OF_ITERATIONS and scenario.iterations.host_memory_bytes:
        held = f"{scenario.iterations.host_memory_bytes:g}"
        raise ValueError(f"scenario {scenario.name}: iterations.host_memory_bytes = {held}: must be 0 on a machine")
    if name not in shipped_policies() and Path(name).name == name:
        single = gym.make(env_ids[0], scenario=scenario)
        return single, named_policy(name, single, seed)
    policy, _ = load_policy(name)
    if policy.env_id not in env_ids:
        raise ValueError(f"policy = {shown(name)}: is for {policy.env_id}, must be for {' or '.join(env_ids)}")
    env: Any = gym.make_vec(policy.env_id, 1, "vector_entry_point", scenario=scenario)
    return env, policy.for_scenario(scenario).acting(env)
