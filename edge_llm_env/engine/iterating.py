"""The engine's loop: iterations one after another until something happens that an agent may want to answer."""

from __future__ import annotations

import math

from edge_llm_env.dynamics.payment import pay, pay_answer, spend
from edge_llm_env.dynamics.state import RESOURCES
from edge_llm_env.engine.blocks import blocks_for, held_blocks
from edge_llm_env.engine.calls import follow
from edge_llm_env.engine.outlook import is_slow
from edge_llm_env.engine.params import EngineParams
from edge_llm_env.engine.queue import leave_batch, next_visible_s, take_arrivals
from edge_llm_env.engine.state import (
    COMPLETED,
    N_COMPLETED,
    N_EPOCHS,
    N_EXPIRED,
    N_ITERATIONS,
    N_MISSED_TPOT,
    N_MISSED_TTFT,
    N_PENDING,
    N_RUNNING,
    N_SERVED,
    N_TOKENS,
    N_UPLOADING,
    EngineState,
)
from edge_llm_env.inference.iteration import IterationCost
from edge_llm_env.scenarios.sections.reward_settings import R_EXPIRED
from edge_llm_env.support.compilation.compiling import compiled, compiled_apart

UPLINK, DOWNLINK, MEMORY, COMPUTE = range(len(RESOURCES))
"""Columns of `EngineState.utilisation`."""


@compiled
def is_decoding(state: EngineState, row: int, request: int) -> bool:
    """Whether a running request's prefill is done."""
    return state.cached[row, request] >= state.target[row, request]


@compiled
def lacking_blocks(params: EngineParams, state: EngineState, row: int, steps: int) -> int:
    """Blocks that the decodes of so many iterations need beyond those that are free; negative where some are left."""
    needed = 0
    for slot in range(state.counters[row, N_RUNNING]):
        request = state.running[row, slot]
        if is_decoding(state, row, request):
            needed += blocks_for(params, state, row, request, state.cached[row, request] + steps)
            needed -= held_blocks(params, state, row, request)
    return needed - state.free_blocks[row]


@compiled
def decode_cost(cost: IterationCost, decodes: int, contexts: float) -> float:
    """Cost of a pass in which so many sequences decode, with contexts of so many tokens together."""
    return cost.decode_pass + cost.decode_sequence * decodes + cost.decode_context * contexts


@compiled_apart
def run(params: EngineParams, state: EngineState, row: int, budget: int) -> None:
    """Iterate, with so many tokens of prompts in each, until the agent is asked again.

    That is when a request has become visible, a prefill or a request is done, the next decodes lack blocks, after
    `most_iterations`, and at the end of the episode. An engine with nothing to compute waits until a request becomes
    visible. There must be blocks for the first iteration's decodes. What moves between cache and host comes first.
    """
    began_s, busy_s, energy_j = state.now_s[row], 0.0, 0.0
    left, asked = params.most_iterations, False
    memory = 0.0
    if state.transfer_s[row] > 0.0:
        state.now_s[row] += state.transfer_s[row]
        memory += state.transfer_s[row] * (params.blocks - state.free_blocks[row]) / params.blocks
        state.transfer_s[row] = 0.0
        asked = take_arrivals(params, state, row)
    while not asked and left > 0 and state.now_s[row] < params.end_s:
        decodes, contexts, shortest, prefills = 0, 0, left, 0
        for slot in range(state.counters[row, N_RUNNING]):
            request = state.running[row, slot]
            if is_decoding(state, row, request):
                decodes += 1
                contexts += state.cached[row, request] + 1
                shortest = min(shortest, state.output_tokens[row, request] - state.generated[row, request])
            else:
                prefills += 1
        used = float(params.blocks - state.free_blocks[row]) / params.blocks
        before_s = state.now_s[row]
        if decodes > 0 and lacking_blocks(params, state, row, 1) > 0:
            break
        if decodes == 0 and (prefills == 0 or budget == 0):
            wait(params, state, row)
            asked = True
        elif prefills > 0 and budget > 0:
            once = params.time.decode_pass if decodes > 0 else 0.0
            once_j = params.energy.decode_pass if decodes > 0 else 0.0
            time_s = decode_cost(params.time, decodes, contexts) - params.time.decode_pass
            pass_j = decode_cost(params.energy, decodes, contexts) - params.energy.decode_pass
            pairs, completed, room = 0.0, 0, budget
            decode(params, state, row, 1)
            for slot in range(state.counters[row, N_RUNNING]):
                request = state.running[row, slot]
                cached, target = state.cached[row, request], state.target[row, request]
                if cached < target and room > 0:
                    tokens = min(room, target - cached)
                    room -= tokens
                    pairs += float(tokens) * cached + 0.5 * tokens * tokens
                    completed += cached + tokens == target
                    state.cached[row, request] = cached + tokens
                    state.generated[row, request] += cached + tokens == target
            tokens = float(budget - room)
            time = params.time
            time_s += time.prefill_token * tokens + time.prefill_pair * pairs + time.prefill_sequence * completed
            time_s += max(once, time.prefill_pass)
            energy = params.energy
            pass_j += energy.prefill_token * tokens + energy.prefill_pair * pairs + energy.prefill_sequence * completed
            pass_j += max(once_j, energy.prefill_pass)
            state.now_s[row] += time_s
            energy_j += pass_j
            state.last_tokens[row], state.last_iteration_s[row] = decodes + tokens, time_s
            state.last_budget[row] = budget
            state.counters[row, N_ITERATIONS] += 1
            left -= 1
            asked |= completed > 0
            busy_s += state.now_s[row] - before_s
        else:
            steps = shortest
            while steps > 1 and lacking_blocks(params, state, row, steps) > 0:
                steps -= 1
            upcoming_s, done, time_s = next_visible_s(params, state, row), 0, 0.0
            while done < steps and state.now_s[row] < params.end_s and state.now_s[row] < upcoming_s:
                time_s = decode_cost(params.time, decodes, contexts)
                energy_j += decode_cost(params.energy, decodes, contexts)
                state.now_s[row] += time_s
                contexts += decodes
                done += 1
            state.last_tokens[row], state.last_iteration_s[row] = decodes, time_s
            state.last_budget[row] = 0
            state.counters[row, N_ITERATIONS] += done
            left -= done
            decode(params, state, row, done)
            busy_s += state.now_s[row] - before_s
        asked |= settle(params, state, row)
        asked |= take_arrivals(params, state, row)
        memory += used * (state.now_s[row] - before_s)
    account(params, state, row, began_s, busy_s, memory, energy_j)


@compiled
def wait(params: EngineParams, state: EngineState, row: int) -> None:
    """Let time pass until a request becomes visible, or the episode ends."""
    state.now_s[row] = min(params.end_s, max(state.now_s[row], next_visible_s(params, state, row)))
    state.last_tokens[row] = state.last_iteration_s[row] = 0.0
    state.last_budget[row] = 0


@compiled
def decode(params: EngineParams, state: EngineState, row: int, steps: int) -> None:
    """Let every decoding sequence have so many tokens more."""
    for slot in range(state.counters[row, N_RUNNING]):
        request = state.running[row, slot]
        if is_decoding(state, row, request):
            held = held_blocks(params, state, row, request)
            state.cached[row, request] += steps
            state.free_blocks[row] -= held_blocks(params, state, row, request) - held
            state.generated[row, request] += steps


@compiled
def settle(params: EngineParams, state: EngineState, row: int) -> bool:
    """Note first tokens that were computed just now, and let go who has all; whether anybody has."""
    now_s, counters = state.now_s[row], state.counters[row]
    anybody = False
    slot = 0
    while slot < counters[N_RUNNING]:
        request = state.running[row, slot]
        if state.generated[row, request] > 0 and state.first_s[row, request] == math.inf:
            state.first_s[row, request] = now_s
        if state.generated[row, request] < state.output_tokens[row, request]:
            slot += 1
            continue
        anybody = True
        leave_batch(params, state, row, slot)
        state.status[row, request] = COMPLETED
        state.last_s[row, request] = now_s
        tokens = state.output_tokens[row, request]
        late = state.first_s[row, request] > state.first_due_s[row, request]
        slow = is_slow(state, params.tasks, row, request)
        counters[N_COMPLETED] += 1
        counters[N_PENDING] -= 1
        counters[N_TOKENS] += tokens
        counters[N_MISSED_TTFT] += late
        counters[N_MISSED_TPOT] += slow
        part = 1.0
        if late or slow:
            counters[N_EXPIRED] += 1
            pay(params, state, row, R_EXPIRED, 1.0)
            part = paid_part(params, state, row, request)
        else:
            counters[N_SERVED] += 1
        pay_answer(params, state, row, tokens, part)
        follow(params, state, params.tasks, row, request, not (late or slow))
    return anybody


@compiled
def paid_part(params: EngineParams, state: EngineState, row: int, request: int) -> float:
    """What is paid of a completed request that missed an objective, in 0..1, by the worse of its misses."""
    if params.soft_misses == 0.0:
        return 0.0
    first_s, further = state.first_s[row, request], state.output_tokens[row, request] - 1
    ttft_s = params.class_ttft_s[state.service_class[row, request]]
    miss = (first_s - state.first_due_s[row, request]) / ttft_s
    if further > 0:
        miss = max(miss, (state.last_s[row, request] - first_s) / (further * state.tpot_s[row, request]) - 1.0)
    return max(0.0, 1.0 - miss / params.soft_misses)


@compiled
def account(
    params: EngineParams, state: EngineState, row: int, began_s: float, busy_s: float, memory: float, energy_j: float
) -> None:
    """Note energy, utilisation and the epochs that have passed."""
    passed_s = state.now_s[row] - began_s
    if passed_s > 0.0:
        state.utilisation[row, UPLINK] = min(1.0, params.share * state.counters[row, N_UPLOADING])
        state.utilisation[row, DOWNLINK] = min(1.0, params.share * state.counters[row, N_RUNNING])
        state.utilisation[row, MEMORY] = memory / passed_s
        state.utilisation[row, COMPUTE] = busy_s / passed_s
        for resource in range(state.utilisation.shape[1]):
            state.utilisation_sum[row, resource] += state.utilisation[row, resource] * passed_s
    spend(params, state, row, energy_j)
    ended = state.now_s[row] >= params.end_s
    epochs = params.episode_epochs if ended else min(params.episode_epochs - 1, int(state.now_s[row] / params.epoch_s))
    state.counters[row, N_EPOCHS] = epochs
