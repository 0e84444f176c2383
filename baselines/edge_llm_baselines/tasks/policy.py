"""An order of calls as a policy, with caches dropped by action or without."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_llm_baselines.playing.policy import Row, rows_of
from edge_llm_baselines.solvers.greedy import serve_in_order
from edge_llm_baselines.solvers.problem import BatchProblem
from edge_llm_baselines.tasks.orders import Order
from edge_llm_baselines.tasks.valued import CallsOfTasks
from edge_llm_env.support.naming import shown
from edge_llm_env.task_dynamics.simulation import TaskSimulation


class CallsInOrder(CallsOfTasks):
    """Serve in every epoch the visible calls in an order, each if the batch stays feasible.

    Raises ValueError as `CallsOfTasks` does.
    """

    def __init__(self, order: Order, env: Any) -> None:
        super().__init__(env)
        self._order = order

    def _batches(self, rows: list[Row]) -> NDArray[np.bool_]:
        """Whom the order reaches while there is room, of each row."""
        chosen = np.zeros((len(rows), rows[0][0].slots), dtype=np.bool_)
        for at, (simulation, row) in enumerate(rows):
            problem = BatchProblem.of_row(simulation, row)
            order = np.argsort(self._order(simulation, row), kind="stable")
            selected = np.zeros(len(problem), dtype=np.bool_)
            serve_in_order(problem.rule, problem.candidates, order, len(problem), selected)
            chosen[at, : len(problem)] = selected
        return chosen


class CallsInOrderDropping(CallsInOrder):
    """`CallsInOrder`, and in the same action caches dropped that no visible call goes on from: the largest first, until
    the memory holds all visible calls at once, or none is left.

    Raises ValueError where no action drops caches (`workload.tasks.drop_by_action`).
    """

    def __init__(self, order: Order, env: Any) -> None:
        super().__init__(order, env)
        if self._one_by_one or not rows_of(env)[0][0].kept_slots:
            raise ValueError(f"env = {shown(env)}: must have a scenario with workload.tasks.drop_by_action")

    def predict(
        self, observation: NDArray[np.float32], state: Any = None, episode_start: Any = None, deterministic: bool = True
    ) -> tuple[NDArray[np.int8], Any]:
        """Actions of one row or of several. Calls are chosen as if nothing were dropped: they have more room."""
        actions, state = super().predict(observation, state, episode_start, deterministic)
        rows: list[tuple[Any, int]] = rows_of(self._env)
        for action, (simulation, row) in zip(np.atleast_2d(actions), rows, strict=True):
            action[simulation.slots + largest_unread(simulation, row)] = 1
        return actions, state


def largest_unread(simulation: TaskSimulation, row: int) -> NDArray[np.int64]:
    """Kept slots of the largest caches without a visible call, as few as make room for all visible calls, or all."""
    state, params = simulation.state, simulation.params
    visible = state.visible[row]
    free_bytes = params.memory_limit_bytes - params.cost[1, 0, 0] - state.kept_bytes[row]
    lacking_bytes = state.slot_memory_bytes[row, :visible].sum() - free_bytes
    first = state.kept[row, : state.in_kept[row]]
    unread = np.flatnonzero(~np.isin(first, state.task_first[row, state.slot_request[row, :visible]]))
    cached_bytes = state.cached_tokens[row, first[unread]] * params.token_bytes
    order = np.argsort(-cached_bytes, kind="stable")
    freed_before = np.cumsum(cached_bytes[order]) - cached_bytes[order]
    return unread[order[freed_before < lacking_bytes]]
