"""What stays the same for all rows of a scenario: its constants, as kernels read them."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.feasibility.rule import Rule
from edge_llm_env.inference.batch_cost import AffineCost, Polynomial
from edge_llm_env.radio.rate import reference_snr
from edge_llm_env.scenarios.schema import Scenario
from edge_llm_env.scenarios.sections.reward_settings import REWARD_TERMS
from edge_llm_env.selections.names import number_of
from edge_llm_env.support.compilation.compiling import compiled

COST_SHAPE = (3, 2, 6)
"""Of a `BatchCost` as an array: resources, base and marginal, monomials."""


class NodeParams(NamedTuple):
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
    nominal_uplink_s: float
    """T_U of the scenario, which a flexible split may leave."""
    nominal_downlink_s: float
    """T_D of the scenario, likewise."""
    uplink_symbols_per_s: float
    """Of the whole band: as many as it has Hz, or those of its resource blocks that carry payload."""
    downlink_symbols_per_s: float
    """Likewise."""
    uplink_snr: float
    """At channel gain 1, linear."""
    downlink_snr: float
    """At channel gain 1, linear."""
    max_bits_per_symbol: float
    """Infinite without a cap."""
    uplink_units: float
    """Resource blocks, or blocks times slots, that uplink shares are whole numbers of; 0 where shares are real."""
    downlink_units: float
    """Likewise."""
    step_snr: NDArray[np.float64]
    """(K,) linear SNR from which on each step of the spectral efficiency holds; K = 0 for Shannon's."""
    step_efficiency: NDArray[np.float64]
    """(K,) bits per symbol of each step."""
    carries_over: bool
    """What was sent of an upload stays sent."""
    believes: bool
    """What the node decides by, and what rows hold of gains and output lengths, is what it believes and not what is."""
    foresees: bool
    """Observations tell what channels are expected to become."""
    users_move: bool
    """Along a road that the node knows."""
    correlated: NDArray[np.float64]
    """(B,) entry k the correlation of what a channel's gain is beside its path loss, now and after k + 1 epochs."""
    most_correlated: NDArray[np.float64]
    """(B,) entry k the largest correlation of a channel's gain now and after 1 to k + 1 epochs."""
    least_correlated: NDArray[np.float64]
    """(B,) the least of these."""
    mean_correlated: NDArray[np.float64]
    """(B,) their mean."""
    uplink_bits_per_token: float
    downlink_bits_per_token: float
    images: float
    """Of each request, where the workload does not tell: 1 where all have an image, or 0."""
    image_tokens: float
    """Of the prompt of a request with an image, beside its text; here and in the next two 0 where all have one, whose
    `cost` has that."""
    encoding_s: float
    """Time that encoding an image takes."""
    encoding_j: float
    """Energy that it takes."""
    image_bits: float
    """Upload of an image."""
    fixed_prompt_tokens: float
    """Length that every prompt is computed at, longer ones at their own; 0 without fixed padding."""
    offered_accuracy: NDArray[np.float64]
    """(K,) most that a request of each class can get; one that requires more is rejected."""
    batch_selection: int
    """Number of a kind (`edge_llm_env.selections.names`)."""
    episode_epochs: int
    reward_weights: NDArray[np.float64]
    """(terms,) the scenario's weights, in the order of REWARD_TERMS."""
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
    """(G, K) what each offers to requests of each class; negative where it does not serve them."""
    variant_load_s: NDArray[np.float64]
    """(G,) time that a module takes to load the weights."""
    longest_load_s: float
    """Scale of modules' loading times in observations; T_E where nothing takes time to load."""


def node_params(
    scenario: Scenario, *, hosts_variants: bool = False, keeps_split: bool = False, foresees: bool = False
) -> NodeParams:
    """A scenario as kernels read it.

    With `hosts_variants` the node's modules are divided among its variants. With `keeps_split` T_U and T_D are the
    scenario's even where the split is flexible. With `foresees` observations tell what channels are expected to become.
    """
    variants = scenario.variants if hosts_variants else ()
    epoch, node, radio, asked = scenario.epoch, scenario.node, scenario.radio, scenario.workload
    flexible = epoch.split == "flexible" and not keeps_split
    uplink_s, downlink_s = (epoch.epoch_s, epoch.epoch_s) if flexible else (epoch.uplink_s, epoch.downlink_s)
    uplink, downlink = radio.uplink_band(uplink_s), radio.downlink_band(downlink_s)
    steps = radio.rate_model.steps()
    classes = asked.class_count
    accuracy = np.array([variant.accuracies for variant in variants], dtype=np.float64).reshape(len(variants), classes)
    correlations = radio.correlations(scenario.fading_blocks, epoch.epoch_s)
    image = scenario.image_needs
    return NodeParams(
        cost=np.array(variants[0].batch_cost[-1] if variants else scenario.batch_cost),
        pads_prompts=node.prompt_padding == "batch_max",
        pads_outputs=node.output_length == "batch_max",
        window_s=epoch.epoch_s if flexible else epoch.compute_window_s,
        memory_limit_bytes=scenario.memory_limit_bytes,
        epoch_s=epoch.epoch_s,
        flexible_split=flexible,
        uplink_s=uplink_s,
        downlink_s=downlink_s,
        reserved_s=0.0 if flexible else epoch.uplink_s + epoch.downlink_s,
        nominal_uplink_s=epoch.uplink_s,
        nominal_downlink_s=epoch.downlink_s,
        uplink_symbols_per_s=uplink.symbols_per_s,
        downlink_symbols_per_s=downlink.symbols_per_s,
        uplink_snr=reference_snr(radio.device_power_dbm, radio.noise_dbm_per_hz, uplink.occupied_hz),
        downlink_snr=reference_snr(radio.node_power_dbm, radio.noise_dbm_per_hz, downlink.occupied_hz),
        max_bits_per_symbol=radio.max_spectral_efficiency_bits_per_s_per_hz or math.inf,
        uplink_units=uplink.units,
        downlink_units=downlink.units,
        step_snr=steps.snr,
        step_efficiency=steps.bits_per_s_per_hz,
        carries_over=radio.transfers == "carried_over",
        believes=not scenario.beliefs.are_true,
        foresees=foresees,
        users_move=radio.road is not None,
        correlated=correlations,
        most_correlated=np.maximum.accumulate(correlations),
        least_correlated=np.minimum.accumulate(correlations),
        mean_correlated=np.cumsum(correlations) / np.arange(1, len(correlations) + 1),
        uplink_bits_per_token=scenario.uplink_bits_per_token,
        downlink_bits_per_token=radio.downlink_bits_per_token,
        images=float(node.images is not None and not scenario.mixes_images),
        image_tokens=image.tokens,
        encoding_s=image.encoding_s,
        encoding_j=image.encoding_j,
        image_bits=image.upload_bits,
        fixed_prompt_tokens=float(node.fixed_prompt_tokens or 0),
        offered_accuracy=accuracy.max(axis=0) if variants else np.full(classes, scenario.accuracy),
        batch_selection=number_of(node.batch_selection),
        episode_epochs=epoch.episode_epochs,
        reward_weights=scenario.reward.of(REWARD_TERMS),
        longest_latency_s=asked.latency_requirement_s.high,
        longest_prompt_tokens=float(asked.longest_prompt_tokens) + image.tokens,
        longest_output_tokens=float(asked.longest_output_tokens),
        modules=node.modules,
        module_memory_bytes=node.memory_bytes_per_module,
        variant_cost=np.array([variant.batch_cost for variant in variants]).reshape(
            len(variants), node.modules, *COST_SHAPE
        ),
        variant_weight_bytes=np.array([variant.weight_bytes for variant in variants], dtype=np.float64),
        variant_accuracy=accuracy,
        variant_load_s=np.array([variant.load_s for variant in variants], dtype=np.float64),
        longest_load_s=max((variant.load_s for variant in variants), default=0.0) or epoch.epoch_s,
    )


@compiled
def rule_of(params: NodeParams) -> Rule:
    """The feasibility rule of a scenario, as scalars: compiled loops keep those in registers, not arrays."""
    return Rule(
        affine_cost_at(params.cost, 0),
        affine_cost_at(params.cost, 1),
        affine_cost_at(params.cost, 2),
        params.pads_prompts,
        params.pads_outputs,
        params.window_s,
        params.memory_limit_bytes,
    )


@compiled
def affine_cost_at(cost: NDArray[np.float64], resource: int) -> AffineCost:
    """One resource of `NodeParams.cost`."""
    return AffineCost(polynomial_at(cost, resource, 0), polynomial_at(cost, resource, 1))


@compiled
def polynomial_at(cost: NDArray[np.float64], resource: int, part: int) -> Polynomial:
    """One polynomial of `NodeParams.cost`."""
    return Polynomial(
        cost[resource, part, 0],
        cost[resource, part, 1],
        cost[resource, part, 2],
        cost[resource, part, 3],
        cost[resource, part, 4],
        cost[resource, part, 5],
    )
