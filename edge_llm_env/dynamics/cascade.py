"""Who is computed by which variant: the cheapest first, and who finds no room there by a dearer one."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.dynamics.epoch import in_slot, without_transfers
from edge_llm_env.dynamics.modules import variant_rule
from edge_llm_env.dynamics.params import NodeParams
from edge_llm_env.dynamics.selections.selection import select_batch
from edge_llm_env.dynamics.state import NodeState
from edge_llm_env.feasibility.batch import BatchSums, empty_batch, with_request
from edge_llm_env.feasibility.rule import Rule, compute_time_s, energy_j, memory_bytes
from edge_llm_env.solver.candidates import Candidates, batch_of
from edge_llm_env.support.compilation.compiling import compiled, compiled_allocating

NOBODY = -1
"""The variant of a request that none serves."""

SETTLED, SHARES, TIMES = range(3)
"""What the transfers of a cascade's batches cost: nothing more, shares of the bands, or time of a flexible split."""


@compiled_allocating
def cascade(
    rule: Rule,
    params: NodeParams,
    state: NodeState,
    row: int,
    values: NDArray[np.float64],
    counts: NDArray[np.int64],
    delays_s: NDArray[np.float64],
    window_s: float,
    reserved_s: float,
    transfers: int,
) -> NDArray[np.int64]:
    """The variant that serves each visible request, or NOBODY, int64 of shape (visible,).

    From the cheapest variant on, each computes the batch of `node.batch_selection` among the requests of positive value
    that it is accurate enough for and no cheaper one has taken, with its `counts` modules, in what `delays_s`, its
    loading, leaves of the window and of the slacks, less `reserved_s`. Each batch has what those before it left of the
    bands (SHARES), or may take only as much time for its transfers as leaves those before it in time (TIMES).
    """
    visible = len(values)
    server = np.full(visible, NOBODY)
    uplink_left, downlink_left, spare_s = 1.0, 1.0, window_s - reserved_s
    for variant in range(len(counts)):
        begins_s = reserved_s + delays_s[variant]
        if counts[variant] == 0 or window_s - begins_s <= 0.0:
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
        node = variant_rule(rule, params, variant, counts[variant], window_s - begins_s)
        selected = select_batch(node, candidates, worth, params.batch_selection)
        for i in range(size):
            if selected[i]:
                server[among[i]] = variant
                uplink_left -= state.slot_uplink_share[row, among[i]]
                downlink_left -= state.slot_downlink_share[row, among[i]]
        if transfers == TIMES:
            batch = batch_of(candidates, selected)
            if batch.requests > 0.0:  # otherwise no transfer keeps this variant waiting
                limit_s = min(node.window_s, batch.least_slack_s)
                spare_s = min(spare_s - batch.compute_s, limit_s - compute_time_s(node, batch))
                reserved_s += batch.compute_s
    return server


@compiled
def accurate_enough(params: NodeParams, state: NodeState, row: int, slot: int, variant: int) -> bool:
    """Constraint 5 of `docs/model.md` for a variant: a_i ≤ f(ΔPPL)."""
    request = state.slot_request[row, slot]
    return state.accuracy_requirement[row, request] <= params.variant_accuracy[variant]


@compiled
def share_of(share: float, left: float) -> float:
    """A share of a whole band as a share of what is left of it."""
    if share <= 0.0:
        return 0.0
    return share / left if left > 0.0 else math.inf


@compiled
def batch_served(state: NodeState, row: int, server: NDArray[np.int64], variant: int) -> BatchSums:
    """The batch that a variant computes, without transfers, which the whole node shares."""
    batch = empty_batch()
    for slot in range(len(server)):
        if server[slot] == variant:
            batch = with_request(batch, without_transfers(in_slot(state, row, slot)))
    return batch


@compiled
def use_of_variants(
    rule: Rule, params: NodeParams, state: NodeState, row: int, server: NDArray[np.int64], counts: NDArray[np.int64]
) -> tuple[float, float, float]:
    """Of a whole epoch's batches: memory that is used (bytes), compute time in that of all modules (s), energy (J)."""
    memory, compute_s, energy = 0.0, 0.0, 0.0
    for variant in range(len(counts)):
        if counts[variant] > 0:
            node = variant_rule(rule, params, variant, counts[variant], rule.window_s)
            batch = batch_served(state, row, server, variant)
            others = (counts[variant] - 1) * params.variant_weight_bytes[variant]
            memory += memory_bytes(node, batch) + others
            compute_s += compute_time_s(node, batch) * counts[variant] / params.modules
            energy += energy_j(node, batch)
    return memory, compute_s, energy


@compiled
def bands_used(state: NodeState, row: int, server: NDArray[np.int64]) -> tuple[float, float]:
    """Σ of the least shares of both bands of whom some variant serves."""
    uplink, downlink = 0.0, 0.0
    for slot in range(len(server)):
        if server[slot] != NOBODY:
            uplink += state.slot_uplink_share[row, slot]
            downlink += state.slot_downlink_share[row, slot]
    return uplink, downlink
