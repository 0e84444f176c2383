"""Blocks of epochs against enumeration of their schedules."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from numpy.random import Generator

from edge_llm_baselines import BatchProblem
from edge_llm_baselines.certificates.clairvoyant import dual
from edge_llm_baselines.hindsight.block_bound import Effort, block_bound, most_gained, tightened
from edge_llm_baselines.hindsight.block_search import block_gain
from edge_llm_baselines.hindsight.episode import EpisodeProblem, Offers
from edge_llm_baselines.hindsight.hindsight import LagrangianHindsight
from edge_llm_baselines.hindsight.lagrangian import GRID, relaxed_value
from edge_llm_env.solver.candidates import Candidates
from edge_llm_env.solver.subproblems import alone_feasible
from tests.edge_llm_baselines.solvers.instances import FAMILIES, problems
from tests.references.plain_rule import is_feasible

REQUESTS = (3, 7)


def episode_of(problem: BatchProblem, rng: Generator, epochs: int) -> EpisodeProblem:
    """The requests of a problem, each offered in some epochs in a row; slack falls, and at times shares are redrawn."""
    size = len(problem)
    first = rng.integers(0, epochs, size)
    last = np.minimum(first + rng.integers(0, 3, size), epochs - 1)
    fall_s = rng.choice([0.0, 0.3]) * problem.rule.window_s
    redraw = rng.random() < 0.3
    requests, candidates = [], []
    for epoch in range(epochs):
        asked = problem.candidates._replace(slack_s=problem.candidates.slack_s + fall_s * (last - epoch))
        if redraw:
            order = rng.permutation(size)
            asked = asked._replace(uplink_share=asked.uplink_share[order], downlink_share=asked.downlink_share[order])
        among = alone_feasible(problem.rule, asked)
        among = among[(first[among] <= epoch) & (epoch <= last[among])]
        requests.append(among)
        candidates.append([values[among] for values in asked])
    sizes = [len(among) for among in requests]
    offers = Offers(
        np.concatenate(requests),
        np.repeat(np.arange(epochs), sizes),
        np.concatenate([[0], np.cumsum(sizes, dtype=np.int64)]),
        Candidates(*(np.concatenate(values) for values in zip(*candidates, strict=True))),
    )
    return EpisodeProblem(problem.rule, offers, size)


def ones(episode: EpisodeProblem) -> np.ndarray:
    return np.ones(len(episode.offers.request))


def most_valuable(episode: EpisodeProblem, values: np.ndarray) -> float:
    """The value of the best schedule, by trying all batches of every epoch after all others."""
    feasible: list[list[tuple[int, float]]] = []
    for epoch in range(episode.epochs):
        problem, requests = (
            episode.problem(epoch),
            episode.offers.request[slice(*episode.offers.first[epoch : epoch + 2])],
        )
        feasible.append([])
        for chosen in range(1 << len(requests)):
            selected = [bool(chosen >> k & 1) for k in range(len(requests))]
            if is_feasible(problem, selected):
                taken = [k for k in range(len(requests)) if selected[k]]
                worth = float(values[episode.offers.first[epoch] + np.array(taken, dtype=int)].sum())
                feasible[-1].append((sum(1 << int(requests[k]) for k in taken), worth))

    @cache
    def most(epoch: int, served: int) -> float:
        if epoch == episode.epochs:
            return 0.0
        return max(worth + most(epoch + 1, served | batch) for batch, worth in feasible[epoch] if not batch & served)

    return most(0, 0)


def most_served(episode: EpisodeProblem) -> int:
    return round(most_valuable(episode, ones(episode)))


def random_episodes(family: str, count: int):
    for index, problem in enumerate(problems(family, count, REQUESTS)):
        rng = np.random.default_rng([7, index])
        episode = episode_of(
            replace(problem, values=np.ones(len(problem))), rng, int(rng.integers(2, Effort(0).most_epochs + 1))
        )
        prices = np.where(
            episode.chances() > 1, np.round(rng.random() * rng.random(episode.requests) * GRID) / GRID, 0.0
        )
        yield episode, prices


def relaxed(episode: EpisodeProblem, prices: np.ndarray) -> float:
    return relaxed_value(episode.rule, episode.offers, prices, 10**6, np.zeros(episode.requests, dtype=np.int64))


@pytest.mark.parametrize("family", FAMILIES)
def test_a_block_of_all_epochs_searched_to_its_end_is_enumeration(family: str) -> None:
    for episode, prices in random_episodes(family, 25):
        bound = relaxed(episode, prices)
        gain, _ = block_gain(
            episode.rule, episode.offers, ones(episode), episode.chances(), prices, 0, episode.epochs, 5_000
        )
        assert bound - gain == pytest.approx(most_served(episode), abs=1e-6)


@pytest.mark.parametrize("family", FAMILIES)
def test_chances_may_be_worth_any_numbers(family: str) -> None:
    for index, (episode, prices) in enumerate(random_episodes(family, 25)):
        rng = np.random.default_rng([8, index])
        of_request = rng.normal(1.0, 0.4, episode.requests)[episode.offers.request]
        of_offer = rng.normal(1.0, 0.4, len(episode.offers.request))
        values = of_offer if index % 2 else of_request  # which requests of equal lengths can trade places
        chosen = np.zeros(len(values), dtype=np.bool_)
        bound = dual.relaxed_value(episode.rule, episode.offers, values, prices, 10**6, chosen)
        most = most_valuable(episode, values)
        gain, _ = block_gain(episode.rule, episode.offers, values, episode.chances(), prices, 0, episode.epochs, 5_000)
        assert bound - gain == pytest.approx(most, abs=1e-6)
        for nodes in (0, 20, 10**6):
            assert most - 1e-6 <= tightened(episode, values, prices, bound, Effort(nodes)) <= bound + 1e-6


@pytest.mark.parametrize("family", FAMILIES)
def test_no_schedule_serves_more_than_the_bound(family: str) -> None:
    for episode, prices in random_episodes(family, 15):
        bound, chances, most = relaxed(episode, prices), episode.chances(), most_served(episode)
        for branchings in (0, 1, 3):
            gains = np.zeros((episode.epochs + 1, episode.epochs + 1))
            for length in range(2, episode.epochs + 1):
                for end in range(length, episode.epochs + 1):
                    gains[length, end], _ = block_gain(
                        episode.rule, episode.offers, ones(episode), chances, prices, end - length, end, branchings
                    )
            assert (gains >= 0).all()
            assert bound - most_gained(gains) >= most - 1e-6
        assert block_bound(episode, prices, bound, 0, 10**6) >= most
        assert LagrangianHindsight(3, restarts=1, moves_per_offer=20).solve(episode).upper_bound >= most


def test_requests_of_equal_lengths_trade_places() -> None:
    """Of three equal requests two fit an epoch: two epochs serve three, and taking one chance away takes those like it.

    At prices of 0.5 each epoch serves two requests worth 0.5 each: L = 3 · 0.5 + 2 · 2 · 0.5 = 3.5; the block serves 3.
    """
    size = 3
    asked = Candidates(
        *np.ones((2, 2 * size)),
        np.full(2 * size, 9.0),
        *np.zeros((2, 2 * size)),
        np.full(2 * size, 0.4),
        np.zeros(2 * size),
    )
    offers = Offers(np.tile(np.arange(size), 2), np.repeat([0, 1], size), np.array([0, size, 2 * size]), asked)
    rule = BatchProblem.additive([], [], [], [], [], window_s=1.0, memory_limit_bytes=1.0).rule
    episode, prices = EpisodeProblem(rule, offers, size), np.full(size, 0.5)
    assert relaxed(episode, prices) == 3.5
    gain, _ = block_gain(rule, offers, ones(episode), episode.chances(), prices, 0, 2, 100)
    assert gain == 0.5


def test_the_best_of_the_ways_to_cut_an_episode() -> None:
    """Blocks of epochs 0-1, 1-2 and 2-3 gain 1, 1.5 and 1, all four 1.75: the two that do not overlap gain most, 2."""
    gains = np.zeros((5, 5))
    gains[2, 2], gains[2, 3], gains[2, 4], gains[4, 4] = 1.0, 1.5, 1.0, 1.75
    assert most_gained(gains) == 2.0
    gains[2, 3] = 2.5
    assert most_gained(gains) == 2.5


@pytest.mark.parametrize("family", FAMILIES)
def test_more_nodes_never_loosen_the_bound(family: str) -> None:
    for episode, prices in random_episodes(family, 5):
        bounds = [block_bound(episode, prices, relaxed(episode, prices), 0, nodes) for nodes in (0, 10, 100, 10**6)]
        assert bounds == sorted(bounds, reverse=True)
