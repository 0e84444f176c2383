"""The discount of `LookAhead`, tuned on training workloads of the scenario that it is for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_llm_baselines.playing.roll_out import roll_out
from edge_llm_baselines.rules.look_ahead import LookAhead, chances_in_slots, on_grid
from edge_llm_baselines.solvers.branch_and_bound import BranchAndBound
from edge_llm_env.dynamics.simulation import Simulation
from edge_llm_env.envs.suite import BATCH_SELECTION
from edge_llm_env.scenarios.schema import Scenario
from edge_llm_env.support.checking.arguments import checked
from edge_llm_env.workload.streams import Stream, draw_workloads
from edge_llm_env.workload.workload import Workload

DISCOUNTS = (0.0, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95)
"""Values of δ to try; 0.05 already settles ties."""

TUNING_EPISODES = 40
"""Workloads to tune on: one to four seconds of computing for a preset."""


@checked
def tuned_look_ahead(scenario: Scenario, seed: int = 0, episodes: int = TUNING_EPISODES) -> LookAhead:
    """`LookAhead` with the discount of `tune_discount`."""
    return LookAhead(tune_discount(scenario, seed, episodes), scenario.epoch.epoch_s)


def tune_discount(scenario: Scenario, seed: int = 0, episodes: int = TUNING_EPISODES) -> float:
    """The δ of DISCOUNTS that serves most on that many workloads, the smallest of equal ones.

    Equal seeds, equal workloads and equal δ. Raises ValueError for less than one episode.
    """
    workloads = draw_workloads(scenario, episodes, seed, Stream.TUNING)
    served = [int(served_with(discount, scenario, workloads).sum()) for discount in DISCOUNTS]
    return DISCOUNTS[int(np.argmax(served))]


def served_with(discount: float, scenario: Scenario, workloads: Sequence[Workload]) -> NDArray[np.int64]:
    """(E,) requests that `LookAhead` of a discount serves on each of E workloads. Raises ValueError for no workload."""

    def rows_at_once(env: Any) -> LookAheadRows:
        return LookAheadRows(discount, env.unwrapped.simulation)

    return roll_out(rows_at_once, BATCH_SELECTION, scenario, workloads).served


class LookAheadRows:
    """`LookAhead` as a policy that decides for all rows of a simulation at once, several times faster."""

    def __init__(self, discount: float, simulation: Simulation) -> None:
        self._discount = discount
        self._simulation = simulation

    def predict(
        self, observation: NDArray[np.float32], state: Any = None, episode_start: Any = None, deterministic: bool = True
    ) -> tuple[NDArray[np.int8], Any]:
        """Batches, int8 of shape (rows, Q)."""
        values = on_grid(1.0 - self._discount * chances_in_slots(self._simulation))
        return BranchAndBound().solve_many(self._simulation, values).selected.astype(np.int8), state
