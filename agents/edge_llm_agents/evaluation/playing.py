"""Running policies on the same workloads, and what is measured of each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np
from gymnasium.vector import VectorEnv
from numpy.typing import NDArray
from sb3_contrib import MaskablePPO

from edge_llm_baselines import EpochPolicy
from edge_llm_baselines.allocation.oracle_decoding import decode
from edge_llm_baselines.playing.play import Policy
from edge_llm_baselines.playing.roll_out import RollOut, roll_out
from edge_llm_baselines.solvers.problem import Solver
from edge_llm_env.dynamics.simulation import Simulation
from edge_llm_env.envs.suite import BATCH_SELECTION, BATCHING
from edge_llm_env.scenarios import Scenario
from edge_llm_env.workload.workload import Workload

Decoding = Callable[[Simulation, NDArray[Any]], NDArray[Any]]
"""From values of shape (rows, length) to actions of the environment behind."""


class LearnedPolicy(Protocol):
    """A policy that knows where it acts: one that a package or a file brings along."""

    env_id: str

    @property
    def scenario(self) -> Scenario:
        """The one that it was learned in."""
        ...

    def acting(self, env: VectorEnv) -> Policy:
        """The policy of the actions of a vector environment of `env_id`."""
        ...


def evaluate_solver(solver: Solver, scenario: Scenario, workloads: Sequence[Workload]) -> RollOut:
    """A solver, deciding each epoch at once in `EdgeLLM/BatchSelection-v0`."""
    return roll_out(lambda env: EpochPolicy(solver, env), BATCH_SELECTION, scenario, workloads)


def evaluate_model(model: Any, scenario: Scenario, workloads: Sequence[Workload]) -> RollOut:
    """A Stable-Baselines3 model, deterministic, admitting request by request in `EdgeLLM/Batching-v0`."""
    return roll_out(lambda env: MaskedModel(model, env), BATCHING, scenario, workloads)


def evaluate_values(policy: Policy, scenario: Scenario, workloads: Sequence[Workload]) -> RollOut:
    """A policy of values, deterministic, with oracle decoding; decoding counts as part of its decision."""
    return roll_out(lambda env: DecodedPolicy(policy, env), BATCH_SELECTION, scenario, workloads)


def evaluate_learned(policy: LearnedPolicy, scenario: Scenario, workloads: Sequence[Workload]) -> RollOut:
    """A learned policy, deterministic, in its environment."""
    return roll_out(policy.acting, policy.env_id, scenario, workloads)


def served_by_members(
    policy: LearnedPolicy, members: int, scenario: Scenario, workloads: Sequence[Workload]
) -> NDArray[np.int64]:
    """(members, workloads) requests that each member of a population serves on each workload.

    All play the same workloads in one vector environment, so what they differ by is theirs.
    """
    served: NDArray[np.int64] = evaluate_learned(policy, scenario, list(workloads) * members).served
    return served.reshape(members, -1)


class MaskedModel:
    """An SB3 model that is told the environment's action mask where it knows of masks."""

    def __init__(self, model: Any, env: VectorEnv) -> None:
        self._model = model
        self._env: Any = env.unwrapped

    def predict(
        self, observation: Any, state: Any = None, episode_start: Any = None, deterministic: bool = True
    ) -> tuple[Any, Any]:
        """The model's actions and its next recurrent state; no masked action where the model knows of masks."""
        masks = {"action_masks": self._env.action_masks()} if isinstance(self._model, MaskablePPO) else {}
        return self._model.predict(observation, state, episode_start, deterministic, **masks)


class DecodedPolicy:
    """A policy whose actions are values, as one of what these are decoded to, by default in 0..1 to batches:
    `VectorOracleDecoding` seen from the other side.
    """

    def __init__(self, policy: Policy, env: VectorEnv, decoding: Decoding = decode) -> None:
        self._policy, self._decoding = policy, decoding
        self._env: Any = env.unwrapped

    def predict(
        self, observation: Any, state: Any = None, episode_start: Any = None, deterministic: bool = True
    ) -> tuple[Any, Any]:
        """The most valuable feasible batches, or what else values are decoded to, of one row or of several."""
        values, state = self._policy.predict(observation, state, episode_start, deterministic)
        actions = self._decoding(self._env.simulation, np.atleast_2d(values))
        return (actions[0] if np.ndim(values) == 1 else actions), state
