"""A bound on what any policy serves where modules are divided, by prices on requests.

With a price λ_i in 0..1 on "request i is served at most once",

    L(λ) = Σ_i λ_i + max over sequences of partitions Σ_epochs Σ_variants V

is an upper bound, where V is at least what a variant's modules add in an epoch at values of 1 - λ_i: the most valuable
batch, or, of a variant whose batches are large and that serves for epochs in a row, what the epoch adds to those before
(`edge_llm_baselines.residency.clairvoyant.margins`). The maximum is a longest path over all that modules can hold.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_llm_baselines.residency.clairvoyant.batches import best_of_group
from edge_llm_baselines.residency.clairvoyant.episode import ModulesEpisode
from edge_llm_baselines.residency.clairvoyant.margins import Times, flow, waiting_in
from edge_llm_env.support.compilation.compiling import compiled_allocating

ALL_OF_BAND = (1.0, 1.0)
"""What every group may have of both bands, where a bound is asked for."""


@compiled_allocating
def values_of_groups(
    episode: ModulesEpisode,
    times: Times,
    groups: NDArray[np.int64],
    ages: NDArray[np.int64],
    needed: NDArray[np.bool_],
    prices: NDArray[np.float64],
    most_nodes: int,
) -> NDArray[np.float64]:
    """V of each group in each epoch, (epochs, G, K), where `needed`, (G, K), says so."""
    params, offers, late_s = episode.params, episode.offers, episode.late_s
    epochs, variants = len(offers.first) - 1, len(ages)
    values = np.zeros((epochs, variants, len(groups)))
    weights = 1.0 - prices
    for epoch in range(epochs):
        for variant in range(variants):
            if ages[variant] > 1:
                begins = max(0, epoch - ages[variant] + 1)
                waiting = waiting_in(offers, times.takes_s, weights, variant, begins, epoch + 1)
                taken_s = np.zeros(len(waiting.request))
                for group in range(len(groups)):
                    if needed[variant, group]:
                        has_s = time_had(times, groups, variant, group, epoch + 1 - begins)
                        value = flow(waiting, has_s, taken_s)
                        has_s[-1] = 0.0
                        values[epoch, variant, group] = value - flow(waiting, has_s, taken_s)
            else:
                among, worth = of_worth(episode, prices, epoch, variant)
                if len(among) == 0:
                    continue
                known = np.full((2, params.modules + 1), -1.0)
                for group in range(len(groups)):
                    if needed[variant, group]:
                        for late in range(2):
                            count = groups[group, 1 - late]
                            delay_s = late_s[variant] if late else 0.0
                            if count == 0 or params.window_s - delay_s <= 0.0:
                                continue
                            if known[late, count] < 0.0:
                                _, known[late, count] = best_of_group(
                                    episode, among, worth, variant, count, delay_s, ALL_OF_BAND, most_nodes
                                )
                            values[epoch, variant, group] += known[late, count]
    return values


@compiled_allocating
def of_worth(
    episode: ModulesEpisode, prices: NDArray[np.float64], epoch: int, variant: int
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """The offers of an epoch that a variant is accurate enough for and that are worth something, and what."""
    offers, able = episode.offers, episode.able
    first, last = offers.first[epoch], offers.first[epoch + 1]
    among, worth, size = np.empty(last - first, dtype=np.int64), np.empty(last - first), 0
    for offer in range(first, last):
        price = prices[offers.request[offer]]
        if able[offer, variant] and price < 1.0:
            among[size], worth[size] = offer, 1.0 - price
            size += 1
    return among[:size], worth[:size]


@compiled_allocating
def time_had(times: Times, groups: NDArray[np.int64], variant: int, group: int, epochs: int) -> NDArray[np.float64]:
    """The time that a group's modules have in its epoch, the last, and had in those before, (epochs,)."""
    has_s = np.zeros(epochs)
    for back in range(epochs):
        count = 0
        for age in range(back, groups.shape[1] - 1):
            count += groups[group, 1 + age]
        has_s[epochs - 1 - back] = times.has_s[variant, count, 0]
    has_s[epochs - 1] += times.has_s[variant, groups[group, 0], 1]
    return has_s


@compiled_allocating
def add_served(
    episode: ModulesEpisode,
    times: Times,
    groups: NDArray[np.int64],
    ages: NDArray[np.int64],
    crews: NDArray[np.int64],
    path: NDArray[np.int64],
    prices: NDArray[np.float64],
    most_nodes: int,
    served: NDArray[np.float64],
) -> None:
    """Add to (requests,) how often the crews of a path serve each request where V is reached."""
    params, offers, late_s = episode.params, episode.offers, episode.late_s
    weights = 1.0 - prices
    for epoch in range(len(path)):
        for variant in range(len(ages)):
            group = crews[path[epoch], variant]
            if ages[variant] > 1:
                begins = max(0, epoch - ages[variant] + 1)
                has_s = time_had(times, groups, variant, group, epoch + 1 - begins)
                if has_s[-1] == 0.0:
                    continue
                waiting = waiting_in(offers, times.takes_s, weights, variant, begins, epoch + 1)
                with_it, without = np.zeros(len(waiting.request)), np.zeros(len(waiting.request))
                flow(waiting, has_s, with_it)
                has_s[-1] = 0.0
                flow(waiting, has_s, without)
                for i in range(len(with_it)):
                    served[waiting.request[i]] += (with_it[i] - without[i]) / waiting.takes_s[i]
            else:
                for late in range(2):
                    count, delay_s = groups[group, 1 - late], late_s[variant] if late else 0.0
                    if count == 0 or params.window_s - delay_s <= 0.0:
                        continue
                    among, worth = of_worth(episode, prices, epoch, variant)
                    if len(among) == 0:
                        continue
                    selected, _ = best_of_group(episode, among, worth, variant, count, delay_s, ALL_OF_BAND, most_nodes)
                    for i in range(len(among)):
                        served[offers.request[among[i]]] += selected[i]


@compiled_allocating
def longest_path(
    later: NDArray[np.int32], crew: NDArray[np.int32], crews: NDArray[np.int64], values: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """What each state is worth from each epoch on, (epochs + 1, S), and each crew in each epoch, (epochs, C)."""
    epochs, (states, choices) = len(values), later.shape
    worth, of_crew = np.zeros((epochs + 1, states)), np.zeros((epochs, len(crews)))
    for epoch in range(epochs - 1, -1, -1):
        for one in range(len(crews)):
            for variant in range(crews.shape[1]):
                of_crew[epoch, one] += values[epoch, variant, crews[one, variant]]
        for state in range(states):
            most = -np.inf
            for choice in range(choices):
                most = max(most, of_crew[epoch, crew[state, choice]] + worth[epoch + 1, later[state, choice]])
            worth[epoch, state] = most
    return worth, of_crew


@compiled_allocating
def crews_of_path(
    later: NDArray[np.int32],
    crew: NDArray[np.int32],
    worth: NDArray[np.float64],
    of_crew: NDArray[np.float64],
    begins: int,
) -> NDArray[np.int64]:
    """The crew of each epoch, (epochs,), on a path of most worth."""
    path = np.zeros(len(of_crew), dtype=np.int64)
    state = begins
    for epoch in range(len(path)):
        best, most = 0, -np.inf
        for choice in range(later.shape[1]):
            value = of_crew[epoch, crew[state, choice]] + worth[epoch + 1, later[state, choice]]
            if value > most:
                best, most = choice, value
        path[epoch] = crew[state, best]
        state = later[state, best]
    return path
