"""A schedule and a bound for every workload, where modules are divided."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_llm_baselines.hindsight.hindsight import HindsightBounds
from edge_llm_baselines.playing.play import MakePolicy
from edge_llm_baselines.playing.roll_out import roll_out
from edge_llm_baselines.residency.clairvoyant.beam import beam
from edge_llm_baselines.residency.clairvoyant.bound import MOST_NODES, Bound, descend
from edge_llm_baselines.residency.clairvoyant.episode import ModulesEpisode
from edge_llm_baselines.residency.clairvoyant.polish import improve, offers_taken
from edge_llm_baselines.residency.clairvoyant.replay import NOBODY, Assignment, replayed
from edge_llm_env.dynamics.modules import GROUPS
from edge_llm_env.envs.suite import COMPUTE
from edge_llm_env.scenarios.schema import Scenario
from edge_llm_env.workload.workload import Workload

ITERATIONS = 120
"""Of the descent to the bound, at most."""

WIDTH, PER_STATE = 20, 3
"""Sequences that go on in the beam search, and of these most in one state."""

KEPT = (0.3, 0.6, 1.0)
"""Parts of its price that a request that can wait is worth less, in the beam searches."""

MOVES_PER_OFFER = 3000
"""Of annealing, for every chance to serve a request."""


class ModulesHindsight(NamedTuple):
    """What is known of the best schedule of an episode."""

    assignment: Assignment
    """The best found: how modules are divided in every epoch, and who serves whom."""
    upper_bound: int
    """No policy serves more."""


def hindsight_of_modules(
    env_id: str,
    scenario: Scenario,
    workloads: Sequence[Workload],
    rules: Sequence[MakePolicy] = (),
    iterations: int = ITERATIONS,
) -> HindsightBounds:
    """What could be served on each workload in `EdgeLLM/Compute-v0` or `EdgeLLM/Joint-v0`, and what no policy exceeds.

    The search for a schedule begins at the best of those that `rules` play. Raises ValueError for no workload, and as
    `ModulesEpisode.of_workload` and `edge_llm_baselines.residency.clairvoyant.bound.descend` do.
    """
    if not workloads:
        raise ValueError("workloads: must have at least one workload")
    started_s = time.perf_counter()
    for workload in workloads:  # refused before any rule plays
        ModulesEpisode.of_workload(scenario, workload, env_id == COMPUTE)
    served = np.array([roll_out(make, env_id, scenario, workloads).served for make in rules])
    found = []
    for at, workload in enumerate(workloads):
        first = None
        if len(rules):
            first = replayed(rules[int(np.argmax(served[:, at]))], env_id, scenario, workload)
        episode = ModulesEpisode.of_workload(scenario, workload, env_id == COMPUTE)
        found.append(modules_hindsight(episode, first, iterations))
    return HindsightBounds(
        np.array([one.assignment.value for one in found]),
        np.array([one.upper_bound for one in found]),
        (time.perf_counter() - started_s) / len(workloads),
    )


def modules_hindsight(
    episode: ModulesEpisode, first: Assignment | None = None, iterations: int = ITERATIONS, seed: int = 0
) -> ModulesHindsight:
    """The bound, and the best schedule found in a search that begins at one that is known; equal seeds, equal results.

    Batches of the known one are annealed. Beam searches, led by the bound's prices, find other sequences of partitions
    (`edge_llm_baselines.residency.clairvoyant.beam`), whose batches are annealed as well.
    """
    best = first or _nothing(episode)
    bound = descend(episode, best.value, iterations)
    rng = np.random.default_rng(seed)
    moves, worth = MOVES_PER_OFFER * len(episode.offers.request), episode.able.astype(np.float64)
    for begun in [best, *(_found(episode, bound, kept) for kept in KEPT)]:
        if best.value >= bound.upper_bound:
            break
        served_by = begun.served_by.copy()
        taken = offers_taken(episode.offers, len(episode.late_s) * GROUPS, served_by)
        improve(episode, worth, begun.modules, served_by, taken, moves, rng)
        best = max(best, begun, begun._replace(served_by=served_by), key=lambda one: one.value)
    return ModulesHindsight(best, max(bound.upper_bound, best.value))


def _nothing(episode: ModulesEpisode) -> Assignment:
    groups = (len(episode.offers.first) - 1) * len(episode.late_s) * GROUPS
    return Assignment(np.zeros(groups, dtype=np.int64), np.full(episode.requests, NOBODY))


def _found(episode: ModulesEpisode, bound: Bound, kept: float) -> Assignment:
    """What a beam search finds, where requests that can wait are worth that part of their price less."""
    ways = bound.ways
    served_by, path = beam(
        episode,
        ways.groups,
        ways.crews,
        ways.later,
        ways.crew,
        ways.begins,
        bound.worth,
        bound.of_crew,
        bound.prices,
        1.0 - kept * bound.prices,
        WIDTH,
        PER_STATE,
        MOST_NODES,
    )
    modules: NDArray[np.int64] = ways.groups[ways.crews[path]]  # (epochs, G, 1 + ages)
    return Assignment(np.stack([modules[..., 1:].sum(axis=2), modules[..., 0]], axis=2).reshape(-1), served_by)
