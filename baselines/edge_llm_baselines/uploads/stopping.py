"""Uploads along a road as optimal stopping: who had better wait, at a price of the uplink, and its tuning.

Each request alone faces an offer per epoch, its rate, which goes with the known path loss and with shadowing that is
known now and decays. At a price of λ requests for a whole uplink of one epoch, to send u of it is worth 1 - λ·u, to
wait is worth W, what can be expected of the best moment to come, and to give up is worth 0. A price in place of the
uplink's limit takes requests apart, as in P. Whittle, Restless bandits, Journal of Applied Probability 25A, 1988.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_llm_baselines.allocation.policy import AllocationPolicy
from edge_llm_baselines.playing.roll_out import roll_out
from edge_llm_baselines.uploads.rules import UploadRule
from edge_llm_env.dynamics.channels import bits_to_send, block_of, least_uplink_share
from edge_llm_env.dynamics.params import NodeParams
from edge_llm_env.dynamics.simulation import Simulation
from edge_llm_env.dynamics.state import NodeState
from edge_llm_env.envs.observation.foresight import later_epochs
from edge_llm_env.envs.suite import BANDWIDTH
from edge_llm_env.radio.path_losses.path_loss import variance_of_shadowing
from edge_llm_env.scenarios.schema import Scenario
from edge_llm_env.support.compilation.compiling import compiled_allocating
from edge_llm_env.workload.streams import Stream, draw_workloads

PRICES = (0.5, 0.7, 1.0, 1.2, 1.4, 1.6, 2.0, 2.8, 4.0)
"""Values of λ to try."""
TUNING_EPISODES = 32
"""Workloads to tune on."""
LEVELS = 13
"""Levels of what a gain is beside its path loss, up to SPAN standard deviations of its logarithm either way."""
SPAN = 2.75


class Chain(NamedTuple):
    """What a gain is beside its path loss, from epoch to epoch: a Markov chain in place of a Gauss-Markov process."""

    levels: NDArray[np.float64]
    """(LEVELS,) factors on the usual gain, their logarithms equally far apart; 1 alone where nothing varies."""
    moves: NDArray[np.float64]
    """(LEVELS, LEVELS) chance of going from one level to another in an epoch."""


def chain_of(scenario: Scenario) -> Chain:
    """That of a scenario's road: log-normal, of the variance and the correlation from one epoch to the next."""
    radio = scenario.radio
    shadowing, fading = variance_of_shadowing(radio.path_loss.along_road_db), radio.fading.power_variance
    relative = math.exp(shadowing) * (1.0 + fading) - 1.0
    if relative <= 0.0:
        return Chain(np.ones(1), np.ones((1, 1)))
    from scipy.special import ndtr

    variance = math.log1p(relative)
    linear = float(radio.correlations(1, scenario.epoch.epoch_s)[0])
    kept = math.log1p(linear * relative) / variance
    at = np.linspace(-SPAN, SPAN, LEVELS)
    between = np.concatenate([[-np.inf], (at[1:] + at[:-1]) / 2.0, [np.inf]])
    below = ndtr((between[None, :] - kept * at[:, None]) / math.sqrt(max(1.0 - kept**2, 1e-12)))
    return Chain(np.exp(math.sqrt(variance) * at - variance / 2.0), np.diff(below, axis=1))


class OptimalStopping(UploadRule):
    """Who gains most by sending now, of what it takes: the order is that of (1 - W) / u, the largest first.

    u is what is left to send as a share of the uplink at today's rate, W what waiting is worth at the price. Users
    drive along a road; the node knows their path loss ahead, and what their gain is beside it now.

    `price` is λ > 0, requests for a whole uplink of one epoch, tuned once per scenario by `tune_price`. Raises
    ValueError for a price that is not positive and finite, and for a scenario without a road.
    """

    def __init__(self, price: float, scenario: Scenario) -> None:
        if not 0.0 < price < np.inf:
            raise ValueError(f"price = {price}: must be greater than 0 and finite")
        if scenario.radio.road is None:
            raise ValueError("radio.road = None: must be a road, along which the path loss to come is known")
        self.price, self._chain = price, chain_of(scenario)

    def order(self, simulation: Simulation, row: int) -> NDArray[np.int64]:
        """By that ratio; who has no channel comes last."""
        share = simulation.state.slot_uplink_share[row, : int(simulation.state.visible[row])]
        worth = worth_of_waiting(simulation.params, simulation.state, row, self.price, *self._chain)
        return np.argsort(-(1.0 - worth) / share, kind="stable")


@compiled_allocating
def worth_of_waiting(
    params: NodeParams,
    state: NodeState,
    row: int,
    price: float,
    levels: NDArray[np.float64],
    moves: NDArray[np.float64],
) -> NDArray[np.float64]:
    """W of each visible request, in 0..1, shape (visible,): backwards from the last epoch that can compute it."""
    shown, size, known = state.visible[row], len(levels), state.usual_gain.shape[2]
    worth, after, expected = np.zeros(shown), np.zeros(size), np.zeros(size)
    for slot in range(shown):
        request = state.slot_request[row, slot]
        block = block_of(params, state, row, request)
        bits = bits_to_send(params, state, row, request)
        expected[:] = 0.0
        for ahead in range(later_epochs(params, state, row, slot), 0, -1):
            usual = state.usual_gain[row, request, min(block + ahead, known - 1)]
            for level in range(size):
                sent = 1.0 - price * least_uplink_share(params, bits, usual * levels[level])
                after[level] = max(0.0, sent, expected[level])
            for level in range(size):
                expected[level] = 0.0
                for other in range(size):
                    expected[level] += moves[level, other] * after[other]
        if size == 1:
            worth[slot] = expected[0]
            continue
        beside = state.gain[row, request, 0, block] / state.usual_gain[row, request, min(block, known - 1)]
        at = math.log(beside / levels[0]) / math.log(levels[1] / levels[0]) if beside > 0.0 else 0.0
        at = min(max(at, 0.0), size - 1.0)
        low = min(int(at), size - 2)
        worth[slot] = expected[low] + (at - low) * (expected[low + 1] - expected[low])
    return worth


def tune_price(scenario: Scenario, seed: int = 0, episodes: int = TUNING_EPISODES) -> float:
    """λ of PRICES that serves most on that many workloads, the first of equal ones.

    Equal seeds, equal workloads and equal prices. Raises ValueError for less than one episode.
    """
    workloads = draw_workloads(scenario, episodes, seed, Stream.TUNING)

    def served(price: float) -> int:
        def make(env: Any) -> AllocationPolicy:
            return AllocationPolicy(OptimalStopping(price, scenario), env)

        return int(roll_out(make, BANDWIDTH, scenario, workloads).served.sum())

    return PRICES[int(np.argmax([served(price) for price in PRICES]))]
