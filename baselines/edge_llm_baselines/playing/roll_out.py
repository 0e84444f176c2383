"""The one roll-out function: what policies serve, use and take to decide, on the same workloads."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol

import gymnasium as gym
import numpy as np
from gymnasium.vector import AutoresetMode, VectorEnv
from numpy.typing import NDArray

import edge_llm_env  # noqa: F401 (registers the ids)
from edge_llm_baselines.playing.policy import EpochPolicy
from edge_llm_baselines.solvers.problem import Solver
from edge_llm_env.scenarios.schema import Scenario
from edge_llm_env.workload.workload import Workload


class Policy(Protocol):
    """What SB3 calls a policy: observations to actions."""

    def predict(
        self, observation: Any, state: Any = None, episode_start: Any = None, deterministic: bool = True
    ) -> tuple[Any, Any]:
        """Actions and the next recurrent state."""
        ...


MakePolicy = Callable[[VectorEnv], Policy]
"""Makes a policy for the environment that it is to act in."""


class RollOut(NamedTuple):
    """One policy's results on E workloads of one scenario."""

    served: NDArray[np.int64]
    """(E,) requests served."""
    settled: NDArray[np.int64]
    """(E,) requests served, expired or rejected; those still pending at the end have no fate yet."""
    expired: NDArray[np.int64]
    """(E,) requests that became impossible to serve."""
    beyond_visible: NDArray[np.int64]
    """(E,) requests that waited beyond the visible slots, summed over epochs."""
    utilisation: NDArray[np.float64]
    """(E, uplink downlink memory compute) mean over the batches."""
    epochs: int
    """Epochs of each workload."""
    epoch_s: float
    decision_s: float
    """Mean time to decide on one epoch of one workload, the policy's own computation only."""

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


def roll_out(make_policy: MakePolicy, env_id: str, scenario: Scenario, workloads: Sequence[Workload]) -> RollOut:
    """A policy on every workload, one row each, to the end of all episodes, deterministic.

    Raises ValueError for no workload.
    """
    if not workloads:
        raise ValueError("workloads: must have at least one")
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
    beyond_visible = np.zeros(len(workloads), dtype=np.int64)
    epochs_counted = np.full(len(workloads), -1)
    decision_times_s = []
    while not truncated.all():
        begun = infos["epochs"] > epochs_counted
        beyond_visible[begun] += infos["beyond_visible"][begun]
        epochs_counted = infos["epochs"]
        started_s = time.perf_counter()
        actions, _ = policy.predict(observations, deterministic=True)
        decision_times_s.append(time.perf_counter() - started_s)
        observations, _, _, truncated, infos = env.step(actions)
    env.close()
    return RollOut(
        served=infos["served"],
        settled=infos["arrived"] - infos["pending"],
        expired=infos["expired"],
        beyond_visible=beyond_visible,
        utilisation=env.unwrapped.simulation.utilisation_mean(),  # type: ignore[attr-defined]
        epochs=scenario.epoch.episode_epochs,
        epoch_s=scenario.epoch.epoch_s,
        decision_s=_without_first(decision_times_s) / (len(workloads) * scenario.epoch.episode_epochs),
    )


def _without_first(times_s: list[float]) -> float:
    """The sum of the times, with the mean of the others in place of the first: it may have compiled a kernel."""
    others = times_s[1:] or times_s
    return sum(others) * len(times_s) / len(others)


def served_by(solver: Solver, scenario: Scenario, workloads: Sequence[Workload]) -> NDArray[np.int64]:
    """(E,) requests served on each of E workloads in `BatchSelection-v0`. Raises ValueError for no workload."""
    return roll_out(lambda env: EpochPolicy(solver, env), "EdgeLLM/BatchSelection-v0", scenario, workloads).served
