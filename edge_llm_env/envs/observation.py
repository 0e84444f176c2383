"""What an agent sees: the one description of the observation's layout, and the kernel that writes it.

An observation is a float32 vector: the context features, then the features of slot 0, of slot 1, and so on. Where an
agent divides the modules among variants, the accuracy requirements of all slots follow, then the features of each
variant, cheapest first. Every entry lies in 0..1 (larger values are clipped). The features of an empty or admitted slot
are all 0.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.dynamics.epoch import load_batch, utilisation_of
from edge_llm_env.dynamics.modules import hosted, loading_s
from edge_llm_env.dynamics.params import NodeParams
from edge_llm_env.dynamics.state import N_BEYOND, NodeState
from edge_llm_env.envs.layout import Feature, once, per_slot, per_variant
from edge_llm_env.feasibility.rule import Rule
from edge_llm_env.support.compiling import compiled

CONTEXT_FEATURES = (
    Feature("batch_size", "Q", "requests in the batch so far"),
    Feature("batch_uplink_share", "1", "share of the uplink (of T_E where the split is flexible) that the batch uses"),
    Feature("batch_downlink_share", "1", "share of the downlink, likewise"),
    Feature("batch_memory", "M", "weights and KV cache of the batch, bytes"),
    Feature("batch_compute", "window", "compute time of the batch, and transfers where the split is flexible, s"),
    Feature("batch_headroom", "window", "time left below the window and the least slack of the batch, s"),
    Feature("batch_longest_prompt", "longest prompt", "longest prompt of the batch, tokens"),
    Feature("batch_longest_output", "longest output", "longest output of the batch, tokens"),
    Feature("visible", "Q", "slots in use"),
    Feature("beyond_visible", "Q", "pending requests that no slot shows"),
)

SLOT_FEATURES = (
    Feature("present", "1", "1 if the slot holds a pending request"),
    Feature("admissible", "1", "1 if the batch stays feasible with it"),
    Feature("slack", "longest latency requirement", "most time that a batch that serves it may take, s"),
    Feature("compute", "window", "compute time of the batch of it alone, s"),
    Feature("memory", "M", "KV cache of the batch of it alone, bytes"),
    Feature("uplink_share", "1", "smallest share of the uplink band that it needs"),
    Feature("downlink_share", "1", "smallest share of the downlink band that it needs"),
    Feature("prompt", "longest prompt", "prompt length as computed, tokens"),
    Feature("output", "longest output", "output length, tokens"),
    Feature("can_wait", "1", "1 if it could still be served alone one epoch later"),
)

VARIANT_FEATURES = (
    Feature("modules", "M", "modules that host the variant"),
    Feature("loading", "T_E", "time until all of them have loaded its weights, s"),
    Feature("accuracy", "1", "accuracy that it offers"),
)
REQUIREMENT = Feature("accuracy_requirement", "1", "least accuracy that the request in the slot accepts")

OBSERVATION = (once(*CONTEXT_FEATURES), per_slot(*SLOT_FEATURES))
"""The layout."""

OBSERVATION_OF_VARIANTS = (*OBSERVATION, per_slot(REQUIREMENT), per_variant(*VARIANT_FEATURES))
"""The layout where the modules are divided."""

ADMISSIBLE = SLOT_FEATURES.index(next(feature for feature in SLOT_FEATURES if feature.name == "admissible"))
_CONTEXT, _SLOT, _VARIANT = len(CONTEXT_FEATURES), len(SLOT_FEATURES), len(VARIANT_FEATURES)


def split_observation(
    observation: NDArray[np.float32], variants: int = 0
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Views of observations of shape (..., length): their context (..., C) and their slots (..., Q, S).

    `variants` is their number where the modules are divided; `split_variants` has the rest.
    """
    length = observation.shape[-1]
    end = length if variants == 0 else _CONTEXT + (length - _CONTEXT - variants * _VARIANT) // (_SLOT + 1) * _SLOT
    slots = observation[..., _CONTEXT:end]
    return observation[..., :_CONTEXT], slots.reshape(*slots.shape[:-1], -1, _SLOT)


def split_variants(observation: NDArray[np.float32], variants: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Views of observations where the modules are divided: accuracy requirements (..., Q) and variants (..., G, V)."""
    first = observation.shape[-1] - variants * _VARIANT
    slots = (first - _CONTEXT) // (_SLOT + 1)
    features = observation[..., first:]
    return observation[..., first - slots : first], features.reshape(*features.shape[:-1], variants, _VARIANT)


def slot_feature(observation: NDArray[np.float32], name: str, variants: int = 0) -> NDArray[np.float32]:
    """View of one slot feature of observations of shape (..., length), of shape (..., Q); `variants` as above."""
    index = [feature.name for feature in SLOT_FEATURES].index(name)
    return split_observation(observation, variants)[1][..., index]


@compiled
def observe(rule: Rule, params: NodeParams, state: NodeState, row: int, observation: NDArray[np.float32]) -> None:
    """Write a row's whole observation, of shape (length,)."""
    observe_context(rule, params, state, row, observation)
    observation[_CONTEXT + state.visible[row] * _SLOT :] = 0.0
    if len(params.variant_accuracy) > 0:
        observe_variants(params, state, row, observation)
    for slot in range(state.visible[row]):
        at = _CONTEXT + slot * _SLOT
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
def observe_variants(params: NodeParams, state: NodeState, row: int, observation: NDArray[np.float32]) -> None:
    """Write what the slots require and what each variant has."""
    at = _CONTEXT + state.slot_request.shape[1] * _SLOT
    for slot in range(state.visible[row]):
        observation[at + slot] = state.accuracy_requirement[row, state.slot_request[row, slot]]
    at += state.slot_request.shape[1]
    for variant in range(len(params.variant_accuracy)):
        observation[at + 0] = hosted(state, row, variant) / params.modules
        observation[at + 1] = clipped(loading_s(state, row, variant) / params.epoch_s)
        observation[at + 2] = params.variant_accuracy[variant]
        at += _VARIANT


@compiled
def observe_admission(
    rule: Rule, params: NodeParams, state: NodeState, row: int, admitted_slot: int, observation: NDArray[np.float32]
) -> None:
    """Bring a row's observation up to date after one admission: the context, the admitted slot and the mask."""
    observe_context(rule, params, state, row, observation)
    at = _CONTEXT + admitted_slot * _SLOT
    observation[at : at + _SLOT] = 0.0
    for slot in range(state.visible[row]):
        observation[_CONTEXT + slot * _SLOT + ADMISSIBLE] = state.action_mask[row, slot]


@compiled
def observe_context(
    rule: Rule, params: NodeParams, state: NodeState, row: int, observation: NDArray[np.float32]
) -> None:
    """Write the context features of a row."""
    slots = state.slot_request.shape[1]
    batch = load_batch(state, row)
    uplink, downlink, memory, compute = utilisation_of(rule, batch)
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
def clipped(value: float) -> float:
    """The value in 0..1 that is nearest."""
    return min(max(value, 0.0), 1.0)
