"""Bounds on what any policy could serve: a whole episode optimised with all arrivals and channels known."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from baselines.branch_and_bound import BranchAndBound
from baselines.episode import NEVER, EpisodeProblem, EpochChoice
from baselines.problem import Solver

LEAST_VALUE = 1e-6
"""Value of serving a request whose price is 1 or more when a schedule is built: better than serving nobody."""

ROUNDING = 1e-6
"""Added to a bound before it is rounded down to a whole number of requests, for the sums' floating-point error."""


class Hindsight(NamedTuple):
    """What is known of the best schedule of an episode."""

    schedule: NDArray[np.int64]
    """(requests,) the best schedule found: the epoch that serves each request, or NEVER."""
    value: int
    """Requests that it serves: some clairvoyant policy serves as many."""
    upper_bound: int
    """No policy serves more."""
    prices: NDArray[np.float64]
    """(requests,) multipliers μ ≥ 0 of the best bound: what it costs elsewhere to serve a request, its price of waiting."""
    iterations: int

    @property
    def optimal(self) -> bool:
        """Whether the schedule is proven best."""
        return self.value == self.upper_bound


class LagrangianHindsight:
    """An upper bound for episodes of any length, with a schedule that comes close to it.

    Multipliers μ_i ≥ 0 on "request i is served at most once" take the epochs apart (Lagrangian relaxation):

        L(μ) = Σ_i μ_i + Σ_epochs max over feasible batches of Σ_{i in batch} (1 - μ_i)

    is an upper bound for every μ, provided that each epoch's weighted problem is solved to a valid bound. A request that
    can be served in one epoch only needs no multiplier. Subgradient steps g_i = 1 - (times served), of Polyak's length
    towards the best schedule known, lower the bound; schedules are built by serving epoch after epoch the batch of
    largest Σ (1 - μ_i) among those not served yet. The search ends when both meet, after `iterations`, or when the bound
    is within `gap` (relative) of the schedule.

    Raises ValueError for less than one iteration or a negative gap.
    """

    def __init__(self, iterations: int = 300, gap: float = 0.0, solver: Solver | None = None) -> None:
        if iterations < 1:
            raise ValueError(f"iterations = {iterations}: must be at least 1")
        if not gap >= 0:
            raise ValueError(f"gap = {gap}: must be at least 0")
        self.iterations = iterations
        self.gap = gap
        self.solver = solver or BranchAndBound()

    def solve(self, episode: EpisodeProblem) -> Hindsight:
        """The bound and the best schedule found; the bound is valid whenever the search stops."""
        contested = episode.chances() > 1
        prices = np.zeros(episode.requests)
        best_prices, bound = prices, math.inf
        schedule = np.full(episode.requests, NEVER)
        step, stalled, iteration = 1.0, 0, 0
        for iteration in range(1, self.iterations + 1):
            relaxed, times_served = self._relax(episode, prices)
            if relaxed < bound - ROUNDING:
                bound, best_prices, stalled = relaxed, prices, 0
            else:
                stalled += 1
            found = self._build(episode, prices)
            if episode.value(found) > episode.value(schedule):
                schedule = found
            value = episode.value(schedule)
            slope = np.where(contested, 1.0 - times_served, 0.0)
            # A price that is 0 cannot fall further.
            slope[(prices <= 0.0) & (slope > 0.0)] = 0.0
            steepness = float(slope @ slope)
            whole = math.floor(bound + ROUNDING)
            if whole <= value or whole - value <= self.gap * value or steepness == 0.0:
                break
            if stalled >= 10:
                step, stalled, prices = step / 2, 0, best_prices
                continue
            prices = np.maximum(0.0, prices - step * (relaxed - value) / steepness * slope)
        value = episode.value(schedule)
        return Hindsight(schedule, value, max(value, math.floor(bound + ROUNDING)), best_prices, iteration)

    def _relax(self, episode: EpisodeProblem, prices: NDArray[np.float64]) -> tuple[float, NDArray[np.int64]]:
        """L(μ), and how often its maximisers serve each request."""
        bound = float(prices.sum())
        times_served = np.zeros(episode.requests, dtype=np.int64)
        for choice in episode.epochs:
            selected, most = self._best_batch(choice, np.maximum(0.0, 1.0 - prices[choice.requests]))
            bound += most
            times_served[choice.requests[selected]] += 1
        return bound, times_served

    def _build(self, episode: EpisodeProblem, prices: NDArray[np.float64]) -> NDArray[np.int64]:
        """The schedule that serves, epoch after epoch, the best batch at these prices of those not served yet."""
        schedule = np.full(episode.requests, NEVER)
        for epoch, choice in enumerate(episode.epochs):
            values = np.maximum(LEAST_VALUE, 1.0 - prices[choice.requests])
            values[schedule[choice.requests] != NEVER] = 0.0
            selected, _ = self._best_batch(choice, values)
            schedule[choice.requests[selected & (values > 0.0)]] = epoch
        return schedule

    def _best_batch(self, choice: EpochChoice, values: NDArray[np.float64]) -> tuple[NDArray[np.bool_], float]:
        """The most valuable batch, without the requests of value 0, and a bound on the value of any."""
        solution = self.solver.solve(replace(choice.problem, values=values))
        return solution.selected & (values > 0.0), solution.upper_bound
