"""Who is computed by which variant: the cheapest first, and who finds no room there by a dearer one."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.dynamics.epoch import in_slot, without_transfers
from edge_llm_env.dynamics.modules import GROUPS, hosted, variant_rule
from edge_llm_env.dynamics.params import NodeParams
from edge_llm_env.dynamics.state import NodeState, class_of
from edge_llm_env.feasibility.batch import BatchSums, empty_batch, with_request
from edge_llm_env.feasibility.rule import Rule, compute_time_s, energy_j, memory_bytes
from edge_llm_env.selections.selection import select_batch
from edge_llm_env.solver.candidates import Candidates, batch_of
from edge_llm_env.support.compilation.compiling import compiled, compiled_allocating

NOBODY = -1
"""The group of a request that none serves."""

SETTLED, SHARES, TIMES = range(3)
"""What the transfers of a cascade's batches cost: nothing more, shares of the bands, or time of a flexible split."""


@compiled_allocating
def cascade(
    rule: Rule,
    params: NodeParams,
    state: NodeState,
    row: int,
    values: NDArray[np.float64],
    sizes: NDArray[np.int64],
    delays_s: NDArray[np.float64],
    window_s: float,
    reserved_s: float,
    transfers: int,
) -> NDArray[np.int64]:
    """The group of modules that serves each visible request, or NOBODY, int64 of shape (visible,).

    From the cheapest variant on, each computes with those of its modules that have loaded, and then with those that
    load in this epoch (`edge_llm_env.dynamics.modules.GROUPS`), the batch of `node.batch_selection` among the requests
    of positive value that it is accurate enough for and no group before has taken. A group has `sizes` modules, and
    what `delays_s`, its loading, leaves of the window and of the slacks, less `reserved_s`; both are of shape
    (G·GROUPS,). Each batch has what those before it left of the bands (SHARES), or may take only as much time for its
    transfers as leaves those before it in time (TIMES).
    """
    visible = len(values)
    server = np.empty(visible, dtype=np.int64)
    for slot in range(visible):
        server[slot] = NOBODY
    uplink_left, downlink_left, spare_s = 1.0, 1.0, window_s - reserved_s
    for group in range(len(sizes)):
        variant, begins_s = group // GROUPS, reserved_s + delays_s[group]
        if sizes[group] == 0 or window_s - begins_s <= 0.0:
            continue
        among = np.zeros(visible, dtype=np.int64)
        size = 0
        for slot in range(visible):
            if server[slot] == NOBODY and values[slot] > 0.0 and accurate_enough(params, state, row, slot, variant):
                among[size] = slot
                size += 1
        columns = np.zeros((6, size))
        worth = np.zeros(size)
        for i in range(size):
            slot = among[i]
            worth[i] = values[slot]
            columns[0, i] = state.slot_prompt_tokens[row, slot]
            columns[1, i] = state.slot_output_tokens[row, slot]
            columns[2, i] = state.slot_slack_s[row, slot] - begins_s
            if transfers == SHARES:
                columns[3, i] = share_of(state.slot_uplink_share[row, slot], uplink_left)
                columns[4, i] = share_of(state.slot_downlink_share[row, slot], downlink_left)
            elif transfers == TIMES:
                dead = math.isinf(state.slot_uplink_share[row, slot] + state.slot_downlink_share[row, slot])
                columns[3, i] = math.inf if dead else share_of(state.slot_transfer_s[row, slot], spare_s)
                columns[5, i] = state.slot_transfer_s[row, slot]
        candidates = Candidates(columns[0], columns[1], columns[2], columns[3], columns[4], columns[5], np.zeros(size))
        node = variant_rule(rule, params, variant, sizes[group], window_s - begins_s)
        selected = select_batch(node, candidates, worth, params.batch_selection)
        for i in range(size):
            if selected[i]:
                server[among[i]] = group
                uplink_left -= state.slot_uplink_share[row, among[i]]
                downlink_left -= state.slot_downlink_share[row, among[i]]
        if transfers == TIMES:
            batch = batch_of(candidates, selected)
            if batch.requests > 0.0:  # otherwise no transfer keeps this group waiting
                limit_s = min(node.window_s, batch.least_slack_s)
                spare_s = min(spare_s - batch.compute_s, limit_s - compute_time_s(node, batch))
                reserved_s += batch.compute_s
    return server


@compiled
def accurate_enough(params: NodeParams, state: NodeState, row: int, slot: int, variant: int) -> bool:
    """Constraint 5 of `docs/model.md` for a variant: a_i ≤ f(ΔPPL)."""
    request = state.slot_request[row, slot]
    return state.accuracy_requirement[row, request] <= params.variant_accuracy[variant, class_of(state, row, request)]


@compiled
def share_of(share: float, left: float) -> float:
    """A share of a whole band as a share of what is left of it."""
    if share <= 0.0:
        return 0.0
    return share / left if left > 0.0 else math.inf


@compiled
def batch_served(state: NodeState, row: int, server: NDArray[np.int64], group: int) -> BatchSums:
    """The batch that a group computes, without transfers, which the whole node shares."""
    batch = empty_batch()
    for slot in range(len(server)):
        if server[slot] == group:
            batch = with_request(batch, without_transfers(in_slot(state, row, slot)))
    return batch


@compiled
def use_of_variants(
    rule: Rule, params: NodeParams, state: NodeState, row: int, server: NDArray[np.int64], sizes: NDArray[np.int64]
) -> tuple[float, float, float]:
    """Of a whole epoch's batches: memory that is used (bytes), compute time in that of all modules (s), energy (J).

    A module that loads beyond the epoch holds the weights as well.
    """
    memory, compute_s, energy = 0.0, 0.0, 0.0
    for variant in range(len(params.variant_accuracy)):
        weight_bytes, apart = params.variant_weight_bytes[variant], hosted(state, row, variant)
        for group in range(variant * GROUPS, (variant + 1) * GROUPS):
            if sizes[group] > 0:
                node = variant_rule(rule, params, variant, sizes[group], rule.window_s)
                batch = batch_served(state, row, server, group)
                memory += memory_bytes(node, batch) + (sizes[group] - 1) * weight_bytes
                compute_s += compute_time_s(node, batch) * sizes[group] / params.modules
                energy += energy_j(node, batch)
                apart -= sizes[group]
        memory += apart * weight_bytes
    return memory, compute_s, energy


@compiled
def bands_used(state: NodeState, row: int, server: NDArray[np.int64]) -> tuple[float, float]:
    """Σ of the least shares of both bands of whom some group serves."""
    uplink, downlink = 0.0, 0.0
    for slot in range(len(server)):
        if server[slot] != NOBODY:
            uplink += state.slot_uplink_share[row, slot]
            downlink += state.slot_downlink_share[row, slot]
    return uplink, downlink
