"""What becomes of a network's requests, counted and paid for once, whatever its servers count of them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.dynamics.state import (
    EXPIRED,
    N_ARRIVED,
    N_BEYOND,
    N_EPOCHS,
    N_EXPIRED,
    N_PENDING,
    N_REJECTED,
    N_SERVED,
    NOT_ARRIVED,
    PENDING,
    REJECTED,
    SERVED,
)
from edge_llm_env.nodes.decoding import NOBODY
from edge_llm_env.nodes.params import NetworkParams
from edge_llm_env.nodes.state import NetworkState
from edge_llm_env.scenarios.sections.reward_settings import R_ENERGY, R_EXPIRED, R_SERVED, R_TOKENS
from edge_llm_env.support.compilation.compiling import compiled, compiled_allocating


@compiled
def begin_accounts(state: NetworkState, row: int) -> None:
    """Nothing has arrived."""
    state.status[row, :] = NOT_ARRIVED
    state.served_by[row, :] = NOBODY
    state.oldest[row] = 0
    state.counters[row, :] = 0
    state.energy_j[row] = 0.0
    state.utilisation[row, :] = 0.0
    state.utilisation_sum[row, :] = 0.0
    state.reward_terms[row, :] = 0.0


@compiled_allocating
def account(params: NetworkParams, state: NetworkState, row: int, server_of: NDArray[np.int64]) -> None:
    """Count and pay for the epoch that has ended on all servers, where `server_of`, (C,), served whom.

    A request has expired when no server can serve it any more; that costs what its own cell's scenario says. Each token
    that the cloud reads or writes costs its price, which counts among `tokens`.
    """
    nodes, first = state.nodes, row * params.servers
    terms, counters = state.reward_terms[row], state.counters[row]
    terms[:] = 0.0
    state.energy_j[row] = 0.0
    state.utilisation[row, :] = 0.0
    for server in range(params.servers):
        at = first + server
        terms[R_SERVED] += nodes.reward_terms[at, R_SERVED]
        terms[R_TOKENS] += nodes.reward_terms[at, R_TOKENS]
        terms[R_ENERGY] += nodes.reward_terms[at, R_ENERGY]
        state.energy_j[row] += nodes.energy_j[at]
        if server < params.cells:
            for resource in range(state.utilisation.shape[1]):
                state.utilisation[row, resource] += nodes.utilisation[at, resource]
    for resource in range(state.utilisation.shape[1]):
        state.utilisation[row, resource] /= params.cells
        state.utilisation_sum[row, resource] += state.utilisation[row, resource]
    counters[N_EPOCHS] = nodes.counters[first, N_EPOCHS]
    arrived = nodes.counters[first, N_ARRIVED]
    for request in range(state.oldest[row], len(server_of)):
        server = server_of[request]
        if server == NOBODY:
            continue
        state.status[row, request] = SERVED
        state.served_by[row, request] = server
        counters[N_SERVED] += 1
        if server >= params.cells:
            tokens = nodes.prompt_tokens[first, request] + nodes.output_tokens[first, request]
            terms[R_TOKENS] -= params.price_per_token * tokens
    take_in(params, state, row, arrived)


@compiled_allocating
def take_in(params: NetworkParams, state: NetworkState, row: int, arrived: int) -> None:
    """See what has become of the requests that nobody has served, as the servers begin an epoch."""
    nodes, first, counters = state.nodes, row * params.servers, state.counters[row]
    shows = np.zeros(arrived, dtype=np.bool_)
    for server in range(params.servers):
        at = first + server
        for slot in range(nodes.visible[at]):
            shows[nodes.slot_request[at, slot]] = True
    counters[N_ARRIVED] = arrived
    counters[N_PENDING] = 0
    counters[N_BEYOND] = 0
    oldest = arrived
    for request in range(state.oldest[row], arrived):
        status = state.status[row, request]
        if status != PENDING and status != NOT_ARRIVED:
            continue
        now = REJECTED
        for server in range(params.servers):
            there = nodes.status[first + server, request]
            if there == PENDING:
                now = PENDING
            elif there == EXPIRED and now != PENDING:
                now = EXPIRED
        state.status[row, request] = now
        if now == PENDING:
            oldest = min(oldest, request)
            counters[N_PENDING] += 1
            counters[N_BEYOND] += not shows[request]
        elif now == EXPIRED:
            counters[N_EXPIRED] += 1
            weights = params.nodes.reward_weights[state.cell[row, request]]
            state.reward_terms[row, R_EXPIRED] += weights[R_EXPIRED]
        else:
            counters[N_REJECTED] += 1
    state.oldest[row] = oldest
