"""The schedulers of the field, as allocations of `EdgeLLM/Bandwidth-v0` where uploads carry over.

Each has an order of its own. In it requests enter the batch, each if that stays feasible with it and its upload
completes, and in it the others go on sending with what the batch leaves of the uplink.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np
from numpy.typing import NDArray

from edge_llm_baselines.allocation.sending import batch_in_turn, sending, shortest_first
from edge_llm_env.dynamics.simulation import Simulation
from edge_llm_env.dynamics.state import N_EPOCHS


class UploadRule(ABC):
    """An allocation that serves requests in an order."""

    @abstractmethod
    def order(self, simulation: Simulation, row: int) -> NDArray[np.int64]:
        """The visible slots of a row, first served first."""

    def action(self, simulation: Simulation, row: int) -> NDArray[np.float64]:
        """The action that serves and sends in that order."""
        order = self.order(simulation, row)
        selected = batch_in_turn(simulation.params, simulation.state, row, order)
        return sending(simulation, row, selected, order)


class EarliestDeadlineFirst(UploadRule):
    """EDF: the least slack first (C. L. Liu and J. W. Layland, Journal of the ACM 20(1), 1973, section 7)."""

    def order(self, simulation: Simulation, row: int) -> NDArray[np.int64]:
        """Visible slots by slack, least first."""
        return _ascending(simulation.state.slot_slack_s[row, : int(simulation.state.visible[row])])


class MaximumRate(UploadRule):
    """Whoever has the best channel (R. Knopp and P. A. Humblet, Information capacity and power control in single-cell
    multiuser communications, IEEE ICC 1995).
    """

    def order(self, simulation: Simulation, row: int) -> NDArray[np.int64]:
        """By today's rate, the highest first."""
        return _ascending(-whole_bits(simulation, row))


class ProportionalFair(UploadRule):
    """Today's rate over what a request has had per second since it arrived (A. Jalali, R. Padovani and R. Pankaj, Data
    throughput of CDMA-HDR, IEEE VTC 2000), with a token's bits for who has sent nothing yet.
    """

    def order(self, simulation: Simulation, row: int) -> NDArray[np.int64]:
        """By that ratio, the highest first."""
        state, params, rates = simulation.state, simulation.params, whole_bits(simulation, row)
        request = state.slot_request[row, : len(rates)]
        waited_s = (state.counters[row, N_EPOCHS] + 1) * params.epoch_s - state.arrival_s[row, request]
        had = (state.sent_bits[row, request] + params.uplink_bits_per_token) / waited_s
        return _ascending(-rates / had)


class ShortestRemainingTime(UploadRule):
    """SRPT: the least time of the whole uplink to complete at today's rate (L. E. Schrage and L. W. Miller, Operations
    Research 14(4), 1966).
    """

    def order(self, simulation: Simulation, row: int) -> NDArray[np.int64]:
        """By what is left to send over today's rate."""
        return shortest_first(simulation, row)


def whole_bits(simulation: Simulation, row: int) -> NDArray[np.float64]:
    """What the whole uplink would carry of each visible request in this epoch (bits), shape (visible,)."""
    return simulation.state.slot_uplink_bits[row, : int(simulation.state.visible[row])]


def _ascending(keys: NDArray[np.float64]) -> NDArray[np.int64]:
    return np.argsort(keys, kind="stable")
