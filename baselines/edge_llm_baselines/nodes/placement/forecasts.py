"""What is expected to be asked for in the next epochs, by class, of all cells together."""

from __future__ import annotations

from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from edge_llm_baselines.residency.forecasts import PhaseBelief
from edge_llm_env.dynamics.state import N_EPOCHS
from edge_llm_env.nodes.simulation import NetworkSimulation
from edge_llm_env.scenarios.schema import Scenario

HOT_SHARE = 0.5
"""Part of what a class in its phase brings, from which on a source counts as in its phase."""

FADES_S = 5.0
"""How sharply a phase is expected to end at its tuned age (s): scale of a logistic curve."""


class Forecast(Protocol):
    """Anything that foretells demand."""

    def expected(self, simulation: NetworkSimulation, epochs: int) -> NDArray[np.float64]:
        """Requests of each class that wait or arrive in each of the next epochs, of shape (rows, epochs, K).

        It is asked once in every epoch of all rows.
        """
        ...


class Life(NamedTuple):
    """Numbers of `DemandTimesLife`, of all rows, (R,) each."""

    kept: NDArray[np.float64]
    """What is kept of the demand before, at each epoch."""
    trend: NDArray[np.float64]
    """How far demand is carried on in the direction that it moved in last, in parts of that."""
    age_s: NDArray[np.float64]
    """At which age a phase is expected to end; infinite for never."""
    by_cell: NDArray[np.bool_]
    """Whether phases are told apart by cell and class, or by class alone."""


class DemandTimesLife:
    """Demand times how long it is expected to last: a mean that forgets, its trend, and the age of a phase.

    A class (of a cell) whose demand is at least half of what its phase brings is hot. Hot demand goes on until its age
    is about `age_s`, and then is spread evenly over all classes; other demand stays as it is.
    """

    def __init__(self, scenario: Scenario, rows: int, life: Life) -> None:
        cells, classes = len(scenario.cells), scenario.cells[0].workload.class_count
        self._life, self._epoch_s = life, scenario.epoch.epoch_s
        most = max(
            cell.workload.arrivals.mean_rate_per_s * share
            for cell in scenario.cells
            for share in (1.0 if cell.workload.classes is None else float(cell.workload.classes.shares().max()),)
        )
        self._hot = HOT_SHARE * most * self._epoch_s
        self._demand = np.zeros((rows, cells, classes))
        self._age_s = np.zeros((rows, cells, classes))

    def expected(self, simulation: NetworkSimulation, epochs: int) -> NDArray[np.float64]:
        """As `Forecast` says."""
        arrived = last_arrivals(simulation)
        pooled = np.zeros_like(arrived)
        pooled[:, 0] = arrived.sum(axis=1)
        seen = np.where(self._life.by_cell[:, None, None], arrived, pooled)
        begins = simulation.state.counters[:, N_EPOCHS] == 0
        self._demand[begins], self._age_s[begins] = seen[begins], 0.0
        kept = self._life.kept[:, None, None]
        before, self._demand = self._demand, kept * self._demand + (1.0 - kept) * seen
        moved = self._life.trend[:, None, None] * (self._demand - before)
        level = np.maximum(0.0, self._demand + moved)
        hot = level > self._hot
        self._age_s = np.where(hot, self._age_s + self._epoch_s, 0.0)
        ahead_s = np.arange(epochs) * self._epoch_s
        beyond = (self._age_s[..., None] + ahead_s - self._life.age_s[:, None, None, None]) / FADES_S
        alive = np.where(hot[..., None], 1.0 / (1.0 + np.exp(np.clip(beyond, -50.0, 50.0))), 1.0)
        going_on = level[..., None] * alive
        lost = (level[..., None] - going_on).sum(axis=(1, 2)) / level.shape[2]
        return going_on.sum(axis=1).transpose(0, 2, 1) + lost[:, :, None]


class ToldTheOrder:
    """Bayes' rule over the phase of each cell and its age, told which phases there are and which follows which."""

    def __init__(self, scenario: Scenario, rows: int) -> None:
        self._beliefs = [PhaseBelief(cell.workload.classes, cell.epoch.epoch_s, True) for cell in scenario.cells]
        self._per_epoch = [cell.workload.arrivals.mean_rate_per_s * cell.epoch.epoch_s for cell in scenario.cells]
        self._now = [np.broadcast_to(one.prior, (rows, *one.prior.shape)).copy() for one in self._beliefs]

    def expected(self, simulation: NetworkSimulation, epochs: int) -> NDArray[np.float64]:
        """As `Forecast` says."""
        arrived = last_arrivals(simulation)
        begins = simulation.state.counters[:, N_EPOCHS] == 0
        total = np.zeros((len(arrived), epochs, arrived.shape[2]))
        for cell, belief in enumerate(self._beliefs):
            now = belief.passed(self._now[cell])
            now[begins] = belief.prior
            self._now[cell] = now = belief.after(now, arrived[:, cell])
            for epoch in range(epochs):
                total[:, epoch] += self._per_epoch[cell] * belief.mix_of(now)
                now = belief.passed(now)
        return total


def last_arrivals(simulation: NetworkSimulation) -> NDArray[np.float64]:
    """Arrivals of each cell and class in the epoch that has just ended, of shape (rows, N, K)."""
    arrived: NDArray[np.float64] = simulation.state.arrivals[:, 0]
    return arrived
