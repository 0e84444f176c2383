"""Schedules by beam search, led by the bound: of many sequences of partitions those go on that promise most.

What a sequence promises is what it serves, the prices of those who still wait, and what the rest of the episode is
worth to the state that it is in (`edge_llm_baselines.residency.clairvoyant.dual`).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_llm_baselines.hindsight.episode import Offers
from edge_llm_baselines.residency.clairvoyant.batches import best_of_group
from edge_llm_baselines.residency.clairvoyant.episode import ModulesEpisode
from edge_llm_baselines.residency.clairvoyant.replay import NOBODY
from edge_llm_env.dynamics.modules import GROUPS
from edge_llm_env.support.compilation.compiling import compiled_allocating

TRIED = 3
"""Sequences that are tried, of each that goes on."""


@compiled_allocating
def last_offers(offers: Offers, requests: int) -> NDArray[np.int64]:
    """The last offer of each request, (requests,), -1 if it has none."""
    last = np.full(requests, -1)
    for offer in range(len(offers.request)):
        last[offers.request[offer]] = offer
    return last


@compiled_allocating
def serve_epoch(
    episode: ModulesEpisode,
    groups: NDArray[np.int64],
    crew: NDArray[np.int64],
    epoch: int,
    last: NDArray[np.int64],
    waits_worth: NDArray[np.float64],
    most_nodes: int,
    served_by: NDArray[np.int32],
) -> None:
    """Note in `served_by`, (requests,), by which of its groups a crew serves whom in an epoch.

    Group after group, from the cheapest variant on; numbers are those of `Assignment.served_by`.

    Each takes the most valuable batch of those whom nobody has, with what is left of the bands. A request is worth 1,
    and what `waits_worth`, (requests,), says if it could wait for a later epoch.
    """
    params, offers, able, late_s = episode.params, episode.offers, episode.able, episode.late_s
    begin, end = offers.first[epoch], offers.first[epoch + 1]
    uplink_left, downlink_left = 1.0, 1.0
    for variant in range(len(crew)):
        for late in range(GROUPS):
            count = groups[crew[variant], 0]
            if late == 0:
                count = groups[crew[variant]].sum() - count
            delay_s = late_s[variant] if late else 0.0
            if count == 0 or params.window_s - delay_s <= 0.0 or min(uplink_left, downlink_left) <= 0.0:
                continue
            among, worth, size = np.empty(end - begin, dtype=np.int64), np.empty(end - begin), 0
            for offer in range(begin, end):
                request = offers.request[offer]
                if able[offer, variant] and served_by[request] == NOBODY:
                    one = waits_worth[request] if last[request] > offer else 1.0
                    if one > 0.0:
                        among[size], worth[size] = offer, one
                        size += 1
            if size == 0:
                continue
            selected, _ = best_of_group(
                episode,
                among[:size],
                worth[:size],
                variant,
                count,
                delay_s,
                (uplink_left, downlink_left),
                most_nodes,
            )
            for i in range(size):
                if selected[i]:
                    served_by[offers.request[among[i]]] = (epoch * len(crew) + variant) * GROUPS + late
                    uplink_left -= offers.candidates.uplink_share[among[i]]
                    downlink_left -= offers.candidates.downlink_share[among[i]]


@compiled_allocating
def beam(
    episode: ModulesEpisode,
    groups: NDArray[np.int64],
    crews: NDArray[np.int64],
    later: NDArray[np.int32],
    crew: NDArray[np.int32],
    begins: int,
    worth: NDArray[np.float64],
    of_crew: NDArray[np.float64],
    prices: NDArray[np.float64],
    waits_worth: NDArray[np.float64],
    width: int,
    per_state: int,
    most_nodes: int,
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The group that serves each request, or NOBODY, (requests,), and the crews, (epochs,), of the best sequence found.

    `width` sequences go on from each epoch to the next, at most `per_state` of them in one state.
    """
    offers = episode.offers
    epochs, choices, requests = len(of_crew), later.shape[1], len(prices)
    last = last_offers(offers, requests)
    state, score = np.full(width, begins), np.zeros(width)
    served_by = np.full((width, requests), NOBODY, dtype=np.int32)
    path = np.zeros((width, epochs), dtype=np.int32)
    size = 1
    for epoch in range(epochs):
        promised = np.empty(size * choices)
        for one in range(size):
            for choice in range(choices):
                promised[one * choices + choice] = (
                    score[one] + of_crew[epoch, crew[state[one], choice]] + worth[epoch + 1, later[state[one], choice]]
                )
        order = np.argsort(-promised)
        most = min(TRIED * width, size * choices)
        tried_state, tried_score = np.empty(most, dtype=np.int64), np.empty(most)
        tried_by = np.empty((most, requests), dtype=np.int32)
        tried_path = np.empty((most, epochs), dtype=np.int32)
        promise = np.empty(most)
        in_state = np.zeros(len(later), dtype=np.int64)
        tried = 0
        for at in range(len(order)):
            if tried == most:
                break
            one, choice = order[at] // choices, order[at] % choices
            to = later[state[one], choice]
            if in_state[to] == per_state:
                continue
            in_state[to] += 1
            now = crew[state[one], choice]
            tried_by[tried], tried_path[tried] = served_by[one], path[one]
            tried_path[tried, epoch] = now
            serve_epoch(
                episode,
                groups,
                crews[now],
                epoch,
                last,
                waits_worth,
                most_nodes,
                tried_by[tried],
            )
            value = score[one]
            for offer in range(offers.first[epoch], offers.first[epoch + 1]):
                request = offers.request[offer]
                if tried_by[tried, request] // (GROUPS * crews.shape[1]) == epoch:
                    value += 1.0 - prices[request]
                elif last[request] == offer and tried_by[tried, request] == NOBODY:
                    value -= prices[request]
            tried_state[tried], tried_score[tried] = to, value
            promise[tried] = value + worth[epoch + 1, to]
            tried += 1
        best = np.argsort(-promise[:tried])
        size = min(width, tried)
        for one in range(size):
            state[one], score[one] = tried_state[best[one]], tried_score[best[one]]
            served_by[one], path[one] = tried_by[best[one]], tried_path[best[one]]
    best_one, most_served = 0, -1
    for one in range(size):
        served = 0
        for request in range(requests):
            served += served_by[one, request] != NOBODY
        if served > most_served:
            best_one, most_served = one, served
    return served_by[best_one].astype(np.int64), path[best_one].astype(np.int64)
