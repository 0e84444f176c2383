"""Better batches for a sequence of partitions, by simulated annealing.

As `edge_llm_baselines.hindsight.annealing`, for modules that are divided: a move has a request served by a group of
modules of an epoch in which it could be, in one of the ways that it is offered there; where the batch has no room, one
of its requests, drawn at random, makes way.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_llm_baselines.hindsight.episode import Offers
from edge_llm_baselines.residency.clairvoyant.episode import ModulesEpisode
from edge_llm_baselines.residency.clairvoyant.replay import NOBODY
from edge_llm_env.dynamics.modules import GROUPS, variant_rule
from edge_llm_env.dynamics.params import rule_of
from edge_llm_env.feasibility.batch import BatchSums, delayed, empty_batch, with_request
from edge_llm_env.feasibility.rule import fits_node, within
from edge_llm_env.solver.candidates import request_at
from edge_llm_env.support.compilation.compiling import compiled_allocating

HOTTEST, COLDEST = 0.1, 0.02
"""First and last temperature, in what a request is worth; it falls geometrically."""

LEAST_GAIN = 1e-9
"""Below it sums that differ are the same but for rounding."""


class Chances(NamedTuple):
    """Every way to serve a request on a path: by a group of modules of an epoch."""

    offer: NDArray[np.int64]
    """(n,)"""
    group: NDArray[np.int64]
    """(n,) as `Assignment.served_by`."""


@compiled_allocating
def chances_on(
    episode: ModulesEpisode,
    worth: NDArray[np.float64],
    modules: NDArray[np.int64],
) -> Chances:
    """Those that are worth something where each group has so many `modules`, (epochs · G · GROUPS,)."""
    params, offers, late_s = episode.params, episode.offers, episode.late_s
    variants = worth.shape[1]
    most = len(offers.request) * variants * GROUPS
    offer, group, size = np.empty(most, dtype=np.int64), np.empty(most, dtype=np.int64), 0
    for one in range(len(offers.request)):
        for variant in range(variants):
            for late in range(GROUPS):
                at = (offers.epoch[one] * variants + variant) * GROUPS + late
                window_s = params.window_s - (late_s[variant] if late else 0.0)
                if modules[at] > 0 and worth[one, variant] > 0.0 and window_s > 0.0:
                    offer[size], group[size] = one, at
                    size += 1
    return Chances(offer[:size], group[:size])


@compiled_allocating
def improve(
    episode: ModulesEpisode,
    worth: NDArray[np.float64],
    modules: NDArray[np.int64],
    served_by: NDArray[np.int64],
    taken: NDArray[np.int64],
    moves: int,
    rng: np.random.Generator,
) -> None:
    """Write to `served_by` and `taken`, both (requests,), the most valuable assignment met from that one on.

    They have each request's group and the offer that it takes, or NOBODY; `worth`, (k, G), is what each offer is worth
    by each variant.
    """
    offers, variants = episode.offers, worth.shape[1]
    chances = chances_on(episode, worth, modules)
    if len(chances.offer) == 0:
        return
    now, offer_of = served_by.copy(), taken.copy()
    size = np.zeros(len(modules), dtype=np.int64)
    member = np.empty((len(modules), most_in_epoch(offers)), dtype=np.int64)
    bands = np.zeros((len(offers.first) - 1, 2))
    value = 0.0
    for offer in range(len(offers.request)):
        if offer_of[offers.request[offer]] == offer:
            at = now[offers.request[offer]]
            member[at, size[at]] = offer
            size[at] += 1
            value += worth[offer, at // GROUPS % variants]
            add_bands(offers, bands, offer, 1.0)
    most = value
    cooling = np.log(COLDEST / HOTTEST) / max(moves, 1)
    for move in range(moves):
        chance = int(rng.random() * len(chances.offer))
        offer, to = chances.offer[chance], chances.group[chance]
        request = offers.request[offer]
        came, before = now[request], offer_of[request]
        if came == to and before == offer:
            continue
        leaving = NOBODY
        if not takes(episode, modules, member, size, bands, to, offer, NOBODY, before):
            if size[to] == 0:
                continue
            leaving = member[to, int(rng.random() * size[to])]
            if leaving == before or not takes(episode, modules, member, size, bands, to, offer, leaving, before):
                continue
        variant = to // GROUPS % variants
        gain = worth[offer, variant]
        if came != NOBODY:
            gain -= worth[before, came // GROUPS % variants]
        if leaving != NOBODY:
            gain -= worth[leaving, variant]
        if gain < 0.0 and rng.random() >= np.exp(gain / (HOTTEST * np.exp(cooling * move))):
            continue
        if came != NOBODY:
            remove(member, size, came, before)
            add_bands(offers, bands, before, -1.0)
        if leaving != NOBODY:
            remove(member, size, to, leaving)
            add_bands(offers, bands, leaving, -1.0)
            now[offers.request[leaving]], offer_of[offers.request[leaving]] = NOBODY, NOBODY
        member[to, size[to]] = offer
        size[to] += 1
        add_bands(offers, bands, offer, 1.0)
        now[request], offer_of[request] = to, offer
        value += gain
        if value > most + LEAST_GAIN:
            most = value
            served_by[:], taken[:] = now, offer_of


@compiled_allocating
def offers_taken(offers: Offers, groups: int, served_by: NDArray[np.int64]) -> NDArray[np.int64]:
    """The first offer of each request in the epoch of its group, or NOBODY, (requests,), of `groups` in each epoch."""
    taken = np.full(len(served_by), NOBODY)
    for offer in range(len(offers.request)):
        request = offers.request[offer]
        at = served_by[request]
        if at != NOBODY and at // groups == offers.epoch[offer] and taken[request] == NOBODY:
            taken[request] = offer
    return taken


@compiled_allocating
def most_in_epoch(offers: Offers) -> int:
    """Most offers of one epoch, at least 1."""
    most = 1
    for epoch in range(len(offers.first) - 1):
        most = max(most, offers.first[epoch + 1] - offers.first[epoch])
    return most


@compiled_allocating
def add_bands(offers: Offers, bands: NDArray[np.float64], offer: int, times: float) -> None:
    """Add an offer's shares, so many times, to those taken in its epoch, (epochs, 2)."""
    bands[offers.epoch[offer], 0] += times * offers.candidates.uplink_share[offer]
    bands[offers.epoch[offer], 1] += times * offers.candidates.downlink_share[offer]


@compiled_allocating
def remove(member: NDArray[np.int64], size: NDArray[np.int64], group: int, offer: int) -> None:
    """Take an offer out of a group's batch; the last member takes its place."""
    at = 0
    while member[group, at] != offer:
        at += 1
    size[group] -= 1
    member[group, at] = member[group, size[group]]


@compiled_allocating
def takes(
    episode: ModulesEpisode,
    modules: NDArray[np.int64],
    member: NDArray[np.int64],
    size: NDArray[np.int64],
    bands: NDArray[np.float64],
    group: int,
    offer: int,
    leaving: int,
    came: int,
) -> bool:
    """Whether a group's batch is feasible with an offer and without the one that is leaving.

    `came` is the offer that the request has taken, or NOBODY: it leaves too, and its shares are free if it is of the
    same epoch.
    """
    params, offers, late_s = episode.params, episode.offers, episode.late_s
    variant = group // GROUPS % len(late_s)
    delay_s = late_s[variant] if group % GROUPS else 0.0
    batch: BatchSums = empty_batch()
    for at in range(size[group]):
        if member[group, at] != leaving and member[group, at] != came:
            batch = with_request(batch, request_at(offers.candidates, member[group, at]))
    batch = delayed(with_request(batch, request_at(offers.candidates, offer)), delay_s)
    epoch = offers.epoch[offer]
    uplink = bands[epoch, 0] + offers.candidates.uplink_share[offer]
    downlink = bands[epoch, 1] + offers.candidates.downlink_share[offer]
    for other in (leaving, came):
        if other != NOBODY and offers.epoch[other] == epoch:
            uplink -= offers.candidates.uplink_share[other]
            downlink -= offers.candidates.downlink_share[other]
    rule = variant_rule(rule_of(params), params, variant, modules[group], params.window_s - delay_s)
    return within(uplink, 1.0) and within(downlink, 1.0) and fits_node(rule, batch)
