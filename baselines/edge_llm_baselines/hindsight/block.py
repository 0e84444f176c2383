"""A block: the neighbouring epochs of an episode whose common requests are to be served at most once, not at a price.

A request with chances outside the block keeps its price there and is worth its value less μ inside; of the others the
whole value counts. It is 1 in hindsight, and any number of each chance where waiting is paid for. The best schedule of
the block is again bounded by a Lagrangian relaxation, with prices ν of its own on requests that have more than one
chance in the block and may still use them: `allowed` tells which chances are left.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_llm_baselines.hindsight.episode import Offers, candidates_between
from edge_llm_baselines.hindsight.lagrangian import MOST_NODES
from edge_llm_env.feasibility.rule import Rule
from edge_llm_env.solver.best_first import best_batch
from edge_llm_env.support.compilation.compiling import compiled_allocating, compiled_apart

NONE = -1
"""No offer."""


class Block(NamedTuple):
    """m epochs, n requests and k offers, numbered from 0 within the block."""

    offers: Offers
    """Of the block; its requests are numbered anew, its epochs and `first` from 0."""
    worth: NDArray[np.float64]
    """(k,) of each offer."""
    dearest: NDArray[np.float64]
    """(n,) the largest worth among a request's offers, at least 0: what no price needs to exceed."""
    price: NDArray[np.float64]
    """(n,) μ of the requests that have no chance elsewhere, 0 of the others: ν to begin with."""
    offer: NDArray[np.int64]
    """(n, m) the offer of a request in an epoch, or NONE."""
    nodes: NDArray[np.int64]
    """(1,) visited by the searches of single epochs so far."""


class State(NamedTuple):
    """A relaxation of a block with some chances taken away, or (nodes, ...) of them; see `relax`."""

    allowed: NDArray[np.bool_]
    """(k,) the chances that are left."""
    price: NDArray[np.float64]
    """(n,) ν, 0 for a request of less than two chances left."""
    value: NDArray[np.float64]
    """(k,) of each offer at these prices, 0 if it is taken away."""
    selected: NDArray[np.bool_]
    """(k,) the best batch of every epoch at these values."""
    most: NDArray[np.float64]
    """(m,) what each of these batches is worth, or a little more where its search was cut short."""


@compiled_allocating
def block_of(
    offers: Offers,
    values: NDArray[np.float64],
    chances: NDArray[np.int64],
    prices: NDArray[np.float64],
    start: int,
    stop: int,
) -> Block:
    """The epochs from `start` on, before `stop`.

    `values`, (offers,), and `chances` and `prices`, (requests,), are those of the whole episode.
    """
    first, last = offers.first[start], offers.first[stop]
    number = np.full(len(prices), NONE, dtype=np.int64)
    request = np.empty(last - first, dtype=np.int64)
    inside = np.zeros(last - first, dtype=np.int64)
    price = np.zeros(last - first)
    size = 0
    for k in range(last - first):
        of = offers.request[first + k]
        if number[of] == NONE:
            number[of] = size
            price[size] = prices[of]
            size += 1
        request[k] = number[of]
        inside[request[k]] += 1
    offer = np.full((size, stop - start), NONE, dtype=np.int64)
    epoch = np.empty(last - first, dtype=np.int64)
    worth, dearest = np.empty(last - first), np.zeros(size)
    for k in range(last - first):
        of = offers.request[first + k]
        epoch[k] = offers.epoch[first + k] - start
        offer[request[k], epoch[k]] = k
        elsewhere = inside[request[k]] < chances[of]
        worth[k] = values[first + k] - prices[of] if elsewhere else values[first + k]
        dearest[request[k]] = max(dearest[request[k]], worth[k])
        if elsewhere:
            price[request[k]] = 0.0
    part = Offers(
        request,
        epoch,
        offers.first[start : stop + 1] - first,
        candidates_between(offers.candidates, first, last),
    )
    return Block(part, worth, dearest, price[:size], offer, np.zeros(1, dtype=np.int64))


@compiled_allocating
def root_state(rule: Rule, block: Block) -> State:
    """Nothing taken away, at the prices to begin with."""
    size, epochs = len(block.offers.request), len(block.offers.first) - 1
    state = State(
        np.ones(size, dtype=np.bool_),
        block.price.copy(),
        np.zeros(size),
        np.zeros(size, dtype=np.bool_),
        np.full(epochs, np.nan),
    )
    relax(rule, block, state)
    return state


@compiled_allocating
def relax(rule: Rule, block: Block, state: State) -> float:
    """Bring `value`, `selected` and `most` up to date with `allowed` and `price`; the bound on the block's schedules.

    An epoch's best batch stays the best where no value rises and none of the batch's own changes.
    """
    offers = block.offers
    bound = 0.0
    for price in state.price:
        bound += price
    for epoch in range(len(offers.first) - 1):
        first, last = offers.first[epoch], offers.first[epoch + 1]
        changed = np.isnan(state.most[epoch])
        for k in range(first, last):
            request = offers.request[k]
            value = max(block.worth[k] - state.price[request], 0.0) if state.allowed[k] else 0.0
            changed = changed or value > state.value[k] or (value < state.value[k] and state.selected[k])
            state.value[k] = value
        if changed:
            values = state.value[first:last]
            selected, nodes, most, _ = best_batch(
                rule, candidates_between(offers.candidates, first, last), values, MOST_NODES, MOST_NODES
            )
            block.nodes[0] += nodes
            state.most[epoch] = most
            for k in range(last - first):
                state.selected[first + k] = selected[k] and values[k] > 0.0
        bound += state.most[epoch]
    return bound


@compiled_apart
def drop_settled_prices(block: Block, state: State) -> None:
    """Requests of less than two chances left need no price."""
    for request in range(len(block.price)):
        left = 0
        for epoch in range(block.offer.shape[1]):
            offer = block.offer[request, epoch]
            left += offer != NONE and state.allowed[offer]
        if left < 2:
            state.price[request] = 0.0
