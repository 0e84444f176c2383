"""The penalised episode cut into windows of several epochs, each solved as a mixed-integer program at prices.

A request with chances in one window alone is served there at most once without a price; one with chances in several
keeps its price μ, and is worth its value less μ in each. With V_w the most that window w is worth,

    constant + Σ_i with chances in several windows μ_i + Σ_w V_w

is at least what any schedule is worth, for any μ ≥ 0, and so it is with V_w replaced by what is proven of it.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_llm_baselines.certificates.clairvoyant.penalised import PenalisedEpisode
from edge_llm_baselines.hindsight.exact_hindsight import solved_together
from edge_llm_baselines.solvers.milp import dual_bound
from edge_llm_baselines.solvers.milp_model import MilpModel, model_of
from edge_llm_baselines.solvers.problem import BatchProblem
from edge_llm_env.solver.candidates import Candidates

SPARE = 1e-6
"""Of every limit: what HiGHS takes for equal only makes the bound larger."""

GAP = 1e-5
"""Of a window's worth, at which its search ends."""

LEAST = 1e-9
"""Worth of a chance that is looked at."""


class WindowEffort(NamedTuple):
    """How much is searched."""

    epochs: tuple[int, ...]
    """Of a window: the episode is cut into windows of each length, and the lowest bound counts. None without any."""
    nodes: int
    """Of HiGHS's search of each window."""


NO_WINDOWS = WindowEffort((), 0)
"""Prices and blocks alone."""


def windowed_bound(penalised: PenalisedEpisode, prices: NDArray[np.float64], effort: WindowEffort) -> float:
    """What no schedule of an episode is worth more than, at prices (requests,) of at least 0.

    It is infinite without windows, and where lengths are padded: a program then has a variable for every pair of a
    request and longest lengths, and proves less than prices do.
    """
    values, rule = penalised.values, penalised.episode.rule
    if rule.pads_prompts or rule.pads_outputs:
        return math.inf
    if (values == np.round(values)).all():
        prices = np.round(2.0 * prices) / 2.0  # what is a multiple of a half is proven sooner: its bounds are rounded
    bounds = (_cut(penalised, prices, length, effort.nodes) for length in effort.epochs)
    return min(bounds, default=math.inf)


def _cut(penalised: PenalisedEpisode, prices: NDArray[np.float64], length: int, nodes: int) -> float:
    """What windows of that many epochs, side by side, come to."""
    episode = penalised.episode
    cuts = [*range(0, episode.epochs, length), episode.epochs]
    offers = episode.offers
    window = offers.epoch // length
    first, last = np.full(episode.requests, len(cuts)), np.full(episode.requests, -1)
    np.minimum.at(first, offers.request, window)
    np.maximum.at(last, offers.request, window)
    priced = np.where(last > first, prices, 0.0)
    worth = penalised.values - priced[offers.request]
    parts = (_window(penalised, worth, start, stop, nodes) for start, stop in pairwise(cuts))
    return penalised.constant + float(priced.sum()) + sum(parts)


def _window(penalised: PenalisedEpisode, worth: NDArray[np.float64], start: int, stop: int, nodes: int) -> float:
    """What is proven that the epochs from `start` on, before `stop`, are worth at most."""
    offers = penalised.episode.offers
    models: list[MilpModel] = []
    requests: list[NDArray[np.int64]] = []
    for first, last in pairwise(offers.first[start : stop + 1]):
        looked_at = first + np.flatnonzero(worth[first:last] > LEAST)
        if len(looked_at) == 0:
            continue
        candidates = Candidates(*(array[looked_at] for array in offers.candidates))
        model = model_of(BatchProblem(penalised.episode.rule, candidates, worth[looked_at]))
        others = np.full(len(model.value) - len(model.owner), -1)
        models.append(model)
        requests.append(np.concatenate([offers.request[looked_at][model.among[model.owner]], others]))
    if not models:
        return 0.0
    result = solved_together(models, np.concatenate(requests), nodes, gap=GAP, spare=SPARE)
    most = sum(float(model.value.sum()) for model in models)  # of all of them, whatever HiGHS proves
    return min(most, dual_bound(result, 1.0))
