"""Best-first search for the best schedule of a block of epochs: branch on who is served where, bound by prices."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_llm_baselines.hindsight.block import NONE, Block, State, block_of, drop_settled_prices, relax, root_state
from edge_llm_baselines.hindsight.episode import Offers
from edge_llm_baselines.hindsight.exchange import note_ample_bands, take_away
from edge_llm_baselines.hindsight.lagrangian import GRID
from edge_llm_env.feasibility.rule import Rule
from edge_llm_env.support.compilation.compiling import compiled_allocating, compiled_apart

STEPS = 1
"""Subgradient steps for each branch, and STEPS_AT_ROOT for the block as a whole."""

STEPS_AT_ROOT = 12

FIRST_STEP, STEP_FACTOR = 0.5, 0.9
"""Of Polyak's length, and what each step is shortened by."""

MOMENTUM = 0.7
"""Weight of the directions before in the direction of a step."""

AIM = 0.5
"""Requests below the bound at which steps aim."""

TRIALS = 4
"""Requests whose branches are bounded before one is chosen."""

SPARE = 1e-3
"""Added to what a branch lowers the bound by, so that one of two is better than none."""


@compiled_allocating
def block_gain(
    rule: Rule,
    offers: Offers,
    values: NDArray[np.float64],
    chances: NDArray[np.int64],
    prices: NDArray[np.float64],
    start: int,
    stop: int,
    most_branchings: int,
) -> tuple[float, int]:
    """By how much the block's own bound is below its part of L(μ), and the nodes that its epochs' searches visited.

    The part of L(μ) is bounded as `edge_llm_baselines.hindsight.lagrangian` bounds it, by searches of at most
    MOST_NODES per epoch, so what is gained counts from a bound with that same limit.

    `values`, shape (offers,), is what each chance to serve is worth, 1 in hindsight; `chances` and `prices`, shape
    (requests,), are those of the whole episode too.
    The search of the block ends when the highest bound belongs to a schedule, which is then the best, or after
    `most_branchings`.
    """
    block = block_of(offers, values, chances, prices, start, stop)
    size, epochs, requests = len(block.worth), stop - start, len(block.price)
    ample = np.empty((epochs, 2), dtype=np.bool_)
    note_ample_bands(block, ample)
    room = most_branchings + 1
    nodes = State(
        np.empty((room, size), dtype=np.bool_),
        np.empty((room, requests)),
        np.empty((room, size)),
        np.empty((room, size), dtype=np.bool_),
        np.empty((room, epochs)),
    )
    bounds = np.full(room, -np.inf)
    state, trial = root_state(rule, block), root_state(rule, block)
    part = state.price.sum() + state.most.sum()
    bounds[0] = descend_block(rule, block, state, STEPS_AT_ROOT)
    copy_state(state, state_at(nodes, 0))
    branched = 0
    while branched < most_branchings:
        node = int(np.argmax(bounds))
        highest, parent = bounds[node], state_at(nodes, node)
        offer = offer_to_branch_on(rule, block, ample, parent, highest, trial)
        if offer == NONE:
            break
        branched += 1
        copy_state(parent, state)
        take_away(rule, block, ample, state.allowed, offer)
        bounds[branched] = min(highest, descend_block(rule, block, state, STEPS))
        copy_state(state, state_at(nodes, branched))
        copy_state(parent, state)
        keep_alone(block, state.allowed, offer)
        bounds[node] = min(highest, descend_block(rule, block, state, STEPS))
        copy_state(state, parent)
    return max(part - bounds.max(), 0.0), block.nodes[0]


@compiled_allocating
def state_at(nodes: State, node: int) -> State:
    """A view of one of several."""
    return State(nodes.allowed[node], nodes.price[node], nodes.value[node], nodes.selected[node], nodes.most[node])


@compiled_apart
def copy_state(source: State, target: State) -> None:
    """Make the target equal."""
    for offer in range(len(source.allowed)):
        target.allowed[offer] = source.allowed[offer]
        target.value[offer] = source.value[offer]
        target.selected[offer] = source.selected[offer]
    for request in range(len(source.price)):
        target.price[request] = source.price[request]
    for epoch in range(len(source.most)):
        target.most[epoch] = source.most[epoch]


@compiled_apart
def keep_alone(block: Block, allowed: NDArray[np.bool_], offer: int) -> None:
    """Take all other chances of an offer's request away."""
    request = block.offers.request[offer]
    for epoch in range(block.offer.shape[1]):
        other = block.offer[request, epoch]
        if other != NONE and other != offer:
            allowed[other] = False


@compiled_apart
def note_times_served(block: Block, state: State, times: NDArray[np.int64]) -> None:
    """Write how often the batches serve each request, and NONE for a request of less than two chances left."""
    for request in range(len(times)):
        left, served = 0, 0
        for epoch in range(block.offer.shape[1]):
            offer = block.offer[request, epoch]
            if offer != NONE and state.allowed[offer]:
                left += 1
                served += state.selected[offer]
        times[request] = served if left > 1 else NONE


@compiled_allocating
def descend_block(rule: Rule, block: Block, state: State, steps: int) -> float:
    """Lower the bound by that many subgradient steps from the prices of `state`, and leave the best ones there."""
    requests = len(block.price)
    times, slope, direction = np.empty(requests, dtype=np.int64), np.zeros(requests), np.zeros(requests)
    drop_settled_prices(block, state)
    least = relax(rule, block, state)
    bound, length = least, FIRST_STEP
    best = State(state.allowed, state.price.copy(), state.value.copy(), state.selected.copy(), state.most.copy())
    aim = least - AIM
    for _ in range(steps):
        note_times_served(block, state, times)
        along, square, steepness = 0.0, 0.0, 0.0
        for i in range(requests):
            slope[i] = 0.0 if times[i] == NONE else 1.0 - times[i]
            if (slope[i] > 0.0 and state.price[i] <= 0.0) or (slope[i] < 0.0 and state.price[i] >= block.dearest[i]):
                slope[i] = 0.0
            direction[i] = MOMENTUM * direction[i] + (1.0 - MOMENTUM) * slope[i]
            along += direction[i] * slope[i]
            steepness += slope[i] * slope[i]
        if steepness == 0.0:
            break
        for i in range(requests):
            if along <= 0.0:
                direction[i] = slope[i]
            square += direction[i] * direction[i]
        for i in range(requests):
            price = state.price[i] - length * (bound - aim) / square * direction[i]
            state.price[i] = min(max(np.round(price * GRID) / GRID, 0.0), block.dearest[i])
        drop_settled_prices(block, state)
        length *= STEP_FACTOR
        bound = relax(rule, block, state)
        if bound < least:
            least = bound
            copy_state(state, best)
    copy_state(best, state)
    return least


@compiled_allocating
def offer_to_branch_on(
    rule: Rule, block: Block, ample: NDArray[np.bool_], state: State, bound: float, trial: State
) -> int:
    """The offer whose two branches lower the bound most, by the product of both; NONE if the batches are a schedule.

    Tried are the offers of the requests whose price is furthest from 0 and from what the request is worth, among those
    that are served more than once, or not at all though they have a price.
    """
    requests = len(block.price)
    times = np.empty(requests, dtype=np.int64)
    note_times_served(block, state, times)
    score = np.full(requests, -1.0)
    for i in range(requests):
        if times[i] > 1 or (times[i] == 0 and state.price[i] > 0.0):
            score[i] = SPARE + min(state.price[i], block.dearest[i] - state.price[i])
    chosen, most = NONE, 0.0
    for _ in range(min(TRIALS, requests)):
        request = int(np.argmax(score))
        if score[request] < 0.0:
            break
        score[request] = -1.0
        for offer in block.offer[request]:
            if offer == NONE or not state.allowed[offer]:
                continue
            copy_state(state, trial)
            take_away(rule, block, ample, trial.allowed, offer)
            drop_settled_prices(block, trial)
            product = max(bound - relax(rule, block, trial), 0.0) + SPARE
            copy_state(state, trial)
            keep_alone(block, trial.allowed, offer)
            drop_settled_prices(block, trial)
            product *= max(bound - relax(rule, block, trial), 0.0) + SPARE
            if product > most:
                chosen, most = offer, product
    return chosen
