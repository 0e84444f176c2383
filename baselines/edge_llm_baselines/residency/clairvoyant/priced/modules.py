"""A bound on what an episode is worth where chances to serve are worth any numbers, by prices and exact batches.

With a price λ_i ≥ 0 on "request i is served at most once",

    L(λ) = Σ_i λ_i + max over sequences of partitions Σ_epochs Σ_groups V

where V is the most that a group's batch is worth, at what each of its chances is worth less λ_i. The maximum is a
longest path over all that modules can hold, as in `edge_llm_baselines.residency.clairvoyant.dual`. Left out is that
groups share the bands, and that a batch has a request once only: who is in it twice, at two levels, pays twice.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_llm_baselines.residency.clairvoyant.aged import Aged, ways_to_move
from edge_llm_baselines.residency.clairvoyant.batches import best_of_group
from edge_llm_baselines.residency.clairvoyant.bound import MOST_NODES
from edge_llm_baselines.residency.clairvoyant.dual import ALL_OF_BAND, crews_of_path, longest_path
from edge_llm_baselines.residency.clairvoyant.episode import ModulesEpisode
from edge_llm_baselines.residency.clairvoyant.priced.descent import TimesServed, lowest
from edge_llm_baselines.residency.transitions import MOST_WAYS
from edge_llm_env.support.compilation.compiling import compiled_allocating

ITERATIONS = 45
"""Of the descent to the least L(λ)."""


class PricedModules(NamedTuple):
    """A node's modules as a descent asks them."""

    episode: ModulesEpisode
    worth: NDArray[np.float64]
    """(k, G) what each offer is worth by each variant, at most 0 where it cannot be served."""
    ways: Aged
    needed: NDArray[np.bool_]
    """(G, K) which groups of each variant some crew has."""

    @classmethod
    def of(cls, episode: ModulesEpisode, worth: NDArray[np.float64]) -> PricedModules:
        """Those of an episode; raises ValueError where modules can hold variants in too many ways."""
        ways = Aged.of(episode.params, episode.hosts, np.ones(worth.shape[1], dtype=np.int64))
        needed = np.zeros((worth.shape[1], len(ways.groups)), dtype=np.bool_)
        for variant in range(len(needed)):
            needed[variant, ways.crews[:, variant]] = True
        return cls(episode, worth, ways, needed)

    def at(self, prices: NDArray[np.float64]) -> tuple[float, TimesServed]:
        """As `Relaxed` says."""
        episode, worth, ways = self.episode, self.worth, self.ways
        values = values_of_batches(episode, worth, ways.groups, self.needed, prices)
        later, of_crew = longest_path(ways.later, ways.crew, ways.crews, values)

        def times() -> NDArray[np.float64]:
            path = crews_of_path(ways.later, ways.crew, later, of_crew, ways.begins)
            return times_served(episode, worth, ways.groups, ways.crews[path], prices)

        return float(later[0, ways.begins]), times


def most_by_prices(episode: ModulesEpisode, worth: NDArray[np.float64], iterations: int = ITERATIONS) -> float:
    """The least L(λ) that a descent of so many iterations finds; infinite for too many ways to move modules.

    `worth`, (k, G), is what each offer is worth by each variant, at most 0 where it cannot be served.
    """
    if ways_to_move(episode.params, np.ones(worth.shape[1], dtype=np.int64)) > MOST_WAYS:
        return np.inf
    most = np.zeros(episode.requests)
    np.maximum.at(most, episode.offers.request, worth.max(axis=1))
    return lowest([PricedModules.of(episode, worth)], most, iterations)


@compiled_allocating
def batch_at_prices(
    episode: ModulesEpisode,
    worth: NDArray[np.float64],
    prices: NDArray[np.float64],
    epoch: int,
    variant: int,
    modules: int,
    late: bool,
) -> tuple[NDArray[np.int64], NDArray[np.bool_], float]:
    """The offers of an epoch that are worth more than their price, which of them the best batch has, and V."""
    offers = episode.offers
    first, last = offers.first[epoch], offers.first[epoch + 1]
    among, gains, size = np.empty(last - first, dtype=np.int64), np.empty(last - first), 0
    for offer in range(first, last):
        gain = worth[offer, variant] - prices[offers.request[offer]]
        if gain > 0.0:
            among[size], gains[size] = offer, gain
            size += 1
    delay_s = episode.late_s[variant] if late else 0.0
    if size == 0 or modules == 0 or episode.params.window_s <= delay_s:
        return among[:0], np.zeros(0, dtype=np.bool_), 0.0
    selected, most = best_of_group(
        episode, among[:size], gains[:size], variant, modules, delay_s, ALL_OF_BAND, MOST_NODES
    )
    return among[:size], selected, most


@compiled_allocating
def values_of_batches(
    episode: ModulesEpisode,
    worth: NDArray[np.float64],
    groups: NDArray[np.int64],
    needed: NDArray[np.bool_],
    prices: NDArray[np.float64],
) -> NDArray[np.float64]:
    """V of each crew's groups in each epoch, (epochs, G, K), where `needed`, (G, K), says so."""
    epochs, variants, modules = len(episode.offers.first) - 1, worth.shape[1], episode.params.modules
    values = np.zeros((epochs, variants, len(groups)))
    for epoch in range(epochs):
        for variant in range(variants):
            known = np.full((2, modules + 1), -1.0)
            for group in range(len(groups)):
                for late in range(2):
                    count = groups[group, 1 - late]
                    if needed[variant, group] and count > 0:
                        if known[late, count] < 0.0:
                            _, _, known[late, count] = batch_at_prices(
                                episode, worth, prices, epoch, variant, count, late == 1
                            )
                        values[epoch, variant, group] += known[late, count]
    return values


@compiled_allocating
def times_served(
    episode: ModulesEpisode,
    worth: NDArray[np.float64],
    groups: NDArray[np.int64],
    crews: NDArray[np.int64],
    prices: NDArray[np.float64],
) -> NDArray[np.float64]:
    """How often the crews of all epochs, (epochs, G), serve each request in their best batches, (requests,)."""
    served = np.zeros(len(prices))
    for epoch in range(len(crews)):
        for variant in range(crews.shape[1]):
            for late in range(2):
                count = groups[crews[epoch, variant], 1 - late]
                among, selected, _ = batch_at_prices(episode, worth, prices, epoch, variant, count, late == 1)
                for i in range(len(selected)):
                    served[episode.offers.request[among[i]]] += selected[i]
    return served
