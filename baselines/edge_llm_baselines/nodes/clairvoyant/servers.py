"""Servers as the bound of a network asks them: one that computes a batch an epoch, and one that also places models."""

from __future__ import annotations

from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from edge_llm_baselines.hindsight.episode import EpisodeProblem
from edge_llm_baselines.hindsight.lagrangian import relaxed_value
from edge_llm_baselines.residency.clairvoyant.aged import Aged
from edge_llm_baselines.residency.clairvoyant.dual import add_served, crews_of_path, longest_path, values_of_groups
from edge_llm_baselines.residency.clairvoyant.episode import ModulesEpisode
from edge_llm_baselines.residency.clairvoyant.margins import Times, times_of
from edge_llm_env.residency.residents import IDLE

MOST_NODES = 300
"""Of the search for one batch, whose bound counts where it stops there."""


class Server(Protocol):
    """What the bound asks of a server."""

    def chances(self) -> NDArray[np.int64]:
        """(requests,) in how many epochs it could serve each request."""
        ...

    def relaxed(self, prices: NDArray[np.float64], served: NDArray[np.float64]) -> float:
        """At least the most that it gains in the episode, a request being worth what exceeds its price.

        Adds to `served`, (requests,), how often what it does serves each.
        """
        ...


class OneModelServer(NamedTuple):
    """A server that can compute one batch in every epoch."""

    episode: EpisodeProblem

    def chances(self) -> NDArray[np.int64]:
        """As `Server` says."""
        return self.episode.chances()

    def relaxed(self, prices: NDArray[np.float64], served: NDArray[np.float64]) -> float:
        """As `Server` says."""
        times = np.zeros(len(served), dtype=np.int64)
        gained = relaxed_value(self.episode.rule, self.episode.offers, prices, MOST_NODES, times)
        served += times
        return gained - float(prices.sum())


class PlacingServer(NamedTuple):
    """A node whose modules may hold any variants: a longest path over all that they can hold or load.

    It may do whatever `EdgeLLM/Compute-v0` may with its modules, which is more than wishes can bring about.
    """

    episode: ModulesEpisode
    times: Times
    ways: Aged
    needed: NDArray[np.bool_]

    @classmethod
    def of(cls, episode: ModulesEpisode) -> PlacingServer:
        """The node of an episode; raises ValueError where its modules can hold variants in too many ways."""
        ages = np.ones(len(episode.params.variant_accuracy), dtype=np.int64)
        ways = Aged.of(episode.params, episode.hosts, ages)
        needed = np.zeros((len(ages), len(ways.groups)), dtype=np.bool_)
        for variant in range(len(ages)):
            needed[variant, ways.crews[:, variant]] = True
        return cls(episode, times_of(episode), ways, needed)

    def chances(self) -> NDArray[np.int64]:
        """As `Server` says."""
        able = self.episode.able.any(axis=1)
        return np.bincount(self.episode.offers.request[able], minlength=self.episode.requests)

    def relaxed(self, prices: NDArray[np.float64], served: NDArray[np.float64]) -> float:
        """As `Server` says."""
        episode, ways = self.episode, self.ways
        gained, path = self._longest(prices)
        add_served(episode, self.times, ways.groups, ways.ages, ways.crews, path, prices, MOST_NODES, served)
        return gained

    def computing(self, prices: NDArray[np.float64]) -> NDArray[np.int64]:
        """(epochs,) the variant that a node's only module computes with on a longest path, or IDLE."""
        modules = self.ways.groups[self.ways.crews[self._longest(prices)[1]]].sum(axis=2)
        computing: NDArray[np.int64] = np.where(modules.any(axis=1), modules.argmax(axis=1), IDLE)
        return computing

    def _longest(self, prices: NDArray[np.float64]) -> tuple[float, NDArray[np.int64]]:
        """What a longest path gains, and the number of its crew in each epoch, (epochs,)."""
        episode, ways = self.episode, self.ways
        values = values_of_groups(episode, self.times, ways.groups, ways.ages, self.needed, prices, MOST_NODES)
        worth, of_crew = longest_path(ways.later, ways.crew, ways.crews, values)
        return float(worth[0, ways.begins]), crews_of_path(ways.later, ways.crew, worth, of_crew, ways.begins)
