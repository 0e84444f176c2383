"""The most valuable batch of calls, as a policy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from edge_llm_baselines.playing.policy import BatchPolicy, Row, rows_of
from edge_llm_baselines.rules.look_ahead import GRID
from edge_llm_baselines.solvers.branch_and_bound import BranchAndBound
from edge_llm_env.support.naming import shown
from edge_llm_env.task_dynamics.simulation import TaskSimulation

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
        alone_s = np.where(present, state.slot_compute_s, 0.0)
        kind, done = state.task_kind[row, call].astype(np.int64), state.calls_served[row, first].astype(np.int64)
        return cls(simulation, present, call, first, kind, done, np.maximum(slack, 0.0).astype(np.int64), alone_s)


Values: TypeAlias = Callable[[Seen], Floats]
"""What serving each call is worth, at least 0, of shape (rows, Q); any number in slots that are not in use."""


class CallsOfTasks(BatchPolicy):
    """Batches of calls of agent tasks.

    Raises ValueError as `BatchPolicy` does, and for an environment whose requests are no calls of tasks.
    """

    def __init__(self, env: Any) -> None:
        super().__init__(env)
        for simulation, _ in rows_of(env):
            if not isinstance(simulation, TaskSimulation):
                raise ValueError(f"env = {shown(env)}: must have a scenario with workload.tasks")


class ValuedCalls(CallsOfTasks):
    """Serve in every epoch the visible calls that are worth most together.

    Values count by their ratios within a row: they are rounded up to multiples of 1/GRID of the largest. A call of
    value 0 is not served, though there be room.

    Raises ValueError as `CallsOfTasks` does.
    """

    def __init__(self, values: Values, env: Any) -> None:
        super().__init__(env)
        self._values = values

    def _batches(self, rows: list[Row]) -> NDArray[np.bool_]:
        """The most valuable batch of each row."""
        chosen = {simulation: self._most_valuable(simulation) for simulation in dict(rows)}
        return np.stack([chosen[simulation][row] for simulation, row in rows])

    def _most_valuable(self, simulation: TaskSimulation) -> NDArray[np.bool_]:
        seen = Seen.of(simulation)
        worth = np.where(seen.present, self._values(seen), 0.0)
        largest = worth.max(axis=1, keepdims=True, initial=0.0)
        on_grid = np.ceil(worth / np.where(largest > 0.0, largest, 1.0) * GRID) / GRID
        selected: NDArray[np.bool_] = BranchAndBound().solve_many(simulation, on_grid).selected & (on_grid > 0.0)
        return selected
