"""A rule of two numbers that compares today's rate with the best that can be expected, and its tuning."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_llm_baselines.allocation.policy import AllocationPolicy
from edge_llm_baselines.playing.roll_out import roll_out
from edge_llm_baselines.uploads.rules import UploadRule
from edge_llm_env.dynamics.params import NodeParams
from edge_llm_env.dynamics.simulation import Simulation
from edge_llm_env.dynamics.state import NodeState
from edge_llm_env.envs.observation.foresight import later_epochs, shares_to_come
from edge_llm_env.envs.suite import BANDWIDTH
from edge_llm_env.scenarios.schema import Scenario
from edge_llm_env.support.compilation.compiling import compiled_allocating
from edge_llm_env.workload.streams import Stream, draw_workloads

PATIENCES = (0.0, 1.0, 2.0, 4.0, 6.0)
"""Values of α to try."""
URGENCIES = (0.0, 0.1, 0.3, 0.6)
"""Values of β to try."""
TUNING_EPISODES = 16
"""Workloads to tune on."""


class PredictiveUploads(UploadRule):
    """The shortest remaining time, longer for who expects a better rate and for who has time.

    The order is that of u·(R_best / R)^α·(1 + k)^β, the least first: u is what is left to send as a share of the uplink
    at today's rate R, R_best the best rate that can be expected in any of the k later epochs in which the request can
    still be computed (`edge_llm_env.envs.foresight`), or R where that is higher. With α = 0 and β = 0 this is the
    shortest remaining time. Uses only what the observation tells.

    `patience` is α ≥ 0 and `urgency` is β, tuned once per scenario by `tune_uploads`. Raises ValueError for a patience
    that is negative, and for numbers that are not finite.
    """

    def __init__(self, patience: float, urgency: float) -> None:
        if not 0.0 <= patience < np.inf:
            raise ValueError(f"patience = {patience}: must be at least 0 and finite")
        if not -np.inf < urgency < np.inf:
            raise ValueError(f"urgency = {urgency}: must be finite")
        self.patience, self.urgency = patience, urgency

    def order(self, simulation: Simulation, row: int) -> NDArray[np.int64]:
        """By that product; who has no channel comes last."""
        share, to_come, later = prospects(simulation.params, simulation.state, row)
        better = np.divide(share, to_come, out=np.ones(len(share)), where=np.isfinite(share) & (to_come > 0.0))
        keys = share * np.maximum(1.0, better) ** self.patience * (1.0 + later) ** self.urgency
        return np.argsort(keys, kind="stable")


@compiled_allocating
def prospects(
    params: NodeParams, state: NodeState, row: int
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Of each visible request the share of the uplink that the rest of its upload needs now, that in the best later
    epoch that can be expected, infinite without one, and how many later epochs there are; shape (visible,).
    """
    shown = state.visible[row]
    share, to_come, later = np.empty(shown), np.empty(shown), np.empty(shown)
    for slot in range(shown):
        share[slot] = state.slot_uplink_share[row, slot]
        to_come[slot] = shares_to_come(params, state, row, slot).best_uplink
        later[slot] = later_epochs(params, state, row, slot)
    return share, to_come, later


def tune_uploads(scenario: Scenario, seed: int = 0, episodes: int = TUNING_EPISODES) -> list[float]:
    """α of PATIENCES and β of URGENCIES that serve most together on that many workloads, the first of equal ones.

    Equal seeds, equal workloads and equal numbers. Raises ValueError for less than one episode.
    """
    workloads = draw_workloads(scenario, episodes, seed, Stream.TUNING)
    pairs = list(product(PATIENCES, URGENCIES))

    def served(patience: float, urgency: float) -> int:
        def make(env: Any) -> AllocationPolicy:
            return AllocationPolicy(PredictiveUploads(patience, urgency), env)

        return int(roll_out(make, BANDWIDTH, scenario, workloads).served.sum())

    return list(pairs[int(np.argmax([served(*pair) for pair in pairs]))])
