"""An episode in which waiting is paid for: what the clairvoyant learns of the future by waiting is taken back.

A *difference* belongs to a request and an epoch that it waits into: a number that is known when that epoch begins, and
whose expectation, seen from the epoch before, is 0. A policy that does not know the future decides an epoch before who
waits, so the sum of the differences of those who wait is 0 on average, whatever it does; the clairvoyant, who knows
them, is made to pay. See docs/certificates.md for the derivation.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge_llm_baselines.certificates.clairvoyant.waiting import Chances, Waiting
from edge_llm_baselines.hindsight.episode import NEVER, EpisodeProblem


@dataclass(frozen=True, eq=False)
class PenalisedEpisode:
    """Maximise requests served less the differences of those who wait.

    Serving request i in epoch e is worth 1 - Σ of its differences up to e, never serving it - Σ of all; with
    `constant` = -Σ of all differences of all requests, that is `constant` + Σ over those served of `values`.
    """

    episode: EpisodeProblem
    values: NDArray[np.float64]
    """(offers,) of each chance to serve: 1 + Σ of the request's differences in later epochs."""
    constant: float

    @classmethod
    def of(cls, episode: EpisodeProblem, waiting: Waiting, differences: NDArray[np.float64]) -> PenalisedEpisode:
        """From the differences, shape (w,), of the same workload; they are 0 where a request arrives.

        Raises ValueError as `later_of` does.
        """
        later, constant = later_of(episode, waiting, differences)
        return cls(episode, 1.0 + later, constant)

    def value(self, schedule: NDArray[np.int64]) -> float:
        """What a schedule serves, less the differences of those who wait in it."""
        offers = self.episode.offers
        served = (schedule[offers.request] != NEVER) & (schedule[offers.request] == offers.epoch)
        return self.constant + float(self.values[served].sum())


def later_of(episode: Chances, waiting: Waiting, differences: NDArray[np.float64]) -> tuple[NDArray[np.float64], float]:
    """(offers,) Σ of the request's differences, (w,), in later epochs, which serving it saves; and -Σ of all of them.

    Raises ValueError as `check_differences` does.
    """
    check_differences(waiting, differences)
    rest = waiting.still_to_come(differences)
    return rest[waiting.at_offers(episode)], -float(differences.sum())


def check_differences(waiting: Waiting, differences: NDArray[np.float64]) -> None:
    """Raise ValueError for another shape, a number that is not finite, or a difference of who has just arrived."""
    if differences.shape != waiting.epoch.shape or not np.isfinite(differences).all():
        raise ValueError(f"differences of shape {differences.shape}: must be {waiting.epoch.shape}, every entry finite")
    if differences[waiting.arrives].any():
        raise ValueError("differences: must be 0 where a request arrives: nobody has decided that it waits")
