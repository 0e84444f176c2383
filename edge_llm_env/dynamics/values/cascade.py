"""The batches of variants by values: the cheapest first, and who finds no room there by a dearer one."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.dynamics.cascade import NOBODY, accurate_enough
from edge_llm_env.dynamics.epoch import in_slot, without_transfers
from edge_llm_env.dynamics.modules import GROUPS, variant_rule
from edge_llm_env.dynamics.params import NodeParams
from edge_llm_env.dynamics.state import NodeState
from edge_llm_env.dynamics.values.batch import next_slack_s, value_within
from edge_llm_env.feasibility.batch import FIELDS, BatchSums, delayed, empty_batch, of_array, to_array, with_request
from edge_llm_env.feasibility.rule import Rule, fits_band, fits_node
from edge_llm_env.support.compilation.compiling import compiled, compiled_allocating


@compiled_allocating
def cascade_by_value(
    rule: Rule,
    params: NodeParams,
    state: NodeState,
    row: int,
    order: NDArray[np.int64],
    action: NDArray[np.float64],
    sizes: NDArray[np.int64],
    ready_s: NDArray[np.float64],
) -> NDArray[np.int64]:
    """The group of modules that serves each visible request, or NOBODY, int64 of shape (visible,).

    From the cheapest variant on, each group (`edge_llm_env.dynamics.modules.GROUPS`) computes its batch of the requests
    in `order`, slots, that it is accurate enough for and none before has taken, as `batch_by_value` fills it: with
    `sizes` modules, which load until `ready_s` after the start of the epoch, both of shape (G·GROUPS,), least shares,
    and least parts of a flexible split, beside the batches before it.
    """
    server = np.empty(state.visible[row], dtype=np.int64)
    for slot in range(len(server)):
        server[slot] = NOBODY
    batches = np.zeros((len(sizes), FIELDS))
    tried = np.empty(len(order), dtype=np.int64)
    kept = np.empty(len(order), dtype=np.int64)
    everyone = empty_batch()
    for group in range(len(sizes)):
        if sizes[group] == 0:
            continue
        mine = np.empty(len(order), dtype=np.int64)
        open_to_it = 0
        for k in range(len(order)):
            if server[order[k]] == NOBODY and accurate_enough(params, state, row, order[k], group // GROUPS):
                mine[open_to_it] = order[k]
                open_to_it += 1
        mine = mine[:open_to_it]
        best, least_slack_s, most = 0.0, -np.inf, 0
        while value_within(state, row, mine, action, least_slack_s) > best:
            together, batch, size, value = everyone, empty_batch(), 0, 0.0
            for k in range(len(mine)):
                slot = mine[k]
                if state.slot_slack_s[row, slot] < least_slack_s:
                    continue
                request = in_slot(state, row, slot)
                more, grown = with_request(together, request), with_request(batch, without_transfers(request))
                if fits_band(more) and keeps_time(rule, params, group, sizes[group], ready_s[group], more, grown):
                    if params.flexible_split and not others_keep_time(
                        rule, params, group, sizes, ready_s, more, batches
                    ):
                        continue
                    together, batch = more, grown
                    tried[size] = slot
                    size += 1
                    value += 1.0 + action[slot]
            if value > best:
                best, most = value, size
                kept[:size] = tried[:size]
            if batch.least_slack_s >= rule.window_s:
                break
            least_slack_s = next_slack_s(state, row, mine, batch.least_slack_s)
        batch = empty_batch()
        for k in range(most):
            request = in_slot(state, row, kept[k])
            everyone = with_request(everyone, request)
            batch = with_request(batch, without_transfers(request))
            server[kept[k]] = group
        to_array(batch, batches[group])
    return server


@compiled
def others_keep_time(
    rule: Rule,
    params: NodeParams,
    group: int,
    sizes: NDArray[np.int64],
    ready_s: NDArray[np.float64],
    together: BatchSums,
    batches: NDArray[np.float64],
) -> bool:
    """Whether the batches of the groups before, an array each, keep time beside the transfers of `together`."""
    for other in range(group):
        if batches[other, 0] > 0.0 and not keeps_time(
            rule, params, other, sizes[other], ready_s[other], together, of_array(batches[other])
        ):
            return False
    return True


@compiled
def keeps_time(
    rule: Rule,
    params: NodeParams,
    group: int,
    modules: int,
    ready_s: float,
    together: BatchSums,
    batch: BatchSums,
) -> bool:
    """Whether a group's batch fits its memory, the window and every deadline, beside the transfers of `together`.

    It begins when the uplink part is over and the weights are loaded. Where the split is flexible, parts are the least,
    and the window and the slacks hold them.
    """
    if params.flexible_split:
        begins_s = max(together.uplink_share * params.uplink_s, ready_s)
        taken_s = begins_s + together.downlink_share * params.downlink_s
    else:
        taken_s = max(0.0, ready_s - params.uplink_s)
    node = variant_rule(rule, params, group // GROUPS, modules, rule.window_s - taken_s)
    return fits_node(node, delayed(batch, taken_s))
