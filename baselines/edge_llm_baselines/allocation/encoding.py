"""Allocations of the bands as actions of `EdgeLLM/Bandwidth-v0`, in whichever form its rows take them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.dynamics.params import NodeParams
from edge_llm_env.dynamics.simulation import Simulation
from edge_llm_env.dynamics.state import NodeState
from edge_llm_env.envs.bandwidth.shares import batch_granted, part_s, transfer
from edge_llm_env.feasibility.rule import TOLERANCE
from edge_llm_env.support.compilation.compiling import compiled_allocating


def serving(simulation: Simulation, row: int, selected: NDArray[np.bool_]) -> NDArray[np.float64]:
    """The action that serves a batch, bool over the visible slots, with least shares and parts, and nobody else.

    Within an epoch: where uploads carry over, `edge_llm_baselines.allocation.sending` says who goes on sending.
    """
    return (shares_for if simulation.grants_bands else values_for)(simulation, row, selected)


def granting(
    simulation: Simulation, row: int, uplink: NDArray[np.float64], downlink: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The action of shares of both bands, each of shape (visible,), in the scenario's split.

    Where actions are values, it serves whom these shares would. Raises ValueError where uploads carry over and actions
    are values, of which none divides the band so.
    """
    if simulation.params.carries_over and not simulation.grants_bands:
        raise ValueError("action = 'values': must be 'shares' for an allocation of shares where uploads carry over")
    action = granted(simulation, row, uplink, downlink)
    if simulation.grants_bands:
        return action
    params, state = simulation.params, simulation.state
    return values_for(simulation, row, batch_served(params, state, row, action))


@compiled_allocating
def batch_served(params: NodeParams, state: NodeState, row: int, action: NDArray[np.float64]) -> NDArray[np.bool_]:
    """The batch that shares would serve, bool over the visible slots."""
    return batch_granted(params, state, row, transfer(params, state, row, action, 0))


def values_for(simulation: Simulation, row: int, selected: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Values that serve a feasible batch, bool over the visible slots: 0 for its requests, -1 for all others."""
    values = np.full(simulation.slots, -1.0)
    values[: len(selected)][selected] = 0.0
    return values


def shares_for(simulation: Simulation, row: int, selected: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Shares and parts that carry a batch, bool over the visible slots: the least, and none for everyone else."""
    params, slots = simulation.params, simulation.slots
    action = np.full(2 * slots + 2 * params.flexible_split, -1.0)
    wanted = np.flatnonzero(selected)
    for band, needs in enumerate(needs_s(simulation, row)):
        part = (params.uplink_s, params.downlink_s)[band]
        if params.flexible_split and len(wanted):
            nominal_s = (params.nominal_uplink_s, params.nominal_downlink_s)[band]
            entry = least_part_entry(params, needs[wanted], nominal_s)
            action[2 * slots + band] = entry
            part = part_s(params, entry, nominal_s)
        action[band * slots + wanted] = least_entries(needs[wanted], part)
    return action


def granted(
    simulation: Simulation, row: int, uplink: NDArray[np.float64], downlink: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Shares of both bands as entries, with what a request needs carried to the last bit; the scenario's split."""
    params, slots = simulation.params, simulation.slots
    action = np.full(2 * slots + 2 * params.flexible_split, -1.0)
    action[2 * slots :] = 0.0
    bands = zip(needs_s(simulation, row), nominal_parts_s(simulation), (uplink, downlink), strict=True)
    for band, (needs, part, shares) in enumerate(bands):
        entries = 2.0 * shares - 1.0
        enough = (shares >= needs / part) & (shares > 0.0)
        entries[enough] = np.maximum(entries[enough], least_entries(needs[enough], part))
        action[band * slots : band * slots + len(shares)] = entries
    return action


def least_entries(needs_s: NDArray[np.float64], part: float) -> NDArray[np.float64]:
    """The least entries whose shares of a part of the epoch (s) carry those needs (s of the whole band).

    A plain quotient, rounded down, would often carry one bit in 10¹⁶ too little.
    """
    entries = 2.0 * (needs_s / part) - 1.0
    while (short := (1.0 + entries) / 2.0 * part < needs_s).any():  # as `as_share` reads them
        # The next number, or that with the next share: near 0 numbers lie closer together than shares do.
        nearest, next_share = np.nextafter(entries[short], np.inf), np.nextafter(1.0 + entries[short], np.inf) - 1.0
        entries[short] = np.maximum(nearest, next_share)
    return entries


def least_part_entry(params: NodeParams, needs_s: NDArray[np.float64], nominal_s: float) -> float:
    """The entry of the least part of the epoch that carries those needs (s of the whole band), at least one of them.

    With half the tolerance that a batch is accepted with, so that shares which fill the part are not scaled down.
    """
    longest_s = needs_s.max()
    entry = part_entry(max(needs_s.sum() / (1.0 + TOLERANCE / 2), longest_s), nominal_s, params.epoch_s)
    while part_s(params, entry, nominal_s) < longest_s:  # nobody can have more than the whole part
        entry = np.nextafter(entry, np.inf)
    return entry


def part_entry(part: float, nominal_s: float, epoch_s: float) -> float:
    """The entry of a part of the epoch (s) whose scenario has it `nominal_s` long."""
    if part <= nominal_s:
        return part / nominal_s - 1.0
    return (part - nominal_s) / (epoch_s - nominal_s)


def needs_s(simulation: Simulation, row: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Time of the whole uplink and of the whole downlink that each visible request needs (s), infinite if dead."""
    state, params, shown = simulation.state, simulation.params, int(simulation.state.visible[row])
    return (
        state.slot_uplink_share[row, :shown] * params.uplink_s,
        state.slot_downlink_share[row, :shown] * params.downlink_s,
    )


def nominal_parts_s(simulation: Simulation) -> tuple[float, float]:
    """T_U and T_D as the scenario has them (s), which a flexible split may leave."""
    return simulation.params.nominal_uplink_s, simulation.params.nominal_downlink_s
