"""How evenly requests of different size are served: Jain's index over their service rates."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.dynamics.simulation import Simulation
from edge_llm_env.dynamics.state import EXPIRED, SERVED

GROUPS = 4
"""Groups of requests: quarters of the workload by size."""


class ServiceFairness:
    """Jain's index over the service rates of small and large requests, of each row of a simulation.

    The requests of a workload fall into four groups by their tokens, prompt and output together: up to the lower
    quartile of the workload, up to the median, up to the upper quartile, and above; requests of equal size are in one
    group. Batches of short requests serve the most, so a node that maximises throughput neglects the long ones. The
    service rate of a group is

        r_g = served_g / (served_g + expired_g)

    and the index of n groups (R. Jain, D. Chiu, W. Hawe: A Quantitative Measure of Fairness and Discrimination, DEC
    TR-301, 1984) is J = (Σ r_g)² / (n·Σ r_g²), without unit: 1 where all are served equally well, 1/n where only one
    group is served. Groups of which no request is served or expired yet are left out. J = 0 where nobody is served.
    """

    def __init__(self, simulation: Simulation) -> None:
        self._simulation = simulation
        self._groups: NDArray[np.int8] = np.zeros(simulation.state.status.shape, dtype=np.int8)

    def begin(self, beginning: NDArray[np.bool_]) -> None:
        """Take in the workloads of the rows of a mask, bool of shape (R,)."""
        state = self._simulation.state
        if self._groups.shape != state.status.shape:  # a workload had more requests than any before
            grown: NDArray[np.int8] = np.zeros(state.status.shape, dtype=np.int8)
            grown[:, : self._groups.shape[1]] = self._groups
            self._groups = grown
        for row in np.flatnonzero(beginning):
            requests = state.requests[row]
            tokens = state.prompt_tokens[row, :requests].astype(np.int64) + state.output_tokens[row, :requests]
            self._groups[row, :requests] = size_groups(tokens)

    def index(self) -> NDArray[np.float64]:
        """J of each row as of now, shape (R,)."""
        status = self._simulation.state.status
        rates = np.zeros((len(status), GROUPS))
        known = np.zeros((len(status), GROUPS), dtype=np.bool_)
        for group in range(GROUPS):
            member = self._groups == group
            served = ((status == SERVED) & member).sum(axis=1)
            settled = served + ((status == EXPIRED) & member).sum(axis=1)
            known[:, group] = settled > 0
            rates[:, group] = served / np.maximum(settled, 1)
        return jain_index(rates, known)


def size_groups(tokens: NDArray[np.int64]) -> NDArray[np.int8]:
    """The quarter of the requests, 0 to 3, that each request of those tokens is in, int8 of their shape (N,)."""
    if not len(tokens):
        return np.zeros(0, dtype=np.int8)
    quartiles = np.quantile(tokens, np.arange(1, GROUPS) / GROUPS)
    return np.searchsorted(quartiles, tokens, side="left").astype(np.int8)


def jain_index(rates: NDArray[np.float64], known: NDArray[np.bool_]) -> NDArray[np.float64]:
    """J over the known ones of rates ≥ 0 of shape (R, G), shape (R,); 0 where all of them are 0, or none is known."""
    among = np.where(known, rates, 0.0)
    squares = known.sum(axis=1) * (among**2).sum(axis=1)
    return np.where(squares > 0.0, among.sum(axis=1) ** 2 / np.where(squares > 0.0, squares, 1.0), 0.0)
