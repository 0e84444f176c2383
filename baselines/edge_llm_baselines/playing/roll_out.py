"""The one roll-out function: what policies serve, use and take to decide, on the same workloads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

import edge_llm_env  # noqa: F401 (registers the ids)
from edge_llm_baselines.playing.play import MakePolicy, Policy, play
from edge_llm_baselines.playing.policy import EpochPolicy, rows_of
from edge_llm_baselines.solvers.problem import Solver
from edge_llm_env.envs.suite import BATCH_SELECTION
from edge_llm_env.scenarios.schema import Scenario
from edge_llm_env.support.naming import shown
from edge_llm_env.workload.workload import Workload

OF_REQUESTS = {name: name for name in ("served", "arrived", "pending", "expired")}
OF_TASKS = {
    "served": "tasks_completed",
    "arrived": "tasks_arrived",
    "pending": "tasks_running",
    "expired": "tasks_failed",
}
"""Which counters are counted: where requests are the calls of agent tasks, tasks."""


class RollOut(NamedTuple):
    """One policy's results on E workloads of one scenario; of tasks where requests are their calls."""

    served: NDArray[np.int64]
    """(E,) requests served."""
    settled: NDArray[np.int64]
    """(E,) requests served, expired or rejected; those still pending at the end have no fate yet."""
    expired: NDArray[np.int64]
    """(E,) requests that became impossible to serve."""
    reward: NDArray[np.float64]
    """(E,) the sum of an episode's rewards."""
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


def roll_out(
    make_policy: MakePolicy, env_id: str, scenario: Scenario, workloads: Sequence[Workload], **options: Any
) -> RollOut:
    """A policy on every workload, one row each, to the end of all episodes, deterministic.

    `options` are further arguments of the environment, `action="shares"`.

    Raises ValueError for no workload.
    """
    env = vector_of(env_id, scenario, workloads, **options)
    try:
        return roll_out_in(env, make_policy(env), workloads)
    finally:
        env.close()


def vector_of(env_id: str, scenario: Scenario, workloads: Sequence[Workload], **options: Any) -> Any:
    """The native vector environment with a row per workload. Raises ValueError for no workload."""
    if not workloads:
        raise ValueError("workloads: must have at least one workload")
    return gym.make_vec(
        env_id, num_envs=len(workloads), vectorization_mode="vector_entry_point", scenario=scenario, **options
    )


def roll_out_in(
    env: Any, policy: Policy, workloads: Sequence[Workload] | None = None, seed: int | None = None
) -> RollOut:
    """The same in an environment of any form that `play` takes, on workloads, one per row, or on those it draws.

    Its rows must be of one scenario. Raises ValueError where they are not.
    """
    simulations = {id(simulation): simulation for simulation, _ in rows_of(env)}
    if len(simulations) > 1:
        raise ValueError(f"env = {shown(env)}: has rows of {len(simulations)} scenarios, must have those of one")
    (simulation,) = simulations.values()
    scenario, rows = simulation.scenario, len(simulation.state.counters)
    reward, beyond_visible = np.zeros(rows), np.zeros(rows, dtype=np.int64)
    epochs_counted = np.full(rows, -1)
    decision_times_s = []
    for step in play(env, policy, workloads=workloads, seed=seed):
        epochs = np.atleast_1d(step.info["epochs"])
        begun = (epochs > epochs_counted) & (epochs < scenario.epoch.episode_epochs)  # rows that have ended stand still
        beyond_visible[begun] += np.atleast_1d(step.info["beyond_visible"])[begun]
        epochs_counted = epochs
        reward += step.reward
        decision_times_s.append(step.decision_s)
    names = OF_REQUESTS if scenario.workload.tasks is None else OF_TASKS
    counted = {name: np.atleast_1d(step.next_info[of]) for name, of in names.items()}
    return RollOut(
        served=counted["served"],
        settled=counted["arrived"] - counted["pending"],
        expired=counted["expired"],
        reward=reward,
        beyond_visible=beyond_visible,
        utilisation=simulation.utilisation_mean(),
        epochs=scenario.epoch.episode_epochs,
        epoch_s=scenario.epoch.epoch_s,
        decision_s=_without_first(decision_times_s) / (rows * scenario.epoch.episode_epochs),
    )


def _without_first(times_s: list[float]) -> float:
    """The sum of the times, with the mean of the others in place of the first: it may have compiled a kernel."""
    others = times_s[1:] or times_s
    return sum(others) * len(times_s) / len(others)


def served_by(solver: Solver, scenario: Scenario, workloads: Sequence[Workload]) -> NDArray[np.int64]:
    """(E,) requests served on each of E workloads in `BatchSelection-v0`. Raises ValueError for no workload."""
    return roll_out(lambda env: EpochPolicy(solver, env), BATCH_SELECTION, scenario, workloads).served
