"""The penalised clairvoyant where modules are divided: a price on every request, and a longest path of partitions."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_llm_baselines.certificates.clairvoyant.penalised import later_of
from edge_llm_baselines.certificates.clairvoyant.waiting import Waiting
from edge_llm_baselines.residency.clairvoyant.episode import ModulesEpisode
from edge_llm_baselines.residency.clairvoyant.priced.modules import most_by_prices


def bound_of_modules(
    episode: ModulesEpisode,
    worth: NDArray[np.float64],
    waiting: Waiting,
    differences: NDArray[np.float64],
    iterations: int,
) -> float:
    """At least what any schedule of any partitions gains less the differences, (w,), of those who wait.

    `worth`, (k, G), is what is gained where a variant serves an offer, and 0 where it cannot: 1, or what its level
    delivers. However few `iterations` the descent has. Infinite and raises as `most_by_prices` and `later_of` do.
    """
    later, constant = later_of(episode, waiting, differences)
    return most_by_prices(episode, np.where(worth > 0.0, worth + later[:, None], 0.0), iterations) + constant
