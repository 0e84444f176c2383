"""A batch and who goes on sending beside it, as actions of `EdgeLLM/Bandwidth-v0` where uploads carry over."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_llm_baselines.allocation.encoding import least_entries, least_part_entry, needs_s, shares_for
from edge_llm_env.dynamics.epoch import in_slot
from edge_llm_env.dynamics.params import NodeParams, rule_of
from edge_llm_env.dynamics.simulation import Simulation
from edge_llm_env.dynamics.state import NodeState
from edge_llm_env.dynamics.uploads.sending import most_to_send
from edge_llm_env.dynamics.uploads.spare import spare_uplink
from edge_llm_env.dynamics.values.batch import alone_s
from edge_llm_env.envs.bandwidth.shares import part_s
from edge_llm_env.feasibility.batch import empty_batch, with_request
from edge_llm_env.feasibility.rule import is_feasible
from edge_llm_env.support.compilation.compiling import compiled_allocating

BEHIND = 0.25
"""What all who are not of the batch are worth together, where each of the batch is worth 2."""


def sending(
    simulation: Simulation, row: int, selected: NDArray[np.bool_], order: NDArray[np.int64]
) -> NDArray[np.float64]:
    """The action that serves a batch, bool over the visible slots, and gives the uplink that it leaves in an order.

    `order` has slots; those of the batch, and those without a channel, are passed over. The batch must be one that no
    other request fits beside where actions are values: who did would be served too.
    """
    form = shares_and_rest if simulation.grants_bands else values_and_order
    return form(simulation, row, selected, order)


def values_and_order(
    simulation: Simulation, row: int, selected: NDArray[np.bool_], order: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Values: 2 for each of the batch, and so little for the others that no sum of theirs outweighs one of it.

    They enter in the order of value over time, so theirs are their times times what falls along the order.
    """
    action = np.full(simulation.slots + 1, -1.0)
    action[-1] = 0.0
    action[: len(selected)][selected] = 1.0
    times_s = times_alone_s(simulation.params, simulation.state, row)
    rest = order[~selected[order] & np.isfinite(times_s[order])]
    if len(rest):
        least = 2.0 / times_s[selected].max() if selected.any() else np.inf
        falling = times_s[rest] * np.arange(len(rest), 0, -1) / len(rest)
        scale = min(BEHIND / falling.sum(), 0.5 * least)
        action[rest] = scale * falling - 1.0
    return action


def shares_and_rest(
    simulation: Simulation, row: int, selected: NDArray[np.bool_], order: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Shares and parts: the least for the batch, and what it leaves of the uplink for the others in their order."""
    rest = shares_of_rest(simulation.params, simulation.state, row, selected, order)
    return shares_beside(simulation, row, selected, rest)


def shares_beside(
    simulation: Simulation, row: int, selected: NDArray[np.bool_], rest: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Shares and parts: the least for a batch, and shares of the uplink for others, which it leaves; (visible,)."""
    params, slots = simulation.params, simulation.slots
    action = shares_for(simulation, row, selected)
    uplink_s = np.where(selected, needs_s(simulation, row)[0], 0.0)
    rest_s = rest * params.uplink_s
    part = params.uplink_s
    if params.flexible_split and (selected.any() or rest_s.any()):
        entry = least_part_entry(params, uplink_s + rest_s, params.nominal_uplink_s)
        action[2 * slots] = min(1.0, entry)
        part = part_s(params, action[2 * slots], params.nominal_uplink_s)
    batch, sends = np.flatnonzero(selected), np.flatnonzero(rest_s > 0.0)
    action[batch] = least_entries(uplink_s[batch], part)
    action[sends] = np.minimum(1.0, 2.0 * rest_s[sends] / part - 1.0)
    return action


@compiled_allocating
def shares_of_rest(
    params: NodeParams, state: NodeState, row: int, selected: NDArray[np.bool_], order: NDArray[np.int64]
) -> NDArray[np.float64]:
    """The share of the uplink with which each slot goes on sending beside a batch, shape (visible,)."""
    rule, batch = rule_of(params), empty_batch()
    for slot in range(len(selected)):
        if selected[slot]:
            batch = with_request(batch, in_slot(state, row, slot))
    left = spare_uplink(rule, params, batch)
    shares = np.zeros(len(selected))
    for k in range(len(order)):
        slot = order[k]
        if not selected[slot] and state.slot_uplink_bits[row, slot] > 0.0:
            shares[slot] = min(left, most_to_send(params, state, row, slot) / state.slot_uplink_bits[row, slot])
            left -= shares[slot]
    return shares


@compiled_allocating
def batch_in_turn(params: NodeParams, state: NodeState, row: int, order: NDArray[np.int64]) -> NDArray[np.bool_]:
    """The batch of slots in an order, each if the batch stays feasible with it, bool over the visible slots."""
    rule, batch = rule_of(params), empty_batch()
    selected = np.zeros(state.visible[row], dtype=np.bool_)
    for k in range(len(order)):
        if state.action_mask[row, order[k]]:
            grown = with_request(batch, in_slot(state, row, order[k]))
            if is_feasible(rule, grown):
                batch = grown
                selected[order[k]] = True
    return selected


@compiled_allocating
def times_alone_s(params: NodeParams, state: NodeState, row: int) -> NDArray[np.float64]:
    """What each visible request takes of the epoch alone (s), infinite without a channel, shape (visible,)."""
    times_s = np.empty(state.visible[row])
    for slot in range(len(times_s)):
        times_s[slot] = alone_s(params, state, row, slot)
    return times_s


def shortest_first(simulation: Simulation, row: int) -> NDArray[np.int64]:
    """The visible slots, those first whose uploads have least to send at today's rate."""
    shown = int(simulation.state.visible[row])
    return np.argsort(simulation.state.slot_uplink_share[row, :shown], kind="stable")
