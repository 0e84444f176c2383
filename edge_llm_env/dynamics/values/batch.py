"""One batch of the whole node by values, and the order in which requests enter one."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.dynamics.epoch import in_slot
from edge_llm_env.dynamics.params import NodeParams
from edge_llm_env.dynamics.state import NodeState
from edge_llm_env.feasibility.batch import BatchSums, empty_batch, with_request
from edge_llm_env.feasibility.rule import Rule, is_feasible
from edge_llm_env.support.compilation.compiling import compiled, compiled_allocating


@compiled
def alone_s(params: NodeParams, state: NodeState, row: int, slot: int) -> float:
    """What a slot's request takes of the epoch alone (s): its transfers over whole bands, and its computation.

    Where uploads carry over, what is left of its upload over the whole band: it is the uplink that epochs are short of
    there, and a request is computed once, however many epochs it sends in. Infinite for a dead channel.
    """
    if params.carries_over:
        return state.slot_uplink_share[row, slot] * params.uplink_s
    return (
        state.slot_uplink_share[row, slot] * params.uplink_s
        + state.slot_downlink_share[row, slot] * params.downlink_s
        + state.slot_compute_s[row, slot]
    )


@compiled_allocating
def order_by_value(
    params: NodeParams, state: NodeState, row: int, action: NDArray[np.float64]
) -> tuple[NDArray[np.int64], int]:
    """The slots that may be served, int64 of shape (k,), by value over time, and how many requests are wanted.

    Where uploads carry over, the slots that may send: all that are wanted and have a channel.

    Entry a in -1..1 of a slot is the value 1 + a, and the order is that of (1 + a) / `alone_s`, the largest first,
    between equals that of arrival. A request of a = -1 is not wanted. At equal values this is the order of the time
    that requests take, the shortest first; where uploads carry over, the shortest remaining time.
    """
    visible = state.visible[row]
    order = np.empty(visible, dtype=np.int64)
    worth = np.empty(visible)
    size, wanted = 0, 0
    for slot in range(visible):
        if action[slot] <= -1.0:
            continue
        wanted += 1
        time_s = alone_s(params, state, row, slot)
        if not (state.action_mask[row, slot] or (params.carries_over and time_s < np.inf)):
            continue
        density = (1.0 + action[slot]) / time_s
        at = size
        while at > 0 and worth[at - 1] < density:
            worth[at], order[at] = worth[at - 1], order[at - 1]
            at -= 1
        worth[at], order[at] = density, slot
        size += 1
    return order[:size], wanted


@compiled
def value_within(
    state: NodeState, row: int, order: NDArray[np.int64], action: NDArray[np.float64], least_slack_s: float
) -> float:
    """What the requests in `order` that may be served, with at least that slack, are worth together."""
    value = 0.0
    for k in range(len(order)):
        if state.action_mask[row, order[k]] and state.slot_slack_s[row, order[k]] >= least_slack_s:
            value += 1.0 + action[order[k]]
    return value


@compiled
def next_slack_s(state: NodeState, row: int, order: NDArray[np.int64], above_s: float) -> float:
    """The least slack above that of the requests in `order` that may be served, infinite without one."""
    least_s = np.inf
    for k in range(len(order)):
        slack_s = state.slot_slack_s[row, order[k]]
        if state.action_mask[row, order[k]] and above_s < slack_s < least_s:
            least_s = slack_s
    return least_s


@compiled_allocating
def batch_by_value(
    rule: Rule, params: NodeParams, state: NodeState, row: int, action: NDArray[np.float64]
) -> tuple[NDArray[np.bool_], int]:
    """The batch that values serve, bool over the visible slots, and how many requests are wanted."""
    order, wanted = order_by_value(params, state, row, action)
    return batch_in_order(rule, state, row, order, action, empty_batch()), wanted


@compiled_allocating
def batch_in_order(
    rule: Rule,
    state: NodeState,
    row: int,
    order: NDArray[np.int64],
    action: NDArray[np.float64],
    begun: BatchSums,
) -> NDArray[np.bool_]:
    """The batch that values serve, bool over the visible slots, beside what `begun`, of no request, takes.

    Requests enter in `order`, as `order_by_value` has it, each if the batch stays feasible with it. A request with
    little slack leaves the batch little time, so this is done again without the one of least slack, and so on: the
    batch of most value is served, of equal ones the first. Nothing is lost by that: a feasible batch of which each
    request, and nobody else, is of value enters as a whole the first time.
    """
    selected = np.zeros(state.visible[row], dtype=np.bool_)
    tried = np.empty(len(order), dtype=np.int64)
    best, least_slack_s = 0.0, -np.inf
    while value_within(state, row, order, action, least_slack_s) > best:
        batch, size, value = begun, 0, 0.0
        for k in range(len(order)):
            slot = order[k]
            if state.action_mask[row, slot] and state.slot_slack_s[row, slot] >= least_slack_s:
                grown = with_request(batch, in_slot(state, row, slot))
                if is_feasible(rule, grown):
                    batch = grown
                    tried[size] = slot
                    size += 1
                    value += 1.0 + action[slot]
        if value > best:
            best = value
            selected[:] = False
            for k in range(size):
                selected[tried[k]] = True
        if batch.least_slack_s >= rule.window_s:  # it is not slack that keeps the others out
            break
        # Without some that were not let in, the batch would be the same.
        least_slack_s = next_slack_s(state, row, order, batch.least_slack_s)
    return selected
