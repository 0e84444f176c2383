"""The descent to the prices of the least bound, where modules are divided."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_llm_baselines.residency.clairvoyant.aged import Aged, ways_to_move
from edge_llm_baselines.residency.clairvoyant.dual import add_served, crews_of_path, longest_path, values_of_groups
from edge_llm_baselines.residency.clairvoyant.episode import ModulesEpisode
from edge_llm_baselines.residency.clairvoyant.margins import Times, times_of
from edge_llm_baselines.residency.transitions import MOST_WAYS
from edge_llm_env.dynamics.params import NodeParams

MOST_AGES = 3
"""Epochs of a residence that are told apart, for variants whose batches are large."""

LARGE_BATCH = 6.0
"""Requests of mean size in a batch of one module from which on it does little that requests are served in part."""

FIRST_PRICE = 0.2
"""Of every request that anybody can serve."""

GRID = 1024
"""Prices are whole multiples of 1/GRID: searches for batches are faster where values are multiples of one number."""

MOST_NODES = 150
"""Of the search for one batch, whose bound counts where it stops there."""

MOMENTUM = 0.8
"""Weight of the directions before in the direction of a step."""

AIM = 0.07
"""Steps aim this far below the least bound, in parts of it."""

FIRST_STEP, STEP_FACTOR, LEAST_STEP, PATIENCE = 0.3, 0.65, 2e-3, 5
"""Of Polyak's length: the first step, what steps are shortened by after so many without progress, and the last."""

PROGRESS = 2e-4
"""Relative fall of the bound that counts as progress."""

ROUNDING = 1e-6
"""Added to a bound before it is rounded down to a whole number of requests, for the sums' floating-point error."""


class Bound(NamedTuple):
    """Where a descent ended."""

    upper_bound: int
    """No policy serves more."""
    ways: Aged
    """All that modules can hold, as the bound tells it apart."""
    prices: NDArray[np.float64]
    """(requests,) λ of the least bound."""
    worth: NDArray[np.float64]
    """(epochs + 1, S) what each state is worth there, from each epoch on."""
    of_crew: NDArray[np.float64]
    """(epochs, C) what each crew is worth there."""


def descend(episode: ModulesEpisode, value: int, iterations: int) -> Bound:
    """Lower L(λ) for at most that many iterations, or until the bound is what a known schedule serves, `value`.

    As `edge_llm_baselines.hindsight.lagrangian.descend` does. Raises ValueError for more ways to move modules than can
    be planned with.
    """
    times = times_of(episode)
    ways = Aged.of(episode.params, episode.hosts, ages_of(episode.params, times))
    needed = np.zeros((len(ways.ages), len(ways.groups)), dtype=np.bool_)
    for variant in range(len(ways.ages)):
        needed[variant, ways.crews[:, variant]] = True
    possible = np.bincount(episode.offers.request[episode.able.any(axis=1)], minlength=episode.requests) > 0
    prices = np.where(possible, round(FIRST_PRICE * GRID) / GRID, 0.0)
    least, step, stalled = math.inf, FIRST_STEP, 0
    direction = np.zeros(episode.requests)
    best = prices, np.zeros((0, 0)), np.zeros((0, 0))
    for _ in range(max(1, iterations)):
        values = values_of_groups(episode, times, ways.groups, ways.ages, needed, prices, MOST_NODES)
        worth, of_crew = longest_path(ways.later, ways.crew, ways.crews, values)
        bound = float(prices.sum() + worth[0, ways.begins])
        stalled = 0 if bound < least * (1.0 - PROGRESS) else stalled + 1
        if bound < least:
            least, best = bound, (prices, worth, of_crew)
        if math.floor(least + ROUNDING) <= value:
            break
        path = crews_of_path(ways.later, ways.crew, worth, of_crew, ways.begins)
        served = np.zeros(episode.requests)
        add_served(episode, times, ways.groups, ways.ages, ways.crews, path, prices, MOST_NODES, served)
        slope = np.where(possible, 1.0 - served, 0.0)
        slope[((prices <= 0.0) & (slope > 0.0)) | ((prices >= 1.0) & (slope < 0.0))] = 0.0
        direction = MOMENTUM * direction + (1.0 - MOMENTUM) * slope
        if stalled >= PATIENCE:
            step, stalled, prices, direction = step * STEP_FACTOR, 0, best[0], np.zeros(episode.requests)
            if step < LEAST_STEP:
                break
            continue
        length = float(direction @ direction)
        if length == 0.0:
            break
        far = step * min(AIM * least, max(bound - value, 1.0)) / length
        prices = np.where(possible, np.clip(np.round((prices - far * direction) * GRID) / GRID, 0.0, 1.0), 0.0)
    return Bound(max(value, math.floor(least + ROUNDING)), ways, *best)


def ages_of(params: NodeParams, times: Times) -> NDArray[np.int64]:
    """Ages of each variant that are told apart, (G,): several where batches are large, as far as states stay few.

    Raises ValueError where even without ages there are more ways to move modules than can be planned with.
    """
    ages = np.ones(len(params.variant_accuracy), dtype=np.int64)
    for variant in range(len(ages)):
        takes_s = times.takes_s[:, variant]
        finite = np.isfinite(takes_s)
        if finite.any() and times.has_s[variant, 1, 0] / takes_s[finite].mean() >= LARGE_BATCH:
            ages[variant] = MOST_AGES
    while ways_to_move(params, ages) > MOST_WAYS and ages.max() > 1:
        ages = np.maximum(1, ages - 1)
    if (ways := ways_to_move(params, ages)) > MOST_WAYS:
        raise ValueError(f"{params.modules} modules: {ways} ways to move among variants, must be {MOST_WAYS}")
    return ages
