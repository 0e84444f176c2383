"""Running policies on the same workload tapes, and what is measured of each."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol

import gymnasium as gym
import numpy as np
from gymnasium.vector import AutoresetMode, VectorEnv
from numpy.typing import NDArray
from sb3_contrib import MaskablePPO

import edge_llm_env  # noqa: F401 (registers the ids)
from baselines import EpochPolicy, Solver
from baselines.intervals import Interval, mean_interval
from baselines.oracle_decoding import decode
from edge_llm_env.scenarios import Scenario
from edge_llm_env.workload.tape import Workload


class Policy(Protocol):
    """What SB3 calls a policy: observations to actions."""

    def predict(
        self, observation: Any, state: Any = None, episode_start: Any = None, deterministic: bool = True
    ) -> tuple[Any, Any]:
        """Actions and the next recurrent state."""
        ...


class LearnedPolicy(Policy, Protocol):
    """A policy that knows where it acts: one that a package or a file brings along."""

    env_id: str
    scenario: Scenario

    def acting(self, env: VectorEnv) -> Policy:
        """The policy of the actions of a vector environment of `env_id`."""
        ...


class Evaluation(NamedTuple):
    """One policy's results on E tapes of one scenario."""

    served: NDArray[np.int64]
    """(E,) requests served."""
    settled: NDArray[np.int64]
    """(E,) requests served, expired or rejected; those still pending at the end have no fate yet."""
    expired: NDArray[np.int64]
    """(E,) requests that became impossible to serve."""
    utilisation: NDArray[np.float64]
    """(E, uplink downlink memory compute) mean over the batches."""
    epochs: int
    """Epochs of each tape."""
    epoch_s: float
    decision_s: float
    """Mean time to decide on one epoch of one tape, the policy's own computation only."""

    @property
    def throughput_per_s(self) -> NDArray[np.float64]:
        """(E,) requests served per second."""
        return self.served / (self.epochs * self.epoch_s)

    @property
    def on_time(self) -> float:
        """Fraction of the settled requests that were served."""
        return float(self.served.sum() / max(1, self.settled.sum()))

    @property
    def mean_batch(self) -> float:
        """Requests per dispatched batch."""
        return float(self.served.mean() / self.epochs)


def evaluate_solver(solver: Solver, scenario: Scenario, workloads: Sequence[Workload]) -> Evaluation:
    """A solver, deciding each epoch at once in `EdgeLLM/BatchSelection-v0`."""
    return evaluate(lambda env: EpochPolicy(solver, env), "EdgeLLM/BatchSelection-v0", scenario, workloads)


def evaluate_model(model: Any, scenario: Scenario, workloads: Sequence[Workload]) -> Evaluation:
    """A Stable-Baselines3 model, deterministic, admitting request by request in `EdgeLLM/Batching-v0`."""
    return evaluate(lambda env: MaskedModel(model, env), "EdgeLLM/Batching-v0", scenario, workloads)


def evaluate_values(policy: Policy, scenario: Scenario, workloads: Sequence[Workload]) -> Evaluation:
    """A policy of values, deterministic, with oracle decoding; decoding counts as part of its decision."""
    return evaluate(lambda env: DecodedPolicy(policy, env), "EdgeLLM/BatchSelection-v0", scenario, workloads)


def evaluate_learned(policy: LearnedPolicy, scenario: Scenario, workloads: Sequence[Workload]) -> Evaluation:
    """A learned policy, deterministic, in its environment."""
    return evaluate(policy.acting, policy.env_id, scenario, workloads)


def evaluate(
    make_policy: Callable[[VectorEnv], Policy], env_id: str, scenario: Scenario, workloads: Sequence[Workload]
) -> Evaluation:
    """A policy on every tape, one row each, to the end of all episodes."""
    env = gym.make_vec(
        env_id,
        num_envs=len(workloads),
        vectorization_mode="vector_entry_point",
        scenario=scenario,
        autoreset_mode=AutoresetMode.DISABLED,
    )
    policy = make_policy(env)
    observations, infos = env.reset(options={"workloads": list(workloads)})
    truncated = np.zeros(len(workloads), dtype=np.bool_)
    decision_times_s = []
    while not truncated.all():
        started_s = time.perf_counter()
        actions, _ = policy.predict(observations, deterministic=True)
        decision_times_s.append(time.perf_counter() - started_s)
        observations, _, _, truncated, infos = env.step(actions)
    env.close()
    return Evaluation(
        served=infos["served"],
        settled=infos["arrived"] - infos["pending"],
        expired=infos["expired"],
        utilisation=env.unwrapped.simulation.utilisation_mean(),  # type: ignore[attr-defined]
        epochs=scenario.epoch.episode_epochs,
        epoch_s=scenario.epoch.epoch_s,
        decision_s=_without_first(decision_times_s) / (len(workloads) * scenario.epoch.episode_epochs),
    )


def _without_first(times_s: list[float]) -> float:
    """The sum of the times, with the mean of the others in place of the first: it may have compiled a kernel."""
    others = times_s[1:] or times_s
    return sum(others) * len(times_s) / len(others)


class MaskedModel:
    """An SB3 model that is told the environment's action mask where it knows of masks."""

    def __init__(self, model: Any, env: VectorEnv) -> None:
        self._model = model
        self._env: Any = env.unwrapped

    def predict(
        self, observation: Any, state: Any = None, episode_start: Any = None, deterministic: bool = True
    ) -> tuple[Any, Any]:
        """The model's actions."""
        masks = {"action_masks": self._env.action_masks()} if isinstance(self._model, MaskablePPO) else {}
        return self._model.predict(observation, state, episode_start, deterministic, **masks)


class DecodedPolicy:
    """A policy whose actions are values in 0..1, as one of batches: `VectorOracleDecoding` seen from the other side."""

    def __init__(self, policy: Policy, env: VectorEnv) -> None:
        self._policy = policy
        self._env: Any = env.unwrapped

    def predict(
        self, observation: Any, state: Any = None, episode_start: Any = None, deterministic: bool = True
    ) -> tuple[Any, Any]:
        """The most valuable feasible batches."""
        values, state = self._policy.predict(observation, state, episode_start, deterministic)
        return decode(self._env.simulation, values), state


def paired_difference(one: NDArray[np.float64], other: NDArray[np.float64]) -> Interval:
    """Mean of `one - other` over tapes with its Student-t interval; not a number for a single tape."""
    return mean_interval(one - other)
