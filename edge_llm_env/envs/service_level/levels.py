"""What an action of `EdgeLLM/ServiceLevel-v0` brings about: modules that load, and whom groups take on."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.dynamics.cascade import NOBODY
from edge_llm_env.dynamics.channels import block_of, least_uplink_share
from edge_llm_env.dynamics.modules import GROUPS, variant_rule
from edge_llm_env.dynamics.params import NodeParams
from edge_llm_env.dynamics.state import NodeState, class_of
from edge_llm_env.envs.service_level.table import NOT_NOW, LevelTable
from edge_llm_env.feasibility.batch import FIELDS, empty_batch, of_array, to_array, with_request
from edge_llm_env.feasibility.request import Request
from edge_llm_env.feasibility.rule import Rule, is_feasible
from edge_llm_env.residency.moving import start_load
from edge_llm_env.support.compilation.compiling import compiled, compiled_allocating


@compiled
def load_targets(params: NodeParams, state: NodeState, row: int, targets: NDArray[np.int64], first: int) -> None:
    """Each module loads the variant that entry `first` + module names, from 1 on, unless it holds or loads it."""
    for module in range(params.modules):
        variant = targets[first + module] - 1
        if variant >= 0 and state.module_variant[row, module] != variant:
            start_load(state.module_variant, state.module_ready_s, row, module, variant, params.variant_load_s[variant])


@compiled
def at_level(
    params: NodeParams, state: NodeState, row: int, slot: int, table: LevelTable, compression: int, delay_s: float
) -> Request:
    """A slot's request with its prompt compressed, for a group that still loads for `delay_s` after the uplink.

    Of s tokens ⌈s/r⌉ are left; the compressor's time on the node is a cost of the request's own.
    """
    whole = state.slot_prompt_tokens[row, slot]
    tokens = max(1.0, math.ceil(whole / table.ratio[compression]))
    uplink_share = state.slot_uplink_share[row, slot]
    if table.at_user[compression]:
        request = state.slot_request[row, slot]
        gain = state.gain[row, request, 0, block_of(params, state, row, request)]
        uplink_share = least_uplink_share(params, tokens * params.uplink_bits_per_token, gain)
    return Request(
        tokens,
        state.slot_output_tokens[row, slot],
        state.slot_slack_s[row, slot] - delay_s,
        uplink_share,
        state.slot_downlink_share[row, slot],
        table.s_per_token[compression] * whole,
        0.0,
    )


@compiled
def accuracy_at(
    params: NodeParams, state: NodeState, row: int, slot: int, variant: int, table: LevelTable, compression: int
) -> float:
    """What a variant offers to a slot's request with a compressed prompt; negative if it does not serve its class."""
    offered = params.variant_accuracy[variant, class_of(state, row, state.slot_request[row, slot])]
    return offered * table.retained[compression] if offered >= 0.0 else offered


@compiled_allocating
def in_turn(
    rule: Rule,
    params: NodeParams,
    state: NodeState,
    row: int,
    table: LevelTable,
    slots: NDArray[np.int64],
    levels: NDArray[np.int64],
    sizes: NDArray[np.int64],
    delays_s: NDArray[np.float64],
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The group that serves each visible request, or NOBODY, and its compression, both int64 of shape (visible,).

    Pairs of a slot and a level, `slots` and `levels` of one shape, are taken in their order: a request that no group
    has joins the batch of the level's group if the level is accurate enough for it and the batch stays feasible, with
    what all groups together use of the bands. `sizes` and `delays_s`, both (G·GROUPS,), are the groups' modules and how
    long after the uplink they still load (s).
    """
    visible, compressions = state.visible[row], len(table.ratio)
    server, chosen = np.empty(visible, dtype=np.int64), np.zeros(visible, dtype=np.int64)
    for slot in range(visible):
        server[slot] = NOBODY
    batches = np.zeros((len(sizes), FIELDS))
    for group in range(len(sizes)):
        to_array(empty_batch(), batches[group])
    uplink, downlink = 0.0, 0.0
    for at in range(len(slots)):
        slot = slots[at]
        if levels[at] == NOT_NOW or server[slot] != NOBODY:
            continue
        group, compression = (levels[at] - 1) // compressions, (levels[at] - 1) % compressions
        variant, window_s = group // GROUPS, rule.window_s - delays_s[group]
        if sizes[group] == 0 or window_s <= 0.0:
            continue
        required = state.accuracy_requirement[row, state.slot_request[row, slot]]
        if required > accuracy_at(params, state, row, slot, variant, table, compression):
            continue
        request = at_level(params, state, row, slot, table, compression, delays_s[group])
        # The bands are shared by all groups: what all of them use stands at the request that would join.
        uplink_with, downlink_with = uplink + request.uplink_share, downlink + request.downlink_share
        batch = of_array(batches[group])
        grown = with_request(batch, with_shares(request, uplink_with, downlink_with))
        if is_feasible(variant_rule(rule, params, variant, sizes[group], window_s), grown):
            server[slot], chosen[slot] = group, compression
            uplink, downlink = uplink_with, downlink_with
            to_array(with_request(batch, with_shares(request, 0.0, 0.0)), batches[group])
    return server, chosen


@compiled
def with_shares(request: Request, uplink_share: float, downlink_share: float) -> Request:
    """A request with other shares of the bands."""
    return Request(
        request.prompt_tokens,
        request.output_tokens,
        request.slack_s,
        uplink_share,
        downlink_share,
        request.compute_s,
        request.memory_bytes,
    )
