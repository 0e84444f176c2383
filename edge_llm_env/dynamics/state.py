"""The state of simulated rows: a scenario's constants and the arrays that kernels read and write.

A row is one environment. Every array has the row as its first axis; a single environment is one row.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.compiling import compiled
from edge_llm_env.dynamics.feasibility import BatchSums, Rule
from edge_llm_env.inference.batch_cost import AffineCost, Polynomial
from edge_llm_env.radio.rate import reference_snr
from edge_llm_env.scenarios.schema import Scenario

NOT_ARRIVED, PENDING, SERVED, EXPIRED, REJECTED = range(5)
"""Values of `Rows.status`."""

COUNTERS = (
    "arrived",
    "served",
    "expired",
    "rejected",
    "pending",
    "beyond_visible",
    "epochs",
    "invalid_actions",
    "not_admitted",
)
"""Columns of `Rows.counters`, as `info` names them.

All count from the start of the episode, but `pending` and `beyond_visible` are as of now and `not_admitted` is of the
last step.
"""
N_ARRIVED, N_SERVED, N_EXPIRED, N_REJECTED, N_PENDING, N_BEYOND, N_EPOCHS, N_INVALID, N_NOT_ADMITTED = range(9)

REWARD_TERMS = ("served", "tokens", "energy", "expired")
"""Columns of `Rows.reward_terms`, as `RewardWeights` and `info["reward_terms"]` name them."""
R_SERVED, R_TOKENS, R_ENERGY, R_EXPIRED = range(4)

RESOURCES = ("uplink", "downlink", "memory", "compute")
"""Columns of `Rows.utilisation`: fraction of each capacity that a batch uses."""


BATCH_SELECTIONS = ("exact", "earliest_deadline_first", "first_come_first_served")
"""Values of `NodeSettings.batch_selection`."""
EXACT, EARLIEST_DEADLINE_FIRST, FIRST_COME_FIRST_SERVED = range(3)


COST_SHAPE = (3, 2, 6)
"""Of a `BatchCost` as an array: resources, base and marginal, monomials."""

IDLE = -1
"""Value of `Rows.module_variant` of a module that hosts nothing, and of `Rows.served_by` of a request not served."""


class Constants(NamedTuple):
    """What stays the same for all rows of a scenario; flat, since parallel loops take no nested tuples."""

    cost: NDArray[np.float64]
    """Coefficients of the `BatchCost`, (3 resources, base and marginal, 6 monomials); with the next four, a `Rule`."""
    pads_prompts: bool
    pads_outputs: bool
    window_s: float
    """T_C; T_E where the split is flexible."""
    memory_limit_bytes: float
    epoch_s: float
    flexible_split: bool
    """A batch's transfers take time of the window, as its computation does."""
    uplink_s: float
    """Time that uplink shares are shares of: T_U; T_E where the split is flexible."""
    downlink_s: float
    """Time that downlink shares are shares of: T_D; T_E where the split is flexible."""
    reserved_s: float
    """Time of an epoch that is not for computing, whatever the batch: T_U + T_D; 0 where the split is flexible."""
    uplink_bandwidth_hz: float
    downlink_bandwidth_hz: float
    uplink_snr: float
    """At channel gain 1, linear."""
    downlink_snr: float
    """At channel gain 1, linear."""
    max_bits_per_s_per_hz: float
    """Infinite without a cap."""
    uplink_bits_per_token: float
    downlink_bits_per_token: float
    fixed_prompt_tokens: float
    """Length that every prompt is computed at, longer ones at their own; 0 without fixed padding."""
    offered_accuracy: float
    """f(ΔPPL); a request that requires more is rejected."""
    batch_selection: int
    """Index in BATCH_SELECTIONS."""
    episode_epochs: int
    served_weight: float
    """This and the next three are the scenario's `RewardWeights`."""
    tokens_weight: float
    energy_weight: float
    expired_weight: float
    longest_latency_s: float
    """Scale of slacks in observations."""
    longest_prompt_tokens: float
    """Scale of prompt lengths in observations."""
    longest_output_tokens: float
    """Scale of output lengths in observations."""
    modules: int
    module_memory_bytes: float
    variant_cost: NDArray[np.float64]
    """(G, M, 3, 2, 6) as `cost`, of each variant that the modules can be divided among, cheapest first, on 1 to M
    modules; G = 0 where they work as one."""
    variant_weight_bytes: NDArray[np.float64]
    """(G,) weights, which each module of a variant holds."""
    variant_accuracy: NDArray[np.float64]
    """(G,) f(ΔPPL)."""
    variant_load_s: NDArray[np.float64]
    """(G,) time that a module takes to load the weights."""


class Rows(NamedTuple):
    """Arrays over rows (R), requests (N), fading blocks (B) and visible slots (Q)."""

    requests: NDArray[np.int64]
    """(R,) requests on each row's tape; entries past it are unused."""
    arrival_s: NDArray[np.float64]
    """(R, N)"""
    prompt_tokens: NDArray[np.int64]
    """(R, N)"""
    output_tokens: NDArray[np.int64]
    """(R, N)"""
    latency_requirement_s: NDArray[np.float64]
    """(R, N)"""
    accuracy_requirement: NDArray[np.float64]
    """(R, N)"""
    uplink_gain: NDArray[np.float64]
    """(R, N, B)"""
    downlink_gain: NDArray[np.float64]
    """(R, N, B)"""
    status: NDArray[np.int8]
    """(R, N) NOT_ARRIVED, PENDING, SERVED, EXPIRED or REJECTED."""

    oldest: NDArray[np.int64]
    """(R,) every request before this one is served, expired or rejected."""
    visible: NDArray[np.int64]
    """(R,) slots in use, from the first; a slot stays in use when its request is admitted."""
    slot_request: NDArray[np.int64]
    """(R, Q) index of the request in each slot, ascending: first come, first seen."""
    slot_prompt_tokens: NDArray[np.float64]
    """(R, Q) length as computed."""
    slot_output_tokens: NDArray[np.float64]
    """(R, Q)"""
    slot_slack_s: NDArray[np.float64]
    """(R, Q) most compute time of a batch that serves it in this epoch."""
    slot_uplink_share: NDArray[np.float64]
    """(R, Q) smallest share of the band, with this epoch's channel."""
    slot_downlink_share: NDArray[np.float64]
    """(R, Q) smallest share of the band, with this epoch's channel."""
    slot_transfer_s: NDArray[np.float64]
    """(R, Q) time that its transfers take of the window; 0 where the split is fixed or the channel is dead."""
    slot_compute_s: NDArray[np.float64]
    """(R, Q) compute time of the batch of it alone."""
    slot_memory_bytes: NDArray[np.float64]
    """(R, Q) KV cache of the batch of it alone."""
    action_mask: NDArray[np.bool_]
    """(R, Q + 1) slots that may be admitted now; the last entry, dispatch, is always true."""

    batch: NDArray[np.float64]
    """(R, fields of BatchSums) the batch admitted so far in this epoch."""
    utilisation: NDArray[np.float64]
    """(R, 4) of the batch that the last step admitted to or dispatched, per entry of RESOURCES."""
    utilisation_sum: NDArray[np.float64]
    """(R, 4) summed over the batches dispatched in this episode."""
    module_variant: NDArray[np.int64]
    """(R, M) the variant that each module hosts, or IDLE; M = 0 where the modules work as one."""
    module_ready_s: NDArray[np.float64]
    """(R, M) time after the start of the epoch at which each module has loaded its weights, 0 if it has."""
    served_by: NDArray[np.int64]
    """(R, Q) the variant that served each slot's request in the epoch that ended last, or IDLE; Q = 0 where the modules
    work as one."""
    counters: NDArray[np.int64]
    """(R, 9) per entry of COUNTERS."""
    energy_j: NDArray[np.float64]
    """(R,) spent by the batches of this episode (J)."""
    reward_terms: NDArray[np.float64]
    """(R, 4) of the last step, weighted, per entry of REWARD_TERMS."""


def constants_of(scenario: Scenario, *, hosts_variants: bool = False, keeps_split: bool = False) -> Constants:
    """A scenario as kernels read it.

    With `hosts_variants` the node's modules are divided among its variants. With `keeps_split` T_U and T_D are the
    scenario's even where the split is flexible.
    """
    variants = scenario.variants if hosts_variants else ()
    epoch, node, radio, asked = scenario.epoch, scenario.node, scenario.radio, scenario.workload
    weights = scenario.reward
    flexible = epoch.split == "flexible" and not keeps_split
    return Constants(
        cost=np.array(variants[0].batch_cost[-1] if variants else scenario.batch_cost),
        pads_prompts=node.prompt_padding == "batch_max",
        pads_outputs=node.output_length == "batch_max",
        window_s=epoch.epoch_s if flexible else epoch.compute_window_s,
        memory_limit_bytes=scenario.memory_limit_bytes,
        epoch_s=epoch.epoch_s,
        flexible_split=flexible,
        uplink_s=epoch.epoch_s if flexible else epoch.uplink_s,
        downlink_s=epoch.epoch_s if flexible else epoch.downlink_s,
        reserved_s=0.0 if flexible else epoch.uplink_s + epoch.downlink_s,
        uplink_bandwidth_hz=radio.uplink_bandwidth_hz,
        downlink_bandwidth_hz=radio.downlink_bandwidth_hz,
        uplink_snr=reference_snr(radio.device_power_dbm, radio.noise_dbm_per_hz, radio.uplink_bandwidth_hz),
        downlink_snr=reference_snr(radio.node_power_dbm, radio.noise_dbm_per_hz, radio.downlink_bandwidth_hz),
        max_bits_per_s_per_hz=radio.max_spectral_efficiency_bits_per_s_per_hz or math.inf,
        uplink_bits_per_token=radio.uplink_bits_per_token,
        downlink_bits_per_token=radio.downlink_bits_per_token,
        fixed_prompt_tokens=float(node.fixed_prompt_tokens or 0),
        offered_accuracy=max([variant.accuracy for variant in variants] or [scenario.quantization.accuracy]),
        batch_selection=BATCH_SELECTIONS.index(node.batch_selection),
        episode_epochs=epoch.episode_epochs,
        served_weight=weights.served,
        tokens_weight=weights.tokens,
        energy_weight=weights.energy,
        expired_weight=weights.expired,
        longest_latency_s=asked.latency_requirement_s.high,
        longest_prompt_tokens=float(asked.longest_prompt_tokens),
        longest_output_tokens=float(asked.longest_output_tokens),
        modules=node.modules,
        module_memory_bytes=node.memory_bytes_per_module,
        variant_cost=np.array([variant.batch_cost for variant in variants]).reshape(
            len(variants), node.modules, *COST_SHAPE
        ),
        variant_weight_bytes=np.array([variant.weight_bytes for variant in variants], dtype=np.float64),
        variant_accuracy=np.array([variant.accuracy for variant in variants], dtype=np.float64),
        variant_load_s=np.array([variant.load_s for variant in variants], dtype=np.float64),
    )


@compiled
def rule_of(constants: Constants) -> Rule:
    """The feasibility rule of a scenario, as scalars: compiled loops keep those in registers, not arrays."""
    return Rule(
        affine_cost_at(constants.cost, 0),
        affine_cost_at(constants.cost, 1),
        affine_cost_at(constants.cost, 2),
        constants.pads_prompts,
        constants.pads_outputs,
        constants.window_s,
        constants.memory_limit_bytes,
    )


@compiled
def affine_cost_at(cost: NDArray[np.float64], resource: int) -> AffineCost:
    """One resource of `Constants.cost`."""
    return AffineCost(polynomial_at(cost, resource, 0), polynomial_at(cost, resource, 1))


@compiled
def polynomial_at(cost: NDArray[np.float64], resource: int, part: int) -> Polynomial:
    """One polynomial of `Constants.cost`."""
    return Polynomial(
        cost[resource, part, 0],
        cost[resource, part, 1],
        cost[resource, part, 2],
        cost[resource, part, 3],
        cost[resource, part, 4],
        cost[resource, part, 5],
    )


def allocate(rows: int, requests: int, blocks: int, slots: int, modules: int) -> Rows:
    """Rows of zeros with room for that many requests, fading blocks, visible slots and divided modules."""

    def of(dtype: type, *shape: int) -> NDArray:
        return np.zeros((rows, *shape), dtype=dtype)

    per_slot = {name: of(float, slots) for name in Rows._fields if name.startswith("slot_") and name != "slot_request"}
    return Rows(
        requests=of(np.int64),
        arrival_s=of(float, requests),
        prompt_tokens=of(np.int64, requests),
        output_tokens=of(np.int64, requests),
        latency_requirement_s=of(float, requests),
        accuracy_requirement=of(float, requests),
        uplink_gain=of(float, requests, blocks),
        downlink_gain=of(float, requests, blocks),
        status=of(np.int8, requests),
        oldest=of(np.int64),
        visible=of(np.int64),
        slot_request=of(np.int64, slots),
        action_mask=of(np.bool_, slots + 1),
        batch=of(float, len(BatchSums._fields)),
        utilisation=of(float, len(RESOURCES)),
        utilisation_sum=of(float, len(RESOURCES)),
        module_variant=of(np.int64, modules),
        module_ready_s=of(float, modules),
        served_by=of(np.int64, slots if modules else 0),
        counters=of(np.int64, len(COUNTERS)),
        energy_j=of(float),
        reward_terms=of(float, len(REWARD_TERMS)),
        **per_slot,
    )
