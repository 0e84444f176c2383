"""The kernels that write an observation."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.dynamics.demand import recent_total
from edge_llm_env.dynamics.epoch import load_batch, utilisation_of
from edge_llm_env.dynamics.modules import hosted, loaded_by_s
from edge_llm_env.dynamics.params import NodeParams
from edge_llm_env.dynamics.state import N_BEYOND, NodeState, class_of
from edge_llm_env.envs.observation.features import (
    ADMISSIBLE,
    CLASS,
    CONTEXT,
    LONG_AGO_EPOCHS,
    MODULE,
    REQUIREMENT,
    SLOT,
    TO_COME,
    UPLOAD,
    VARIANT,
)
from edge_llm_env.envs.observation.foresight import shares_to_come
from edge_llm_env.feasibility.rule import Rule
from edge_llm_env.residency.residents import ready_within
from edge_llm_env.support.compilation.compiling import compiled


@compiled
def observe(rule: Rule, params: NodeParams, state: NodeState, row: int, observation: NDArray[np.float32]) -> None:
    """Write a row's whole observation, of shape (length,)."""
    observe_context(rule, params, state, row, utilisation_of(rule, load_batch(state, row)), observation)
    observation[entries_in_use(state, row) :] = 0.0
    at = CONTEXT + state.slot_request.shape[1] * SLOT
    if params.foresees:
        at = observe_further(params, state, row, at, observation)
    if len(params.variant_accuracy) > 0:
        at = observe_variants(params, state, row, at, observation)
        observe_classes(params, state, row, at, observation)
    for slot in range(state.visible[row]):
        at = CONTEXT + slot * SLOT
        slack_s, compute_s = state.slot_slack_s[row, slot], state.slot_compute_s[row, slot]
        observation[at + 0] = 1.0
        observation[at + 1] = state.action_mask[row, slot]
        observation[at + 2] = clipped(slack_s / params.longest_latency_s)
        observation[at + 3] = clipped(compute_s / rule.window_s)
        observation[at + 4] = clipped(state.slot_memory_bytes[row, slot] / rule.memory_limit_bytes)
        observation[at + 5] = clipped(state.slot_uplink_share[row, slot])
        observation[at + 6] = clipped(state.slot_downlink_share[row, slot])
        observation[at + 7] = clipped(state.slot_prompt_tokens[row, slot] / params.longest_prompt_tokens)
        observation[at + 8] = clipped(state.slot_output_tokens[row, slot] / params.longest_output_tokens)
        observation[at + 9] = compute_s <= slack_s - params.epoch_s


@compiled
def observe_further(params: NodeParams, state: NodeState, row: int, at: int, observation: NDArray[np.float32]) -> int:
    """Write the further features of slots from entry `at` on; the entry behind them."""
    variants = len(params.variant_accuracy) > 0
    size = TO_COME + (REQUIREMENT if variants else 0) + (UPLOAD if params.carries_over else 0)
    classes = len(params.offered_accuracy)
    for slot in range(state.visible[row]):
        first = at + slot * size
        to_come = shares_to_come(params, state, row, slot)
        observation[first] = min(1.0, to_come.best_uplink)
        observation[first + 1] = min(1.0, to_come.best_downlink)
        if variants:
            request = state.slot_request[row, slot]
            observation[first + 2] = state.accuracy_requirement[row, request]
            observation[first + 3] = (class_of(state, row, request) + 1) / classes
        elif params.carries_over:
            share, request = state.slot_uplink_share[row, slot], state.slot_request[row, slot]
            whole_bits = state.prompt_tokens[row, request] * params.uplink_bits_per_token
            observation[first + 2] = clipped(state.sent_bits[row, request] / whole_bits)
            observation[first + 3] = part_of_sum(share, 1.0)
            observation[first + 4] = part_of_sum(to_come.best_uplink, share)
            observation[first + 5] = part_of_sum(to_come.mean_uplink, share)
    return at + state.slot_request.shape[1] * size


@compiled
def entries_in_use(state: NodeState, row: int) -> int:
    """How many entries a row's context and its slots in use take; the rest of an `OBSERVATION` is 0."""
    return CONTEXT + state.visible[row] * SLOT


@compiled
def observe_variants(params: NodeParams, state: NodeState, row: int, at: int, observation: NDArray[np.float32]) -> int:
    """Write what each variant and each module has, from entry `at` on; the entry behind it."""
    variants, classes = params.variant_accuracy.shape
    for variant in range(variants):
        loaded = ready_within(state.module_variant, state.module_ready_s, row, variant, -1.0, loaded_by_s(params))
        observation[at + 0] = hosted(state, row, variant) / params.modules
        observation[at + 1] = loaded / params.modules
        at += VARIANT
    for variant in range(variants):
        for each in range(classes):
            observation[at] = clipped(params.variant_accuracy[variant, each])
            at += 1
    for module in range(params.modules):
        observation[at + 0] = (state.module_variant[row, module] + 1) / variants
        observation[at + 1] = clipped(state.module_ready_s[row, module] / params.longest_load_s)
        at += MODULE
    return at


@compiled
def observe_classes(params: NodeParams, state: NodeState, row: int, at: int, observation: NDArray[np.float32]) -> None:
    """Write what is asked for of each class, from entry `at` on; nothing where there is one."""
    classes, slots = state.recent_arrivals.shape[1], state.slot_request.shape[1]
    total = recent_total(state, row)
    for each in range(classes):
        waiting = 0
        for slot in range(state.visible[row]):
            waiting += class_of(state, row, state.slot_request[row, slot]) == each
        observation[at + 0] = waiting / slots
        observation[at + 1] = state.recent_arrivals[row, each] / total if total > 0.0 else 0.0
        observation[at + 2] = clipped(state.busy_since_s[row, each] / (LONG_AGO_EPOCHS * params.epoch_s))
        at += CLASS


@compiled
def observe_admission(
    rule: Rule, params: NodeParams, state: NodeState, row: int, admitted_slot: int, observation: NDArray[np.float32]
) -> None:
    """Bring a row's observation up to date after one admission: the context, the admitted slot and the mask."""
    used = state.utilisation[row]
    observe_context(rule, params, state, row, (used[0], used[1], used[2], used[3]), observation)
    at = CONTEXT + admitted_slot * SLOT
    observation[at : at + SLOT] = 0.0
    for slot in range(state.visible[row]):
        observation[CONTEXT + slot * SLOT + ADMISSIBLE] = state.action_mask[row, slot]


@compiled
def observe_context(
    rule: Rule,
    params: NodeParams,
    state: NodeState,
    row: int,
    used: tuple[float, float, float, float],
    observation: NDArray[np.float32],
) -> None:
    """Write the context features of a row, of whose batch `used` is `utilisation_of`."""
    slots = state.slot_request.shape[1]
    batch = load_batch(state, row)
    uplink, downlink, memory, compute = used
    observation[0] = batch.requests / slots
    observation[1] = clipped(uplink)
    observation[2] = clipped(downlink)
    observation[3] = clipped(memory)
    observation[4] = clipped(compute)
    observation[5] = clipped(min(1.0, batch.least_slack_s / rule.window_s) - compute)
    observation[6] = clipped(batch.longest_s / params.longest_prompt_tokens)
    observation[7] = clipped(batch.longest_n / params.longest_output_tokens)
    observation[8] = state.visible[row] / slots
    observation[9] = clipped(state.counters[row, N_BEYOND] / slots)


@compiled
def part_of_sum(one: float, other: float) -> float:
    """The part that one has of the sum of two numbers ≥ 0, each of which may be infinite; 1 where that is not known."""
    if math.isinf(one) or one + other <= 0.0:
        return 1.0
    return one / (one + other)


@compiled
def clipped(value: float) -> float:
    """The value in 0..1 that is nearest."""
    return min(max(value, 0.0), 1.0)
