"""What an agent sees: the one description of the observation's layout, and the kernel that writes it.

An observation is a float32 vector: the context features, then the features of slot 0, of slot 1, and so on. Where an
agent divides bands or modules, more features of slot 0, of slot 1 and so on follow: what its channels are expected to
become, how far its upload is where uploads carry over, and with modules its accuracy requirement and its class. With
modules, the features of each variant, cheapest first, of each module, and where there are several of each class come
last. Every entry lies in 0..1 (larger values are
clipped). The features of an empty or admitted slot are all 0.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.dynamics.demand import recent_total
from edge_llm_env.dynamics.epoch import load_batch, utilisation_of
from edge_llm_env.dynamics.modules import hosted, loaded_by_s
from edge_llm_env.dynamics.params import NodeParams
from edge_llm_env.dynamics.state import N_BEYOND, NodeState, class_of
from edge_llm_env.envs.foresight import shares_to_come
from edge_llm_env.envs.layout import (
    Feature,
    Layout,
    once,
    per_class,
    per_module,
    per_slot,
    per_slot_and_whole,
    per_variant,
    per_variant_and_class,
)
from edge_llm_env.feasibility.rule import Rule
from edge_llm_env.residency.residents import ready_within
from edge_llm_env.scenarios.schema import Scenario
from edge_llm_env.support.compilation.compiling import compiled

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

TO_COME_FEATURES = (
    Feature("uplink_share_to_come", "1", "uplink_share in the best later epoch that can be expected; 1 without one"),
    Feature("downlink_share_to_come", "1", "downlink_share, likewise"),
)

UPLOAD_FEATURES = (
    Feature("sent", "1", "part of the upload that is sent", carried_over=True),
    Feature("upload", "1", "u / (1 + u) of the share u of the uplink that the rest needs, which may be over 1", True),
    Feature(
        "rate_to_best",
        "1",
        "r / (1 + r) of r, today's rate over that in the best later epoch that can be expected",
        True,
    ),
    Feature("rate_to_mean", "1", "likewise, over that of the mean gain that can be expected in later epochs", True),
)
"""Behind `TO_COME_FEATURES`, where uploads carry over."""

VARIANT_FEATURES = (
    Feature("modules", "M", "modules that host the variant"),
    Feature("loaded", "M", "those of them that have loaded its weights"),
)
ACCURACY = Feature("accuracy", "1", "accuracy that the variant offers to the class; 0 if it does not serve it")

REQUIREMENT_FEATURES = (
    Feature("accuracy_requirement", "1", "least accuracy that the request in the slot accepts"),
    Feature("class", "K", "number of its class, from 1"),
)

MODULE_FEATURES = (
    Feature("hosts", "G", "number of the variant that the module hosts, from 1 for the cheapest; 0 if it is idle"),
    Feature("loads", "longest loading", "time until it has loaded the weights, s"),
)

CLASS_FEATURES = (
    Feature("waiting", "Q", "slots that hold a request of the class"),
    Feature(
        "recent_share",
        "1",
        "share of the class in recent arrivals, those of an epoch counting half as much as the next",
    ),
    Feature(
        "since_busy",
        "32 T_E",
        "time since the class became busy, its recent share at least 1.5 / K; 1 if it never did, s",
    ),
)
"""Where there are several classes."""

LONG_AGO_EPOCHS = 32.0
"""Scale of `since_busy`."""

OBSERVATION = (once(*CONTEXT_FEATURES), per_slot(*SLOT_FEATURES))
"""The layout where an agent chooses a batch."""

OBSERVATION_OF_BANDS = (*OBSERVATION, per_slot(*TO_COME_FEATURES, *UPLOAD_FEATURES))
"""The layout where it divides bands."""

OBSERVATION_OF_VARIANTS = (
    *OBSERVATION,
    per_slot(*TO_COME_FEATURES, *REQUIREMENT_FEATURES),
    per_variant(*VARIANT_FEATURES),
    per_variant_and_class(ACCURACY),
    per_module(*MODULE_FEATURES),
    per_class(*CLASS_FEATURES),
)
"""The layout where it divides modules."""

ADMISSIBLE = SLOT_FEATURES.index(next(feature for feature in SLOT_FEATURES if feature.name == "admissible"))
_CONTEXT, _SLOT, _VARIANT = len(CONTEXT_FEATURES), len(SLOT_FEATURES), len(VARIANT_FEATURES)
_TO_COME, _UPLOAD, _MODULE = len(TO_COME_FEATURES), len(UPLOAD_FEATURES), len(MODULE_FEATURES)
_REQUIREMENT, _CLASS = len(REQUIREMENT_FEATURES), len(CLASS_FEATURES)


class Extent(NamedTuple):
    """What stands behind the features that all environments have, so that an observation can be taken apart."""

    per_slot: int = 0
    """Further features of each slot."""
    whole: int = 0
    """Entries of variants, modules and classes."""

    @classmethod
    def of(cls, layout: Layout, scenario: Scenario) -> Extent:
        """That of a layout in a scenario."""
        return cls(*per_slot_and_whole(layout[len(OBSERVATION) :], scenario))

    def slots(self, entries: int) -> int:
        """Q of observations of that many entries; raises ValueError where none is of this extent."""
        slots, rest = divmod(entries - _CONTEXT - self.whole, _SLOT + self.per_slot)
        if rest or slots < 1:
            raise ValueError(f"{self}: observations of length {entries} are of another")
        return slots


PLAIN = Extent()
"""That of `OBSERVATION`."""


def split_observation(
    observation: NDArray[np.float32], extent: Extent = PLAIN
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Views of observations of shape (..., length): their context (..., C) and their slots (..., Q, S)."""
    end = _CONTEXT + extent.slots(observation.shape[-1]) * _SLOT
    slots = observation[..., _CONTEXT:end]
    return observation[..., :_CONTEXT], slots.reshape(*slots.shape[:-1], -1, _SLOT)


def split_further(observation: NDArray[np.float32], extent: Extent) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Views of what stands behind: further features of the slots (..., Q, `extent.per_slot`), and the rest."""
    end, slots = observation.shape[-1] - extent.whole, extent.slots(observation.shape[-1])
    further = observation[..., end - slots * extent.per_slot : end]
    return further.reshape(*further.shape[:-1], slots, extent.per_slot), observation[..., end:]


def slot_feature(observation: NDArray[np.float32], name: str, extent: Extent = PLAIN) -> NDArray[np.float32]:
    """View of one of SLOT_FEATURES of observations of shape (..., length), of shape (..., Q)."""
    index = [feature.name for feature in SLOT_FEATURES].index(name)
    return split_observation(observation, extent)[1][..., index]


@compiled
def observe(rule: Rule, params: NodeParams, state: NodeState, row: int, observation: NDArray[np.float32]) -> None:
    """Write a row's whole observation, of shape (length,)."""
    observe_context(rule, params, state, row, utilisation_of(rule, load_batch(state, row)), observation)
    observation[entries_in_use(state, row) :] = 0.0
    at = _CONTEXT + state.slot_request.shape[1] * _SLOT
    if params.foresees:
        at = observe_further(params, state, row, at, observation)
    if len(params.variant_accuracy) > 0:
        at = observe_variants(params, state, row, at, observation)
        observe_classes(params, state, row, at, observation)
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
def observe_further(params: NodeParams, state: NodeState, row: int, at: int, observation: NDArray[np.float32]) -> int:
    """Write the further features of slots from entry `at` on; the entry behind them."""
    variants = len(params.variant_accuracy) > 0
    size = _TO_COME + (_REQUIREMENT if variants else 0) + (_UPLOAD if params.carries_over else 0)
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
    return _CONTEXT + state.visible[row] * _SLOT


@compiled
def observe_variants(params: NodeParams, state: NodeState, row: int, at: int, observation: NDArray[np.float32]) -> int:
    """Write what each variant and each module has, from entry `at` on; the entry behind it."""
    variants, classes = params.variant_accuracy.shape
    for variant in range(variants):
        loaded = ready_within(state.module_variant, state.module_ready_s, row, variant, -1.0, loaded_by_s(params))
        observation[at + 0] = hosted(state, row, variant) / params.modules
        observation[at + 1] = loaded / params.modules
        at += _VARIANT
    for variant in range(variants):
        for each in range(classes):
            observation[at] = clipped(params.variant_accuracy[variant, each])
            at += 1
    for module in range(params.modules):
        observation[at + 0] = (state.module_variant[row, module] + 1) / variants
        observation[at + 1] = clipped(state.module_ready_s[row, module] / params.longest_load_s)
        at += _MODULE
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
        at += _CLASS


@compiled
def observe_admission(
    rule: Rule, params: NodeParams, state: NodeState, row: int, admitted_slot: int, observation: NDArray[np.float32]
) -> None:
    """Bring a row's observation up to date after one admission: the context, the admitted slot and the mask."""
    used = state.utilisation[row]
    observe_context(rule, params, state, row, (used[0], used[1], used[2], used[3]), observation)
    at = _CONTEXT + admitted_slot * _SLOT
    observation[at : at + _SLOT] = 0.0
    for slot in range(state.visible[row]):
        observation[_CONTEXT + slot * _SLOT + ADMISSIBLE] = state.action_mask[row, slot]


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
