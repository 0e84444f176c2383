"""What an agent sees of a network: the layout of the observation, and the kernel that writes it.

First the context of each server (the nodes of the cells in their order, then the cloud), then the slots of the first
server, of the second, and so on: of one node, what `EdgeLLM/BatchSelection-v0` shows. Where models are placed, the
class of the request in each slot follows, then what each node holds, and its modules. Last come the arrivals of each
cell and class.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.dynamics.modules import hosted
from edge_llm_env.dynamics.state import NodeState, class_of
from edge_llm_env.envs.observation.features import CONTEXT_FEATURES, LONG_AGO_EPOCHS, SLOT_FEATURES
from edge_llm_env.envs.observation.kernels import clipped
from edge_llm_env.envs.observation.layout import Block, Feature
from edge_llm_env.nodes.params import NetworkParams
from edge_llm_env.nodes.state import NetworkState
from edge_llm_env.residency.residents import ready_within
from edge_llm_env.scenarios.schema import Scenario
from edge_llm_env.support.compilation.compiling import compiled

CONTEXT, SLOT = len(CONTEXT_FEATURES), len(SLOT_FEATURES)


def servers_of(scenario: Scenario) -> int:
    """S: nodes, and the cloud if there is one."""
    network = scenario.network
    return len(scenario.cells) + (network is not None and network.cloud is not None)


def holdings_of(scenario: Scenario) -> int:
    """N·G: what a node can hold, of each; 0 where nothing is placed."""
    placed = scenario.network is not None and scenario.network.placement
    return len(scenario.cells) * len(scenario.cells[0].variants) if placed else 0


def _slots_of(scenario: Scenario) -> int:
    return servers_of(scenario) * scenario.epoch.visible_slots


def _modules_of(scenario: Scenario) -> int:
    return len(scenario.cells) * scenario.cells[0].node.modules if holdings_of(scenario) else 0


def _history_of(scenario: Scenario) -> int:
    return 0 if scenario.network is None else scenario.network.history_epochs


def _sources_of(scenario: Scenario) -> int:
    """N·K, cells times classes; 0 where no history is shown."""
    return len(scenario.cells) * scenario.cells[0].workload.class_count if _history_of(scenario) else 0


OBSERVATION = (
    Block(CONTEXT_FEATURES, "server", servers_of),
    Block(SLOT_FEATURES, "slot of each server", _slots_of),
    Block(
        (Feature("class", "K", "number of the class of the request in the slot, from 1"),),
        "slot of each server",
        lambda scenario: _slots_of(scenario) if holdings_of(scenario) else 0,
    ),
    Block(
        (
            Feature("modules", "M", "modules of the node that hold or load the variant"),
            Feature("loaded", "M", "those of them that have loaded it"),
        ),
        "variant of each node",
        holdings_of,
    ),
    Block(
        (
            Feature("hosts", "G", "number of the variant that the module holds or loads, from 1; 0 if it is idle"),
            Feature("loads", "longest loading", "time until it has loaded it, s"),
        ),
        "module of each node",
        _modules_of,
    ),
    Block(
        (
            Feature(
                "since_hot",
                "32 T_E",
                "time since the class became hot in its cell, its share of recent arrivals there at least 1.5 / K "
                "(without classes, the cell's share 1.5 / N); 1 if it never did, s",
            ),
        ),
        "class of each cell",
        _sources_of,
    ),
    Block(
        (Feature("arrivals", "twice the largest mean", "requests of the class that arrived in the cell"),),
        "epoch before now, the last first, and class of each cell",
        lambda scenario: _history_of(scenario) * _sources_of(scenario),
    ),
)
"""The layout."""


@compiled
def put_slots(
    state: NodeState, row: int, server: int, servers: int, seen: NDArray[np.float32], observation: NDArray[np.float32]
) -> None:
    """Write what `edge_llm_env.envs.observation` shows of a server, `seen`, to where it belongs."""
    at = server * CONTEXT
    for entry in range(CONTEXT):
        observation[at + entry] = seen[entry]
    slots = state.slot_request.shape[1]
    at = servers * CONTEXT + server * slots * SLOT
    for entry in range(slots * SLOT):
        observation[at + entry] = seen[CONTEXT + entry]


@compiled
def observe_whole(params: NetworkParams, state: NetworkState, row: int, observation: NDArray[np.float32]) -> None:
    """Write what stands behind the slots of all servers."""
    at = params.servers * (CONTEXT + params.slots * SLOT)
    if params.places:
        at = observe_holdings(params, state, row, at, observation)
    epochs, cells, classes = state.arrivals.shape[1:]
    if epochs == 0:
        return
    long_s = LONG_AGO_EPOCHS * params.nodes.epoch_s[0]
    for cell in range(cells):
        for each in range(classes):
            observation[at] = clipped(state.hot_since_s[row, cell, each] / long_s)
            at += 1
    for epoch in range(epochs):
        for cell in range(cells):
            for each in range(classes):
                observation[at] = clipped(state.arrivals[row, epoch, cell, each] / params.most_arrivals)
                at += 1


@compiled
def observe_holdings(
    params: NetworkParams, state: NetworkState, row: int, at: int, observation: NDArray[np.float32]
) -> int:
    """Write classes of slots, and what nodes hold, from entry `at` on; the entry behind."""
    nodes, first = state.nodes, row * params.servers
    for server in range(params.servers):
        visible = nodes.visible[first + server]
        for slot in range(params.slots):
            observation[at] = 0.0
            if slot < visible:
                request = nodes.slot_request[first + server, slot]
                observation[at] = (class_of(nodes, first + server, request) + 1) / params.classes
            at += 1
    for cell in range(params.cells):
        for variant in range(params.variants):
            by_s = params.nodes.uplink_s[cell] if not params.nodes.flexible_split[cell] else 0.0
            loaded = ready_within(nodes.module_variant, nodes.module_ready_s, first + cell, variant, -1.0, by_s)
            observation[at] = hosted(nodes, first + cell, variant) / params.modules
            observation[at + 1] = loaded / params.modules
            at += 2
    for cell in range(params.cells):
        for module in range(params.modules):
            observation[at] = (nodes.module_variant[first + cell, module] + 1) / params.variants
            observation[at + 1] = clipped(
                nodes.module_ready_s[first + cell, module] / params.nodes.longest_load_s[cell]
            )
            at += 2
    return at
