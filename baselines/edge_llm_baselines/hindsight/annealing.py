"""Schedules of an episode by simulated annealing: quick, and in practice close to the best there is.

A move serves a request in an epoch in which it can be served: moved from its own epoch or newly served. Where the batch
has no room, one of its requests, drawn at random, makes way and is left unserved. Moves that serve fewer requests are
accepted less and less as the temperature falls (Kirkpatrick, Gelatt and Vecchi 1983); of schedules that serve as many,
those of requests that need less are preferred, as they leave room.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_llm_baselines.hindsight.episode import NEVER, EpisodeProblem, Offers
from edge_llm_env.feasibility.batch import BatchSums, empty_batch, with_request
from edge_llm_env.feasibility.rule import Rule, compute_time_s, is_feasible, memory_bytes
from edge_llm_env.solver.candidates import Candidates, request_at
from edge_llm_env.support.compilation.compiling import compiled, compiled_allocating

NOBODY = -1
"""No offer, or no member of a batch."""

HOTTEST, COLDEST = 0.15, 0.03
"""First and last temperature, in requests served; the temperature falls geometrically."""

NEED_WEIGHT = 0.3
"""What the whole of the scarcest capacity counts, in requests served."""


class Batches(NamedTuple):
    """The batches of a schedule in the making."""

    member: NDArray[np.int64]
    """(offers,) the offers taken of epoch e are the first `size[e]` entries from `offers.first[e]` on."""
    size: NDArray[np.int64]
    """(epochs,)"""
    taken: NDArray[np.int64]
    """(requests,) the offer that serves each request, or NOBODY."""


def annealed_schedule(episode: EpisodeProblem, moves: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """A schedule, shape (requests,), found in that many moves from the empty one; equal generators, equal schedules."""
    schedule = np.full(episode.requests, NEVER, dtype=np.int64)
    if len(episode.offers.request):
        anneal(episode.rule, episode.offers, moves, rng, schedule)
    return schedule


@compiled_allocating
def anneal(rule: Rule, offers: Offers, moves: int, rng: np.random.Generator, schedule: NDArray[np.int64]) -> None:
    """Write the schedule that serves most of those visited."""
    size, epochs = len(offers.request), len(offers.first) - 1
    batches = Batches(
        np.zeros(size, dtype=np.int64), np.zeros(epochs, dtype=np.int64), np.full(len(schedule), NOBODY, dtype=np.int64)
    )
    worth = np.empty(size)
    for offer in range(size):
        worth[offer] = 1.0 - NEED_WEIGHT * need(rule, offers.candidates, offer)
    served, most = 0, 0
    cooling = np.log(COLDEST / HOTTEST) / max(moves, 1)
    for move in range(moves):
        temperature = HOTTEST * np.exp(cooling * move)
        offer = int(rng.random() * size)
        before = batches.taken[offers.request[offer]]
        if before == offer:
            continue
        epoch = offers.epoch[offer]
        leaving = NOBODY
        if not is_feasible(rule, batch_with(offers, batches, epoch, offer, NOBODY)):
            leaving = int(rng.random() * batches.size[epoch])
            if not is_feasible(rule, batch_with(offers, batches, epoch, offer, leaving)):
                continue
        gain = 0.0
        if before == NOBODY:
            gain += worth[offer]
        if leaving != NOBODY:
            gain -= worth[batches.member[offers.first[epoch] + leaving]]
        if gain < 0.0 and rng.random() >= np.exp(gain / temperature):
            continue
        if before == NOBODY:
            served += 1
        else:
            leave(offers, batches, offers.epoch[before], position_of(offers, batches, before))
        if leaving != NOBODY:
            served -= 1
            leave(offers, batches, epoch, leaving)
        batches.member[offers.first[epoch] + batches.size[epoch]] = offer
        batches.size[epoch] += 1
        batches.taken[offers.request[offer]] = offer
        if served > most:
            most = served
            for request in range(len(schedule)):
                taken = batches.taken[request]
                schedule[request] = NEVER if taken == NOBODY else offers.epoch[taken]


@compiled
def need(rule: Rule, candidates: Candidates, offer: int) -> float:
    """The largest fraction of any capacity that a batch of one takes, memory beyond the weights' alone."""
    alone = with_request(empty_batch(), request_at(candidates, offer))
    nothing_bytes = memory_bytes(rule, empty_batch())
    free_bytes = rule.memory_limit_bytes - nothing_bytes
    share = max(alone.uplink_share, alone.downlink_share)
    if rule.window_s > 0.0:
        share = max(share, compute_time_s(rule, alone) / rule.window_s)
    if free_bytes > 0.0:
        share = max(share, (memory_bytes(rule, alone) - nothing_bytes) / free_bytes)
    return share


@compiled
def batch_with(offers: Offers, batches: Batches, epoch: int, offer: int, leaving: int) -> BatchSums:
    """The batch of an epoch with one more offer, and without the member at position `leaving`."""
    batch = empty_batch()
    for position in range(batches.size[epoch]):
        if position != leaving:
            member = batches.member[offers.first[epoch] + position]
            batch = with_request(batch, request_at(offers.candidates, member))
    return with_request(batch, request_at(offers.candidates, offer))


@compiled
def position_of(offers: Offers, batches: Batches, offer: int) -> int:
    """Where an offer that is taken stands in its batch."""
    first = offers.first[offers.epoch[offer]]
    position = 0
    while batches.member[first + position] != offer:
        position += 1
    return position


@compiled
def leave(offers: Offers, batches: Batches, epoch: int, position: int) -> None:
    """Take the member at a position out of its batch; the last member moves there."""
    first, last = offers.first[epoch], batches.size[epoch] - 1
    batches.taken[offers.request[batches.member[first + position]]] = NOBODY
    batches.member[first + position] = batches.member[first + last]
    batches.size[epoch] = last
