"""Every baseline, scheduler and rule of the registry at play in random legal scenarios."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from edge_llm_baselines.registry.baseline import Baseline
from edge_llm_baselines.registry.registered import baselines_of
from edge_llm_baselines.schedulers.policy import SchedulerPolicy
from edge_llm_baselines.schedulers.suite import SCHEDULERS
from edge_llm_env import ScenarioError
from edge_llm_env.envs.suite import CONTINUOUS_BATCHING
from edge_llm_env.registration import ENVIRONMENTS
from experiments.faults.case import Case, FaultError, Kind
from experiments.faults.holding import check_returned, environment_class
from experiments.faults.kinds.scenarios import prepare, random_scenario

STEPS = 8


@cache
def baselines() -> tuple[tuple[str, Baseline], ...]:
    """Every baseline of which nothing is tuned, with its environment's id; schedulers with numbers to try at random."""
    found = []
    for env_id in ENVIRONMENTS:
        for key, one in baselines_of(env_id).rules.items():
            if env_id == CONTINUOUS_BATCHING and key in SCHEDULERS:
                found.append((env_id, Baseline(one.name, _scheduling(key))))
            elif one.tunable is None:
                found.append((env_id, one))
    return tuple(found)


def _scheduling(key: str) -> Any:
    scheduler = SCHEDULERS[key][1]
    numbers = scheduler.candidates()
    return lambda env, seed, tuned: SchedulerPolicy(scheduler, numbers[seed % len(numbers)], env)


def at_play(seed: int, index: int) -> Case:
    """A baseline in a random legal scenario that it is for."""
    rng = np.random.default_rng([seed, 7, index])
    env_id, baseline = baselines()[index % len(baselines())]
    scenario = random_scenario(rng)

    def do() -> None:
        if not baseline.plays(scenario):
            return
        try:
            env = environment_class(ENVIRONMENTS[env_id])(scenario)
        except ScenarioError:
            return  # as `legal-scenarios` has it
        policy = baseline.policy(env, int(rng.integers(2**31)), None)
        observation, info = env.reset(seed=int(rng.integers(2**31)))
        for _ in range(STEPS):
            action, _ = policy.predict(observation)
            if not env.action_space.contains(np.asarray(action, dtype=env.action_space.dtype)):
                raise FaultError(f"action = {action} is not in {env.action_space}")
            observation, reward, _, truncated, info = env.step(action)
            check_returned(env_id, env, observation, reward, info)
            if truncated:
                break

    described = scenario.model_dump_json(exclude={"name", "description", "provenance"}, exclude_defaults=True)
    return Case(f"{env_id}, {baseline.name}: {described}", do, may_hold=True)


POLICIES = Kind("baselines at play in random legal scenarios", at_play, prepare, whole=4_000)
