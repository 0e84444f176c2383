"""The penalised clairvoyant where modules are divided: a price on every request, and a longest path of partitions."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_llm_baselines.certificates.clairvoyant.penalised import valued
from edge_llm_baselines.certificates.clairvoyant.waiting import Waiting
from edge_llm_baselines.residency.clairvoyant.episode import ModulesEpisode
from edge_llm_baselines.residency.clairvoyant.priced import most_by_prices


def bound_of_modules(
    episode: ModulesEpisode, waiting: Waiting, differences: NDArray[np.float64], iterations: int
) -> float:
    """At least what any schedule of any partitions serves less the differences, (w,), of those who wait.

    However few `iterations` the descent has. Infinite and raises as `most_by_prices` and `valued` do.
    """
    values, constant = valued(episode, waiting, differences)
    return most_by_prices(episode, np.where(episode.able, values[:, None], 0.0), iterations) + constant
