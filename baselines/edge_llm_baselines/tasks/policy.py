"""An order of calls as a policy."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_llm_baselines.playing.batches import as_actions
from edge_llm_baselines.playing.policy import rows_of
from edge_llm_baselines.solvers.greedy import serve_in_order
from edge_llm_baselines.solvers.problem import BatchProblem
from edge_llm_baselines.tasks.orders import Order
from edge_llm_env.support.naming import shown
from edge_llm_env.tasks.running.simulation import TaskSimulation


class CallsInOrder:
    """Serve in every epoch of `BatchSelection-v0` the visible calls in an order, each if the batch stays feasible.

    Raises ValueError for an environment whose requests are no calls of tasks.
    """

    def __init__(self, order: Order, env: Any) -> None:
        for simulation, _ in rows_of(env):
            if not isinstance(simulation, TaskSimulation):
                raise ValueError(f"env = {shown(env)}: must have a scenario with workload.tasks")
        self._order, self._env = order, env

    def predict(
        self, observation: NDArray[np.float32], state: Any = None, episode_start: Any = None, deterministic: bool = True
    ) -> tuple[NDArray[np.int8], Any]:
        """Batches as actions, of one row or of several."""
        rows: list[tuple[Any, int]] = rows_of(self._env)
        chosen = np.zeros((len(rows), rows[0][0].slots), dtype=np.bool_)
        for at, (simulation, row) in enumerate(rows):
            problem = BatchProblem.of_row(simulation, row)
            order = np.argsort(self._order(simulation, row), kind="stable")
            selected = np.zeros(len(problem), dtype=np.bool_)
            serve_in_order(problem.rule, problem.candidates, order, len(problem), selected)
            chosen[at, : len(problem)] = selected
        actions = as_actions(chosen, rows[0][0])
        return (actions[0] if observation.ndim == 1 else actions), state
