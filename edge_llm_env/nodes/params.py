"""What stays the same for all rows of a network: the constants of each of its nodes, one behind the other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from edge_llm_env.dynamics.params import NodeParams, node_params
from edge_llm_env.scenarios.hosting import NOT_SERVED
from edge_llm_env.scenarios.schema import Scenario
from edge_llm_env.support.compilation.compiling import compiled_allocating


class NetworkParams(NamedTuple):
    """A network's constants, over its servers: the nodes of its cells in their order, and the cloud if there is one."""

    nodes: Any
    """`NodeParams`, every field an array over the servers (`node_at`)."""
    shown: Any
    """The same without variants: what observations of slots are made by."""
    servers: int
    """S, nodes and cloud."""
    cells: int
    """N, cells and nodes."""
    slots: int
    """Q, of each server."""
    classes: int
    """K, of requests."""
    places: bool
    """Actions decide which variants the nodes' modules hold."""
    variants: int
    """G, which modules can hold; 0 where nothing is placed."""
    modules: int
    """M, of each node; 0 where nothing is placed."""
    history: int
    """H, epochs whose arrivals are shown."""
    most_arrivals: float
    """Scale of a cell's arrivals of a class in an epoch."""
    price_per_token: float
    """Of the cloud; 0 without one."""
    episode_epochs: int


def network_params(scenario: Scenario) -> NetworkParams:
    """A scenario of several cells, or of one without a network, as kernels read it."""
    network, cells = scenario.network, scenario.cells
    places = network is not None and network.placement
    nodes = [node_params(cell, hosts_variants=places) for cell in cells]
    if network is not None and network.cloud is not None:
        nodes.append(_cloud_params(node_params(scenario, hosts_variants=places), network.cloud.accuracy))
    crowds = () if network is None else network.crowds
    rates = [cell.workload.arrivals.mean_rate_per_s for cell in cells] + [
        one.arrivals.mean_rate_per_s for one in crowds
    ]
    return NetworkParams(
        nodes=_stacked(nodes if places else [_without_variants(node) for node in nodes]),
        shown=_stacked([_without_variants(node) for node in nodes]),
        servers=len(nodes),
        cells=len(cells),
        slots=scenario.epoch.visible_slots,
        classes=cells[0].workload.class_count,
        places=places,
        variants=len(nodes[0].variant_accuracy),
        modules=nodes[0].modules if places else 0,
        history=0 if network is None else network.history_epochs,
        most_arrivals=2.0 * max(rates) * scenario.epoch.epoch_s,
        price_per_token=0.0 if network is None or network.cloud is None else network.cloud.price_per_token,
        episode_epochs=scenario.epoch.episode_epochs,
    )


def _cloud_params(node: NodeParams, accuracy: float) -> NodeParams:
    """A server that computes whatever arrives at once; what its work takes is off the slack before (`at_server`).

    Where variants are placed, it has one of them that serves every class.
    """
    offered = np.full_like(node.variant_accuracy, NOT_SERVED)
    offered[:1] = accuracy
    return node._replace(
        cost=np.zeros_like(node.cost),
        variant_cost=np.zeros_like(node.variant_cost),
        variant_weight_bytes=np.zeros_like(node.variant_weight_bytes),
        variant_load_s=np.zeros_like(node.variant_load_s),
        variant_accuracy=offered,
        offered_accuracy=np.full_like(node.offered_accuracy, accuracy),
    )


def _without_variants(node: NodeParams) -> NodeParams:
    return node._replace(
        variant_cost=node.variant_cost[:0, :0],
        variant_weight_bytes=node.variant_weight_bytes[:0],
        variant_accuracy=node.variant_accuracy[:0],
        variant_load_s=node.variant_load_s[:0],
    )


def _stacked(nodes: Sequence[NodeParams]) -> NodeParams:
    """Constants of several nodes as one, every field an array over them."""
    return NodeParams(*(np.stack([np.asarray(one) for one in field]) for field in zip(*nodes, strict=True)))  # type: ignore[arg-type]


@compiled_allocating
def node_at(nodes: Any, server: int) -> NodeParams:
    """The constants of a server, of those of all (`NetworkParams.nodes`).

    Allocating, as its arrays are counted: a kernel without counting must not return any.
    """
    return NodeParams(
        nodes.cost[server],
        nodes.pads_prompts[server],
        nodes.pads_outputs[server],
        nodes.window_s[server],
        nodes.memory_limit_bytes[server],
        nodes.epoch_s[server],
        nodes.flexible_split[server],
        nodes.uplink_s[server],
        nodes.downlink_s[server],
        nodes.reserved_s[server],
        nodes.nominal_uplink_s[server],
        nodes.nominal_downlink_s[server],
        nodes.uplink_symbols_per_s[server],
        nodes.downlink_symbols_per_s[server],
        nodes.uplink_snr[server],
        nodes.downlink_snr[server],
        nodes.max_bits_per_symbol[server],
        nodes.uplink_units[server],
        nodes.downlink_units[server],
        nodes.step_snr[server],
        nodes.step_efficiency[server],
        nodes.carries_over[server],
        nodes.believes[server],
        nodes.foresees[server],
        nodes.users_move[server],
        nodes.correlated[server],
        nodes.most_correlated[server],
        nodes.least_correlated[server],
        nodes.mean_correlated[server],
        nodes.uplink_bits_per_token[server],
        nodes.downlink_bits_per_token[server],
        nodes.images[server],
        nodes.image_tokens[server],
        nodes.encoding_s[server],
        nodes.encoding_j[server],
        nodes.image_bits[server],
        nodes.fixed_prompt_tokens[server],
        nodes.offered_accuracy[server],
        nodes.batch_selection[server],
        nodes.episode_epochs[server],
        nodes.reward_weights[server],
        nodes.longest_latency_s[server],
        nodes.longest_prompt_tokens[server],
        nodes.longest_output_tokens[server],
        nodes.modules[server],
        nodes.module_memory_bytes[server],
        nodes.variant_cost[server],
        nodes.variant_weight_bytes[server],
        nodes.variant_accuracy[server],
        nodes.variant_load_s[server],
        nodes.longest_load_s[server],
    )
