"""Policies that name a batch for every epoch: what `stable_baselines3.common.evaluation.evaluate_policy` and the
environments can run.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from edge_llm_baselines.playing.batches import as_actions
from edge_llm_baselines.solvers.problem import BatchProblem, Solver
from edge_llm_env.dynamics.simulation import Simulation
from edge_llm_env.dynamics.state import N_EPOCHS, PENDING
from edge_llm_env.envs.suite import BATCH_SELECTION, BATCHING
from edge_llm_env.support.checking.arguments import checked
from edge_llm_env.support.naming import shown

Row = tuple[Any, int]
"""A simulation and the number of one of its rows."""


class BatchPolicy(ABC):
    """Serve in every epoch the batch that a subclass chooses, in `BatchSelection-v0` or `Batching-v0`.

    It looks past the observation: it reads the epoch problem in full precision from the environment it is made for, a
    single or vector environment of this suite or an SB3 `VecEnv` of them. (The observation tells the same of the
    visible requests, rounded to float32.) In `Batching-v0` it chooses when a row's batch is empty and then admits the
    chosen requests from the first slot on; asked in the middle of an epoch that it did not plan, it dispatches. Where
    an action can drop caches of agent tasks, it drops none.

    Raises ValueError for an environment that is not of this suite, or whose actions are not those of the two.
    """

    def __init__(self, env: Any) -> None:
        simulation = rows_of(env)[0][0]  # raises where there are none
        self._env = env
        space = getattr(env, "single_action_space", env.action_space)
        self._one_by_one = isinstance(space, spaces.Discrete)
        bare = _unwrapped(env)[0]
        playable: tuple[spaces.Space, ...] = ()
        if isinstance(simulation, Simulation):
            slots = simulation.slots
            playable = (spaces.Discrete(slots + 1), spaces.MultiBinary(slots + simulation.kept_slots))
        if getattr(bare, "single_action_space", bare.action_space) not in playable:
            which = getattr(getattr(env, "spec", None), "id", None) or shown(env)
            raise ValueError(f"env = {which}: must be {BATCH_SELECTION} or {BATCHING}, or have their actions")
        self._plans = np.zeros((0, 0), dtype=np.bool_)
        self._planned_epoch = np.zeros(0, dtype=np.int64)

    @abstractmethod
    def _batches(self, rows: list[Row]) -> NDArray[np.bool_]:
        """The slots of the batch of each of these rows in its present epoch, (rows, Q)."""

    @checked
    def predict(
        self,
        observation: NDArray[np.float32],
        state: Any = None,
        episode_start: Any = None,
        deterministic: bool = True,
    ) -> tuple[NDArray, Any]:
        """Actions for observations of shape (length,) or (rows, length); `state` passes through unchanged."""
        rows = rows_of(self._env)
        if len(rows) != (1 if observation.ndim == 1 else len(observation)):
            has = f"must be of the {len(rows)} rows that the policy's environment has"
            raise ValueError(f"observation of shape {observation.shape}: {has}")
        actions = self._admissions(rows) if self._one_by_one else as_actions(self._batches(rows), rows[0][0])
        return (actions[0] if observation.ndim == 1 else actions), state

    def _admissions(self, rows: list[Row]) -> NDArray[np.int64]:
        slots = rows[0][0].slots
        if self._plans.shape != (len(rows), slots):
            self._plans = np.zeros((len(rows), slots), dtype=np.bool_)
            self._planned_epoch = np.full(len(rows), -1)
        begun = [at for at, (simulation, row) in enumerate(rows) if simulation.state.batch[row, 0] == 0]
        if begun:
            self._plans[begun] = self._batches([rows[at] for at in begun])
        actions = np.full(len(rows), slots, dtype=np.int64)
        for at, (simulation, row) in enumerate(rows):
            arrays = simulation.state
            epoch = arrays.counters[row, N_EPOCHS]
            if arrays.batch[row, 0] == 0:
                self._planned_epoch[at] = epoch
            visible = int(arrays.visible[row])
            waiting = arrays.status[row, arrays.slot_request[row, :visible]] == PENDING
            left = np.flatnonzero(self._plans[at, :visible] & waiting)
            if len(left) and self._planned_epoch[at] == epoch:
                actions[at] = left[0]
        return actions


class EpochPolicy(BatchPolicy):
    """Serve in every epoch the batch that a solver chooses, in `BatchSelection-v0` or `Batching-v0`.

    Raises ValueError as `BatchPolicy` does.
    """

    @checked
    def __init__(self, solver: Solver, env: Any) -> None:
        super().__init__(env)
        self.solver = solver

    def _batches(self, rows: list[Row]) -> NDArray[np.bool_]:
        """What the solver selects of each row."""
        chosen = np.zeros((len(rows), rows[0][0].slots), dtype=np.bool_)
        for at, (simulation, row) in enumerate(rows):
            problem = BatchProblem.of_row(simulation, row)
            chosen[at, : len(problem)] = self.solver.solve(problem).selected
        return chosen


def rows_of(env: Any) -> list[tuple[Simulation, int]]:
    """The simulated rows behind an environment of this suite, in order; ValueError if there are none."""
    try:
        return [(one.simulation, row) for one in _unwrapped(env) for row in range(len(one.simulation.state.counters))]
    except AttributeError:
        raise ValueError(f"env = {shown(env)}: must be an environment of edge_llm_env") from None


def _unwrapped(env: Any) -> list[Any]:
    """An environment without wrappers, around itself or around each of those that it is a vector of."""
    vector = env if hasattr(env, "envs") else env.unwrapped
    return [one.unwrapped for one in getattr(vector, "envs", [vector])]
