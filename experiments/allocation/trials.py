"""What plain PPO and SAC learn with each way to say an allocation, in three minutes of processor time."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any, NamedTuple

import numpy as np
from gymnasium.vector import VectorActionWrapper
from numpy.typing import NDArray
from stable_baselines3 import PPO, SAC

from edge_llm_agents.adapters.sb3_vec_env import EdgeVecEnv
from edge_llm_agents.adapters.threads import set_thread_counts
from edge_llm_agents.continuous.training import MOST_DECISIONS, Stopwatch
from edge_llm_agents.records.intervals import paired_difference
from edge_llm_baselines.playing.play import Policy
from edge_llm_baselines.playing.roll_out import roll_out
from edge_llm_baselines.registry.registered import baselines_of
from edge_llm_env.envs.suite import BANDWIDTH, COMPUTE, JOINT
from edge_llm_env.scenarios import load_scenario
from edge_llm_env.workload.streams import draw_workloads
from experiments.allocation.readings import READINGS, Reading

ROWS = 16
SECONDS = 180.0
"""Of processor time that a model learns for."""

ALGORITHMS: dict[str, type[PPO | SAC]] = {"PPO": PPO, "SAC": SAC}
"""SB3's class, nothing tuned."""


class Parametrization(NamedTuple):
    """A way to say an allocation."""

    env_id: str
    scenario: str
    options: Mapping[str, Any]
    """Of the environment."""
    reading: Reading | None = None
    """None where an action is the environment's own."""


PARAMETRIZATIONS = {
    "Compute-v0, logits": Parametrization(COMPUTE, "accuracy-tiers", {}),
    **{
        f"Compute-v0, {name}": Parametrization(COMPUTE, "accuracy-tiers", {}, reading)
        for name, reading in READINGS.items()
    },
    **{
        f"Compute-v0, logits, {preset}": Parametrization(COMPUTE, preset, {})
        for preset in ("shifting-tiers", "specialists-compute")
    },
    "Bandwidth-v0, values": Parametrization(BANDWIDTH, "embedding-uplink", {"action": "values"}),
    **{
        f"Bandwidth-v0, values, {preset}": Parametrization(BANDWIDTH, preset, {"action": "values"})
        for preset in ("embedding-uplink-carried", "mobile-uplink")
    },
    "Bandwidth-v0, shares": Parametrization(BANDWIDTH, "embedding-uplink", {"action": "shares"}),
    "Joint-v0, values": Parametrization(JOINT, "accuracy-tiers", {"action": "values"}),
    **{
        f"Joint-v0, values, {name}": Parametrization(JOINT, "accuracy-tiers", {"action": "values"}, READINGS[name])
        for name in ("logits, twice the scale", "shares of modules")
    },
    "Joint-v0, shares": Parametrization(JOINT, "accuracy-tiers", {"action": "shares"}),
}
"""By the name in tables, with a preset where it is not the environment's own; the first of each environment is what it
takes by default.
"""


class Read(VectorActionWrapper):
    """A vector environment whose actions are read in another way."""

    def __init__(self, env: Any, reading: Reading) -> None:
        super().__init__(env)
        self._reading = reading

    def actions(self, actions: NDArray) -> NDArray:
        """Actions of the environment, (rows, length)."""
        simulation = self.env.unwrapped.simulation  # type: ignore[attr-defined]
        return np.stack([self._reading(simulation, row, action) for row, action in enumerate(actions)])


class ReadPolicy:
    """A policy of actions read in another way as one of the environment's own."""

    def __init__(self, policy: Policy, env: Any, reading: Reading) -> None:
        self._policy, self._simulation, self._reading = policy, env.unwrapped.simulation, reading

    def predict(
        self, observation: Any, state: Any = None, episode_start: Any = None, deterministic: bool = True
    ) -> tuple[Any, Any]:
        """The environment's actions, (rows, length)."""
        actions, state = self._policy.predict(observation, state, episode_start, deterministic)
        read = [self._reading(self._simulation, row, action) for row, action in enumerate(actions)]
        return np.stack(read), state


def trial(name: str, algorithm: str, seed: int, *, episodes: int, seconds: float = SECONDS) -> dict[str, Any]:
    """Requests that a model serves of each held-out workload before and after it has learned for so many seconds of
    processor time, and what learning changed, with its interval.
    """
    one = PARAMETRIZATIONS[name]
    set_thread_counts()
    reading, scenario = one.reading, load_scenario(one.scenario)
    env = EdgeVecEnv(
        one.env_id,
        ROWS,
        scenario,
        options=one.options,
        wrapper=None if reading is None else lambda inner: Read(inner, reading),
    )
    model = ALGORITHMS[algorithm]("MlpPolicy", env, seed=seed, device="cpu")
    workloads = draw_workloads(scenario, episodes, 0)

    def policy(inner: Any) -> Policy:
        return model if reading is None else ReadPolicy(model, inner, reading)

    def served() -> NDArray[np.float64]:
        return roll_out(policy, one.env_id, scenario, workloads, **one.options).served.astype(np.float64)

    untrained = served()
    model.learn(MOST_DECISIONS, callback=Stopwatch(seconds, time.process_time))
    trained = served()
    return {
        "parametrization": name,
        "algorithm": algorithm,
        "seed": seed,
        "decisions": model.num_timesteps,
        "processor_s": seconds,
        "untrained": float(untrained.mean()),
        "trained": float(trained.mean()),
        "difference": paired_difference(trained, untrained)._asdict(),
    }


def references(name: str, *, episodes: int) -> dict[str, float]:
    """What the rules that nobody tunes serve per episode of the same workloads, and the oracle."""
    one = PARAMETRIZATIONS[name]
    scenario = load_scenario(one.scenario)
    workloads = draw_workloads(scenario, episodes, 0)
    rules = {
        rule.name: rule
        for rule in baselines_of(one.env_id).rules.values()
        if rule.tunable is None and rule.plays(scenario) and not rule.informed
    }
    return {
        rule_name: float(roll_out(rule.acting(0), one.env_id, scenario, workloads, **one.options).served.mean())
        for rule_name, rule in rules.items()
    }


def trials(
    names: tuple[str, ...], seeds: tuple[int, ...], done: list[dict[str, Any]], *, episodes: int
) -> Iterator[dict[str, Any]]:
    """Every trial that is not among those done, seed by seed."""
    finished = {(run["parametrization"], run["algorithm"], run["seed"]) for run in done}
    for seed, name, algorithm in product(seeds, names, ALGORITHMS):
        if (name, algorithm, seed) not in finished:
            yield trial(name, algorithm, seed, episodes=episodes)
