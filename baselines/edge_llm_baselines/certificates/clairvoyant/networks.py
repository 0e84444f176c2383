"""The penalised clairvoyant of several nodes: with a price on every request, each node is a problem of its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_llm_baselines.certificates.clairvoyant.dual import relaxed_value
from edge_llm_baselines.certificates.clairvoyant.penalised import later_of
from edge_llm_baselines.certificates.clairvoyant.waiting import Waiting
from edge_llm_baselines.hindsight.episode import EpisodeProblem
from edge_llm_baselines.hindsight.lagrangian import MOST_NODES
from edge_llm_baselines.nodes.clairvoyant.episode import NetworkEpisode
from edge_llm_baselines.residency.clairvoyant.episode import ModulesEpisode
from edge_llm_baselines.residency.clairvoyant.priced.descent import Relaxed, TimesServed, lowest
from edge_llm_baselines.residency.clairvoyant.priced.modules import PricedModules


class PricedBatches(NamedTuple):
    """A node of one model, or a cloud, as a descent asks it."""

    episode: EpisodeProblem
    values: NDArray[np.float64]
    """(offers,) what each chance to serve is worth."""

    def at(self, prices: NDArray[np.float64]) -> tuple[float, TimesServed]:
        """As `Relaxed` says."""
        episode, offers = self.episode, self.episode.offers
        chosen = np.zeros(len(self.values), dtype=np.bool_)
        with_prices = relaxed_value(episode.rule, offers, self.values, prices, MOST_NODES, chosen)
        return with_prices - float(prices.sum()), lambda: np.bincount(
            offers.request[chosen], minlength=episode.requests
        ).astype(np.float64)


def bound_of_networks(
    episode: NetworkEpisode, waiting: Waiting, differences: NDArray[np.float64], iterations: int
) -> float:
    """At least what any schedule of the nodes serves less the differences, (w,), of those who wait.

    Who waits, waits in the whole network: `waiting` has every request in every epoch in which some node could serve it.
    Raises ValueError as `later_of` and `most_of_networks` do.
    """
    later = [later_of(server, waiting, differences)[0] for server in episode.servers]
    return most_of_networks(episode, later, iterations) - float(differences.sum())


def most_of_networks(episode: NetworkEpisode, later: Sequence[NDArray[np.float64]], iterations: int) -> float:
    """At least what any schedule of the nodes is worth if serving an offer is worth 1 + `later`, (k,) of each server.

    However few `iterations` the descent has. Raises ValueError where a node's modules can hold variants in too many
    ways.
    """
    nodes: list[Relaxed] = []
    most, chances = np.zeros(episode.requests), np.zeros(episode.requests)
    for server, of_offer in zip(episode.servers, later, strict=True):
        worth = 1.0 + of_offer[:, None]
        if isinstance(server, ModulesEpisode):
            worth = np.where(server.able, worth, 0.0)
            nodes.append(PricedModules.of(server, worth))
        else:
            nodes.append(PricedBatches(server, worth[:, 0]))
        request = server.offers.request
        np.maximum.at(most, request, worth.max(axis=1))
        chances += np.bincount(request, (worth > 0.0).sum(axis=1), minlength=episode.requests)
    return lowest(nodes, np.where(chances > 1.0, most, 0.0), iterations)
