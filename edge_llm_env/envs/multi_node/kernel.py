"""One step of `EdgeLLM/MultiNode-v0` on a row, and on many rows."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.dynamics.cascade import bands_used
from edge_llm_env.dynamics.epoch import begin_episode
from edge_llm_env.dynamics.modules import GROUPS
from edge_llm_env.dynamics.params import NodeParams, rule_of
from edge_llm_env.dynamics.settling.variants import groups_of, serve_and_dispatch
from edge_llm_env.dynamics.state import N_ARRIVED, NodeState
from edge_llm_env.envs.batch_selection.kernel import step_row as serve_chosen
from edge_llm_env.envs.multi_node.observation import CONTEXT, SLOT, observe_whole, put_slots
from edge_llm_env.envs.observation.kernels import observe
from edge_llm_env.envs.returned import Returned, hand_out
from edge_llm_env.nodes.accounts import account, begin_accounts, take_in
from edge_llm_env.nodes.decoding import NOBODY, choose, choose_by_groups, forget_others
from edge_llm_env.nodes.demand import begin_demand, note_arrivals
from edge_llm_env.nodes.params import NetworkParams, node_at
from edge_llm_env.nodes.placing import place, spread
from edge_llm_env.nodes.state import NetworkState
from edge_llm_env.support.compilation.compiling import compiled, compiled_allocating
from edge_llm_env.support.sharing import next_rows

GRID = 1024
"""Values are rounded up to multiples of one part in this, so that sums of them are exact."""


@compiled
def value_of_bid(bid: float) -> float:
    """What a request is worth by a bid in -1..1: 0..1, nothing for -1."""
    return math.ceil((1.0 + bid) / 2.0 * GRID) / GRID


@compiled_allocating
def begin_row(params: NetworkParams, state: NetworkState, row: int, observation: NDArray[np.float32]) -> None:
    """Begin an episode on a row, with the workload that it holds, and observe it."""
    first = row * params.servers
    seen = np.zeros(CONTEXT + params.slots * SLOT, dtype=np.float32)
    for server in range(params.servers):
        node, shown, at = node_at(params.nodes, server), node_at(params.shown, server), first + server
        begin_episode(rule_of(node), node, state.nodes, at)
        if params.places and server < params.cells:
            spread(state.nodes, at, server, params.variants)
        observe(rule_of(shown), shown, state.nodes, at, seen)
        put_slots(state.nodes, at, server, params.servers, seen, observation)
    begin_accounts(state, row)
    begin_demand(state, row)
    arrived = state.nodes.counters[first, N_ARRIVED]
    take_in(params, state, row, arrived)
    state.reward_terms[row, :] = 0.0
    note_arrivals(state, row, 0, arrived, params.nodes.epoch_s[0])
    show_mask(params, state, row)
    observe_whole(params, state, row, observation)


@compiled_allocating
def begin_rows(
    params: NetworkParams, state: NetworkState, beginning: NDArray[np.intp], observations: NDArray[np.float32]
) -> None:
    """Begin an episode on each of those rows, with the workload that it holds, and observe them."""
    for row in beginning:
        begin_row(params, state, row, observations[row])


@compiled
def show_mask(params: NetworkParams, state: NetworkState, row: int) -> None:
    """Which slots' requests their servers could serve alone."""
    for server in range(params.servers):
        for slot in range(params.slots):
            admissible = state.nodes.action_mask[row * params.servers + server, slot]
            state.action_mask[row, server * params.slots + slot] = admissible
    state.action_mask[row, params.servers * params.slots] = True


@compiled_allocating
def step_row(
    params: NetworkParams, state: NetworkState, row: int, action: NDArray[np.float64], observation: NDArray[np.float32]
) -> None:
    """Move models, assign requests to servers as the bids say, serve them, and begin the next epoch."""
    nodes, first, slots = state.nodes, row * params.servers, params.slots
    requests, before = nodes.requests[first], nodes.counters[first, N_ARRIVED]
    server_of, worth = np.empty(requests, dtype=np.int64), np.zeros(requests)
    for request in range(requests):
        server_of[request] = NOBODY
    groups = np.zeros((params.servers, slots), dtype=np.int64)
    sizes = np.zeros((params.servers, params.variants * GROUPS), dtype=np.int64)
    values = np.zeros(slots)
    for server in range(params.servers):
        node, at = node_at(params.nodes, server), first + server
        for slot in range(slots):
            values[slot] = value_of_bid(action[server * slots + slot])
        if params.places:
            if server < params.cells:
                wishes = params.servers * slots + server * params.variants
                place(nodes, at, action, wishes, node.variant_load_s)
            sizes[server], ready_s = groups_of(node, nodes, at)
            choose_by_groups(node, nodes, at, server, values, server_of, worth, sizes[server], ready_s, groups[server])
        else:
            choose(node, nodes, at, server, values, server_of, worth)
    chosen = np.zeros(slots, dtype=np.int8)
    seen = np.zeros(CONTEXT + slots * SLOT, dtype=np.float32)
    for server in range(params.servers):
        node, at = node_at(params.nodes, server), first + server
        forget_others(nodes, at, server, server_of)
        if params.places:
            serve_groups(node, nodes, at, server, server_of, sizes[server], groups[server])
            shown = node_at(params.shown, server)
            observe(rule_of(shown), shown, nodes, at, seen)
        else:
            for slot in range(slots):
                chosen[slot] = 0
            for slot in range(nodes.visible[at]):
                chosen[slot] = server_of[nodes.slot_request[at, slot]] == server
            serve_chosen(node, nodes, at, chosen, seen)
        put_slots(nodes, at, server, params.servers, seen, observation)
    account(params, state, row, server_of)
    note_arrivals(state, row, before, nodes.counters[first, N_ARRIVED], params.nodes.epoch_s[0])
    show_mask(params, state, row)
    observe_whole(params, state, row, observation)


@compiled_allocating
def serve_groups(
    node: NodeParams,
    nodes: NodeState,
    at: int,
    server: int,
    server_of: NDArray[np.int64],
    sizes: NDArray[np.int64],
    groups: NDArray[np.int64],
) -> None:
    """Serve by each group of a server's modules whom it has and no other server took since, and end the epoch."""
    nodes.reward_terms[at, :] = 0.0
    mine = np.empty(nodes.visible[at], dtype=np.int64)
    for slot in range(len(mine)):
        mine[slot] = groups[slot] if server_of[nodes.slot_request[at, slot]] == server else NOBODY
    uplink, downlink = bands_used(nodes, at, mine)
    serve_and_dispatch(rule_of(node), node, nodes, at, mine, sizes, uplink, downlink, 0.0)


@compiled_allocating
def step_rows(
    params: NetworkParams,
    state: NetworkState,
    actions: NDArray[np.float64],
    active: NDArray[np.bool_],
    observations: NDArray[np.float32],
    returned: Returned,
    turns: NDArray[np.int64],
    thread: int,
) -> None:
    """Step the active ones of the rows that are the thread's, and copy what all of these return."""
    first, last = next_rows(turns, thread)
    while first < last:
        for row in range(first, last):
            if active[row]:
                step_row(params, state, row, actions[row], observations[row])
            hand_out(params, state, observations, returned, row)
        first, last = next_rows(turns, thread)


@compiled
def hand_out_rows(
    params: NetworkParams,
    state: NetworkState,
    rows: NDArray[np.intp],
    observations: NDArray[np.float32],
    returned: Returned,
) -> None:
    """Copy what those rows return."""
    for row in rows:
        hand_out(params, state, observations, returned, row)
