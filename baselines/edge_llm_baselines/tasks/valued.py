"""The most valuable batch of calls, as a policy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from edge_llm_baselines.playing.batches import as_actions
from edge_llm_baselines.playing.policy import rows_of
from edge_llm_baselines.rules.look_ahead import GRID
from edge_llm_baselines.solvers.branch_and_bound import BranchAndBound
from edge_llm_env.support.naming import shown
from edge_llm_env.tasks.running.simulation import TaskSimulation

Floats = NDArray[np.float64]


class Seen(NamedTuple):
    """What rules see of the calls in the slots of all rows of a simulation; arrays (rows, Q)."""

    simulation: TaskSimulation
    present: NDArray[np.bool_]
    call: NDArray[np.int64]
    """0 in slots that are not in use, as all that follows is of call 0 there."""
    first: NDArray[np.int64]
    """The first call of its task."""
    kind: NDArray[np.int64]
    done: NDArray[np.int64]
    """Calls of its task that are served."""
    slack_epochs: NDArray[np.int64]
    """Whole epochs that its task can still wait for."""
    alone_s: Floats
    """Compute time of the batch of it alone."""

    @classmethod
    def of(cls, simulation: TaskSimulation) -> Seen:
        """That of the present epoch."""
        state = simulation.state
        count, slots = state.slot_slack_s.shape
        present = np.arange(slots)[None, :] < state.visible[:, None]
        row = np.arange(count)[:, None]
        call = np.where(present, state.slot_request, 0)
        first = state.task_first[row, call].astype(np.int64)
        slack = np.where(present, state.slot_slack_s, 0.0) / simulation.params.epoch_s
        alone_s = np.where(present, state.slot_compute_s + state.slot_transfer_s, 0.0)
        kind, done = state.task_kind[row, call].astype(np.int64), state.calls_served[row, first].astype(np.int64)
        return cls(simulation, present, call, first, kind, done, np.maximum(slack, 0.0).astype(np.int64), alone_s)


Values: TypeAlias = Callable[[Seen], Floats]
"""What serving each call is worth, at least 0, of shape (rows, Q); any number in slots that are not in use."""


class ValuedCalls:
    """Serve in every epoch of `BatchSelection-v0` the visible calls that are worth most together.

    Values count by their ratios within a row: they are rounded up to multiples of 1/GRID of the largest. A call of
    value 0 is not served, though there be room.

    Raises ValueError for an environment whose requests are no calls of tasks.
    """

    def __init__(self, values: Values, env: Any) -> None:
        self._simulations: list[Any] = list(dict.fromkeys(simulation for simulation, _ in rows_of(env)))
        if not all(isinstance(simulation, TaskSimulation) for simulation in self._simulations):
            raise ValueError(f"env = {shown(env)}: must have a scenario with workload.tasks")
        self._values = values

    def predict(
        self, observation: NDArray[np.float32], state: Any = None, episode_start: Any = None, deterministic: bool = True
    ) -> tuple[NDArray[np.int8], Any]:
        """Batches as actions, of one row or of several."""
        chosen = np.concatenate([self._batches(simulation) for simulation in self._simulations])
        return (chosen[0] if observation.ndim == 1 else chosen), state

    def _batches(self, simulation: TaskSimulation) -> NDArray[np.int8]:
        seen = Seen.of(simulation)
        worth = np.where(seen.present, self._values(seen), 0.0)
        largest = worth.max(axis=1, keepdims=True, initial=0.0)
        on_grid = np.ceil(worth / np.where(largest > 0.0, largest, 1.0) * GRID) / GRID
        return as_actions(BranchAndBound().solve_many(simulation, on_grid).selected & (on_grid > 0.0), simulation)
