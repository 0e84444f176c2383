"""The order of uploads by learned numbers, of which optimal stopping is one choice."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from edge_llm_baselines.uploads.predictive import prospects
from edge_llm_baselines.uploads.rules import UploadRule
from edge_llm_baselines.uploads.stopping import chain_of, worth_of_waiting
from edge_llm_env.dynamics.simulation import Simulation
from edge_llm_env.scenarios.schema import Scenario

SPREADS = {
    "log_price": 0.3,
    "log_price_by_demand": 0.3,
    "remaining": 0.15,
    "later": 0.15,
    "better_later": 0.2,
    "remaining_later": 0.1,
}
"""The numbers by name, and by how much each is varied at first."""

USUAL_LOG_DEMAND = 2.0
"""At which the price is what `log_price` says: some seven whole uplinks are asked for."""

LEAST_DEMAND, LEAST_SHARE, LARGEST_SHARE, LEAST_GAIN = 0.3, 1e-4, 50.0, 1e-6
"""Between which logarithms of demand, of shares and of 1 - W are taken."""

LARGEST_LOG = 2.0
"""Of the price's change with the demand, and of a better rate, either way."""


def starting_point(price: float) -> NDArray[np.float64]:
    """The numbers of optimal stopping at a price."""
    return np.array([math.log(price), *[0.0] * (len(SPREADS) - 1)])


class LearnedOrder(UploadRule):
    """Optimal stopping at a price that goes with the demand, corrected by what else is known of a request.

    With u what is left to send as a share of the uplink at today's rate, d the sum of min(1, u) over all who wait, k
    the later epochs in which a request can still be computed, b the share that it needs in the best of these that can
    be expected, and W what waiting is worth at the price λ (`edge_llm_baselines.uploads.stopping`), the order is that
    of log(1 - W) - (1 + n₂)·log u + n₃·log(1 + k) + n₄·log(u / b) + n₅·log u·log(1 + k), the largest first, where
    log λ = n₀ + n₁·(log d - 2). It knows what optimal stopping does, which all but the first at 0 are.

    `numbers` are those of `SPREADS`, shape (6,). Raises ValueError for a scenario without a road.
    """

    def __init__(self, numbers: NDArray[np.float64], scenario: Scenario) -> None:
        if scenario.radio.road is None:
            raise ValueError("radio.road = None: must be a road, along which the path loss to come is known")
        self._numbers, self._chain = numbers, chain_of(scenario)

    def order(self, simulation: Simulation, row: int) -> NDArray[np.int64]:
        """Visible slots by that sum; who has no channel comes last."""
        log_price, by_demand, remaining, later, better_later, remaining_later = self._numbers.tolist()
        share, to_come, epochs = prospects(simulation.params, simulation.state, row)
        demand = max(LEAST_DEMAND, float(np.minimum(share, 1.0).sum()))
        more = np.clip(by_demand * (math.log(demand) - USUAL_LOG_DEMAND), -LARGEST_LOG, LARGEST_LOG)
        price = math.exp(log_price + float(more))
        worth = worth_of_waiting(simulation.params, simulation.state, row, price, *self._chain)
        log_share, log_epochs = _log_share(share), np.log1p(epochs)
        better = np.clip(log_share - _log_share(to_come), -LARGEST_LOG, LARGEST_LOG) * (epochs > 0.0)
        keys = (
            np.log(np.maximum(1.0 - worth, LEAST_GAIN))
            - (1.0 + remaining) * log_share
            + later * log_epochs
            + better_later * better
            + remaining_later * log_share * log_epochs
        )
        return np.argsort(-np.where(np.isfinite(share), keys, -np.inf), kind="stable")


def _log_share(share: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.log(np.clip(share, LEAST_SHARE, LARGEST_SHARE))
