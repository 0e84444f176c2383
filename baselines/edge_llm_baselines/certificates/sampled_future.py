"""A rule that samples futures: a two-stage stochastic programme, solved by its dual, without learning."""

from __future__ import annotations

import zlib
from dataclasses import replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from edge_llm_baselines.hindsight.episode import EpisodeProblem, Offers
from edge_llm_baselines.hindsight.lagrangian import FIRST_PRICE, GRID, MOST_NODES, relaxed_value
from edge_llm_baselines.rules.look_ahead import on_grid
from edge_llm_baselines.solvers.branch_and_bound import BranchAndBound
from edge_llm_baselines.solvers.problem import BatchProblem, Solution
from edge_llm_env.scenarios import load_scenario
from edge_llm_env.scenarios.content import ScenarioError
from edge_llm_env.scenarios.schema import Scenario
from edge_llm_env.solver.candidates import Candidates
from edge_llm_env.solver.subproblems import alone_feasible
from edge_llm_env.support.checking.arguments import checked
from edge_llm_env.workload.streams import Stream, draw_workloads

FIRST_STEP, HALVED_AFTER = 0.3, 8
"""Of the descent: how far prices go at first, and the iterations after which steps are half as long."""


class SampledFuture:
    """The batch that is best on average over sampled futures, which may each be answered as if they were known.

    With x the batch now and y_k what is served later in future k = 1..K, each request at most once in each:

        max Σ_i x_i + 1/K Σ_k Σ_i y_ki   where   x_i + y_ki ≤ 1

    and every epoch's batch is feasible (Birge and Louveaux, *Introduction to Stochastic Programming*, chapter 3). The
    prices μ_ki of the last line make an epoch's problem of each epoch of each future, and of now with values
    1 - mean_k μ_ki; a subgradient descent finds them, and its last prices, averaged, value the batch that is served.

    A future is the arrivals of `horizon` - 1 epochs from now on, as the scenario draws them from an empty cell, so the
    rule is told how arrivals come about. Those who wait keep the channel that they have. `samples` futures are taken
    anew for each decision of a pool of `pool`, by `seed` and by who waits: equal states, equal batches.

    Raises ScenarioError for agent tasks and uploads that carry over, ValueError for numbers below 1 (`horizon`: 2), and
    for more samples than the pool has.
    """

    @checked
    def __init__(
        self,
        scenario: Scenario,
        samples: int = 5,
        *,
        horizon: int = 4,
        iterations: int = 24,
        pool: int = 64,
        seed: int = 0,
    ) -> None:
        for name, number, least in (("samples", samples, 1), ("iterations", iterations, 1), ("horizon", horizon, 2)):
            if number < least:
                raise ValueError(f"{name} = {number}: must be at least {least}")
        if pool < samples:
            raise ValueError(f"pool = {pool}: must be at least samples = {samples}")
        if scenario.workload.tasks is not None or scenario.radio.transfers == "carried_over":
            raise ScenarioError(f"scenario {scenario.name}: must be of requests that are served within an epoch each")
        self.samples, self.iterations, self.seed = samples, iterations, seed
        self._epoch_s, self._horizon = scenario.epoch.epoch_s, horizon
        short = load_scenario(scenario, **{"epoch.episode_epochs": horizon})
        self._pool = [
            _later(EpisodeProblem.of_workload(short, workload))
            for workload in draw_workloads(short, pool, seed, Stream.TUNING)
        ]
        self._solver = BranchAndBound()

    @checked
    def solve(self, problem: BatchProblem) -> Solution:
        """The batch; `value` and `upper_bound` are in the values that it maximises."""
        values = on_grid(np.maximum(1.0 / GRID, 1.0 - self.prices(problem)))
        return self._solver.solve(replace(problem, values=values))

    @checked
    def prices(self, problem: BatchProblem) -> NDArray[np.float64]:
        """(n,) what keeping each request for later is worth, 0..1: mean_k μ_ki."""
        waiting = [self._waiting(problem, epochs) for epochs in range(1, self._horizon)]
        can_wait = np.zeros(len(problem), dtype=np.bool_)
        for alone, _ in waiting:
            can_wait[alone] = True
        if not can_wait.any():
            return np.zeros(len(problem))
        entropy = [self.seed, zlib.crc32(problem.candidates.slack_s.tobytes())]
        chosen = np.random.default_rng(entropy).choice(len(self._pool), self.samples, replace=False)
        futures = [_joined(waiting, self._pool[at], len(problem)) for at in chosen]
        contested = [
            np.concatenate((can_wait, np.bincount(offers.request, minlength=size)[len(problem) :] > 1))
            for offers, size in futures
        ]
        prices = [np.where(one, round(FIRST_PRICE * GRID) / GRID, 0.0) for one in contested]
        kept = np.zeros(len(problem))
        counted = 0
        for iteration in range(self.iterations):
            mean = np.mean([one[: len(problem)] for one in prices], axis=0)
            values = on_grid(np.maximum(0.0, 1.0 - mean))
            now = self._solver.solve(replace(problem, values=values)).selected
            length = FIRST_STEP * 0.5 ** (iteration / HALVED_AFTER)
            for at, (offers, size) in enumerate(futures):
                times = np.zeros(size, dtype=np.int64)
                relaxed_value(problem.rule, offers, prices[at], MOST_NODES, times)
                slope = 1.0 - times
                slope[: len(problem)] -= now
                moved = np.round((prices[at] - length * slope) * GRID) / GRID
                prices[at] = np.where(contested[at], np.clip(moved, 0.0, 1.0), 0.0)
            if 2 * iteration >= self.iterations:
                kept += np.mean([one[: len(problem)] for one in prices], axis=0)
                counted += 1
        return kept / max(1, counted)

    def _waiting(self, problem: BatchProblem, epochs: int) -> tuple[NDArray[np.int64], Candidates]:
        """Who could still be served after so many epochs, and as whom."""
        later = problem.candidates._replace(slack_s=problem.candidates.slack_s - epochs * self._epoch_s)
        alone = alone_feasible(problem.rule, later)
        return alone, Candidates(*(array[alone] for array in later))


def _later(episode: EpisodeProblem) -> list[tuple[NDArray[np.int64], Candidates]]:
    """Of an episode, for each epoch but the first, who arrived since: their numbers, from 0, and as whom."""
    offers = episode.offers
    ends = offers.first
    there = offers.request[: ends[1]]
    new = np.setdiff1d(offers.request, there)
    number = np.full(episode.requests, -1)
    number[new] = np.arange(len(new))
    found = []
    for first, last in pairwise(ends[1:]):
        of_new = number[offers.request[first:last]] >= 0
        candidates = Candidates(*(array[first:last][of_new] for array in offers.candidates))
        found.append((number[offers.request[first:last]][of_new], candidates))
    return found


def _joined(
    waiting: list[tuple[NDArray[np.int64], Candidates]], new: list[tuple[NDArray[np.int64], Candidates]], count: int
) -> tuple[Offers, int]:
    """All offers of a future, of those who wait first, and how many requests it has."""
    requests, candidates = [], []
    most = -1
    for (alone, own), (numbers, others) in zip(waiting, new, strict=True):
        requests.append(np.concatenate((alone, count + numbers)))
        candidates.append([np.concatenate(pair) for pair in zip(own, others, strict=True)])
        most = max(most, int(numbers.max(initial=-1)))
    sizes = [len(one) for one in requests]
    offers = Offers(
        np.concatenate(requests),
        np.repeat(np.arange(len(sizes)), sizes),
        np.concatenate([[0], np.cumsum(sizes, dtype=np.int64)]),
        Candidates(*(np.concatenate(arrays) for arrays in zip(*candidates, strict=True))),
    )
    return offers, count + most + 1
