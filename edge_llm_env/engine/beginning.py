"""Putting requests on rows, and beginning an episode on them."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.engine.actions import refresh_mask
from edge_llm_env.engine.calls import begin_tasks, put_transfers
from edge_llm_env.engine.iterating import account
from edge_llm_env.engine.params import EngineParams
from edge_llm_env.engine.queue import next_visible_s, take_arrivals
from edge_llm_env.engine.state import UPLOADING, EngineState
from edge_llm_env.radio.rate import rate_bits_per_s
from edge_llm_env.support.compilation.compiling import compiled


@compiled
def transfer_s(params: EngineParams, bits: float, symbols_per_s: float, snr: float) -> float:
    """Time to send so many bits in a band of so many symbols per second (s); infinite where it carries nothing."""
    rate = rate_bits_per_s(symbols_per_s, snr, params.max_bits_per_symbol, params.step_snr, params.step_efficiency)
    return bits / rate if rate > 0.0 else math.inf


@compiled
def put_on_rows(
    params: EngineParams,
    state: EngineState,
    rows: NDArray[np.int64],
    requests: NDArray[np.int64],
    arrival_s: NDArray[np.float64],
    prompt_tokens: NDArray[np.int64],
    output_tokens: NDArray[np.int64],
    told_tokens: NDArray[np.int64],
    service_class: NDArray[np.int64],
    uplink_gain: NDArray[np.float64],
    downlink_gain: NDArray[np.float64],
) -> None:
    """Put on each of those rows its number of requests, which follow one another in the arrays.

    Each is uploaded at its channel's gain when it arrives; the first token is due early enough to be downloaded. The
    rows have room.
    """
    first = 0
    for at in range(len(rows)):
        row = rows[at]
        state.requests[row] = requests[at]
        for request in range(requests[at]):
            one = first + request
            bits, snr = params.uplink_bits_per_token * prompt_tokens[one], params.uplink_snr * uplink_gain[one]
            upload_s = transfer_s(params, bits, params.uplink_symbols_per_s, snr)
            snr = params.downlink_snr * downlink_gain[one]
            download_s = transfer_s(params, params.downlink_bits_per_token, params.downlink_symbols_per_s, snr)
            state.arrival_s[row, request] = arrival_s[one]
            state.visible_s[row, request] = arrival_s[one] + upload_s
            state.first_due_s[row, request] = arrival_s[one] + params.class_ttft_s[service_class[one]] - download_s
            state.tpot_s[row, request] = params.class_tpot_s[service_class[one]]
            state.prompt_tokens[row, request] = prompt_tokens[one]
            state.output_tokens[row, request] = output_tokens[one]
            state.told_tokens[row, request] = told_tokens[one]
            state.service_class[row, request] = service_class[one]
            put_transfers(state, params.tasks, row, request, upload_s, download_s)
            place = request  # who arrives later is rarely there sooner
            while place > 0 and state.visible_s[row, state.order[row, place - 1]] > state.visible_s[row, request]:
                state.order[row, place] = state.order[row, place - 1]
                place -= 1
            state.order[row, place] = request
        first += requests[at]


@compiled
def begin_episode(params: EngineParams, state: EngineState, row: int) -> None:
    """Begin an episode on a row, with the workload that it holds: when its first request becomes visible."""
    for request in range(state.requests[row]):
        state.status[row, request] = UPLOADING
        state.target[row, request] = state.prompt_tokens[row, request]
        state.cached[row, request] = 0
        state.generated[row, request] = 0
        state.first_s[row, request] = math.inf
        state.last_s[row, request] = math.inf
        state.preempted_s[row, request] = -1.0
        state.in_host[row, request] = False
    state.now_s[row] = 0.0
    state.next_arrival[row] = 0
    state.next_visible[row] = 0
    state.next_beyond[row] = 0
    state.in_slots[row] = 0
    state.free_blocks[row] = params.blocks
    state.host_free[row] = params.host_blocks
    state.transfer_s[row] = 0.0
    state.last_tokens[row] = 0.0
    state.last_iteration_s[row] = 0.0
    state.last_budget[row] = 0
    state.energy_j[row] = 0.0
    state.counters[row, :] = 0
    state.utilisation[row, :] = 0.0
    state.utilisation_sum[row, :] = 0.0
    state.reward_terms[row, :] = 0.0
    begin_tasks(state, params.tasks, row)
    first_s = next_visible_s(params, state, row)
    if first_s < params.end_s:
        state.now_s[row] = first_s
        account(params, state, row, 0.0, 0.0, 0.0, 0.0)
    take_arrivals(params, state, row)
    refresh_mask(params, state, row)
