"""What SB3's MaskablePPO learns of an engine in a budget of processor time, beside rules and random actions."""

from __future__ import annotations

import time
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_llm_agents.adapters.threads import set_thread_counts
from edge_llm_agents.continuous.training import MOST_DECISIONS, Stopwatch
from edge_llm_agents.records.intervals import paired_difference
from edge_llm_agents.training.train import train
from edge_llm_agents.training.trained import TrainedModel
from edge_llm_baselines.playing.play import MakePolicy, Policy
from edge_llm_baselines.playing.random_actions import RandomActions
from edge_llm_baselines.playing.roll_out import roll_out
from edge_llm_baselines.schedulers.policy import SchedulerPolicy, tuned_numbers
from edge_llm_baselines.schedulers.suite import SCHEDULERS
from edge_llm_env.envs.suite import CONTINUOUS_BATCHING
from edge_llm_env.scenarios import load_scenario
from edge_llm_env.workload.streams import draw_workloads

BESIDE = ("cheapest", "vllm")
"""Rules that play the same workloads: the best one, and first come, first served."""


class Way(NamedTuple):
    """A way to learn."""

    algorithm: str
    """As `train` calls it."""
    network: str


WAYS = {"plain": Way("ppo_mask", "mlp"), "sets": Way("ppo_mask_imitation", "set")}
"""SB3's perceptrons from scratch, and networks over both sets that clone the best rule first."""


class Sampled:
    """A policy whose actions are drawn as it weighs them, where the likeliest would be taken."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy

    def predict(
        self, observation: Any, state: Any = None, episode_start: Any = None, deterministic: bool = True
    ) -> tuple[Any, Any]:
        """The drawn actions and the next recurrent state."""
        return self._policy.predict(observation, state, episode_start, deterministic=False)


class Beside(NamedTuple):
    """A scenario, and what rules serve on the workloads on which learners are judged."""

    scenario: str
    episodes: int
    rule: NDArray[np.float64]
    """(episodes,) of the best rule."""
    record: dict[str, float]
    """Per episode, by rule."""

    @classmethod
    def of(cls, scenario: str, episodes: int) -> Beside:
        """Let the rules play."""
        loaded = load_scenario(scenario)
        served = {"random": _served(lambda env: RandomActions(env, 0), scenario, episodes)}
        for key in BESIDE:
            scheduler = SCHEDULERS[key][1]
            numbers = tuned_numbers(scheduler, loaded)
            served[key] = _served(
                lambda env, scheduler=scheduler, numbers=numbers: SchedulerPolicy(scheduler, numbers, env),  # type: ignore[misc]
                scenario,
                episodes,
            )
        means = {key: float(one.mean()) for key, one in served.items()}
        return cls(scenario, episodes, served["cheapest"], means)

    def judged(self, model: TrainedModel) -> dict[str, Any]:
        """What a model serves, in percent of the rule, when it takes the likeliest action and when it draws."""
        told = {}
        ways = {"likeliest": model.acting, "drawn": lambda env: Sampled(model.acting(env))}
        for name, make in ways.items():
            served = _served(make, self.scenario, self.episodes)
            difference = paired_difference(served, self.rule).times(100.0 / max(1.0, float(self.rule.mean())))
            told[name] = {"served": float(served.mean()), "percent_of_rule": difference.plus(100.0)._asdict()}
        return told


def learn(way: str, beside: Beside, seed: int, seconds: float) -> dict[str, Any]:
    """Learn for so much processor time, cloning included, and judge before, after cloning and at the end."""
    set_thread_counts()
    algorithm, network = WAYS[way]
    untrained = _model(beside.scenario, "ppo_mask", network, seed)
    run = {"scenario": beside.scenario, "way": way, "seed": seed, "untrained": beside.judged(untrained)}
    started_s, model, cloning_s = time.process_time(), untrained, 0.0
    if algorithm != "ppo_mask":
        model = _model(beside.scenario, algorithm, network, seed)
        cloning_s = time.process_time() - started_s
        run["cloned"] = beside.judged(model)
    model.model.learn(MOST_DECISIONS, callback=Stopwatch(seconds - cloning_s, time.process_time))
    return run | {
        "seconds": seconds,
        "cloning_s": cloning_s,
        "decisions": model.model.num_timesteps,
        "trained": beside.judged(model),
    }


def _model(scenario: str, algorithm: str, network: str, seed: int) -> TrainedModel:
    """Ready to learn with PPO: what is not PPO's has been learned."""
    trained = train(CONTINUOUS_BATCHING, scenario, algorithm, seed=seed, steps=0, network=network)
    assert isinstance(trained, TrainedModel)
    return trained


def _served(make_policy: MakePolicy, scenario: str, episodes: int) -> NDArray[np.float64]:
    """(episodes,) requests served on the held-out workloads."""
    loaded = load_scenario(scenario)
    workloads = draw_workloads(loaded, episodes, 0)
    return roll_out(make_policy, CONTINUOUS_BATCHING, loaded, workloads).served.astype(np.float64)
