"""Allocations for `EdgeLLM/Bandwidth-v0`: the exact one, and the simple ones of the field."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_llm_baselines.solvers.branch_and_bound import BranchAndBound
from edge_llm_baselines.solvers.problem import BatchProblem, Solver
from edge_llm_env.dynamics.simulation import Simulation
from edge_llm_env.feasibility.rule import TOLERANCE


class MinimumShares:
    """The optimum of the epoch: the best batch, each request with the least share that carries it, and the best split.

    Where the split is fixed, a batch can be transferred if and only if its least shares fit both bands, so the exact
    batch with least shares is optimal. Where it is flexible, the least parts that a batch needs, U = Σ bits_i / R_i and
    D likewise, are the best split for it: any longer part only takes time from computing. So no split between those of
    batches can be better than all of them, and one exact solve in which each request's transfers cost their time finds
    the best (`edge_llm_env.dynamics.epoch.transfer_time_s`).

    `solver` solves that problem; `BranchAndBound` by default.
    """

    def __init__(self, solver: Solver | None = None) -> None:
        self.solver = solver or BranchAndBound()

    def action(self, simulation: Simulation, row: int) -> NDArray[np.float64]:
        """Least shares for the best batch of a row; 0 for everyone else."""
        return shares_for(simulation, row, self.solver.solve(BatchProblem.of_row(simulation, row)).selected)


def shares_for(simulation: Simulation, row: int, selected: NDArray[np.bool_]) -> NDArray[np.float64]:
    """The action that transfers a batch, bool over the visible slots, with least shares and parts."""
    params, slots = simulation.params, simulation.slots
    action = np.zeros(2 * slots + 2 * params.flexible_split)
    for band, needs in enumerate(needs_s(simulation, row)):
        part_s = (params.uplink_s, params.downlink_s)[band]
        wanted = np.flatnonzero(selected)
        if params.flexible_split and len(wanted):
            # Half the tolerance that the batch was accepted with: shares that fill the part are not scaled down for it.
            action[2 * slots + band] = needs[wanted].sum() / (1.0 + TOLERANCE / 2) / params.epoch_s
            part_s = action[2 * slots + band] * params.epoch_s
        action[band * slots + wanted] = least_shares(needs[wanted], part_s)
    return action


def least_shares(needs_s: NDArray[np.float64], part_s: float) -> NDArray[np.float64]:
    """The least shares of a part of the epoch (s) that carry those needs (s of the whole band).

    A plain quotient, rounded down, would often carry one bit in 10¹⁶ too little.
    """
    shares = needs_s / part_s
    while (short := shares * part_s < needs_s).any():
        shares[short] = np.nextafter(shares[short], np.inf)
    return shares


def needs_s(simulation: Simulation, row: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Time of the whole uplink and of the whole downlink that each visible request needs (s), infinite if dead."""
    state, params, shown = simulation.state, simulation.params, int(simulation.state.visible[row])
    return (
        state.slot_uplink_share[row, :shown] * params.uplink_s,
        state.slot_downlink_share[row, :shown] * params.downlink_s,
    )


class EqualShare:
    """Every visible request has the same share of each band; the split is the scenario's."""

    def action(self, simulation: Simulation, row: int) -> NDArray[np.float64]:
        """Shares 1/k each of k requests."""
        size = int(simulation.state.visible[row])
        return _with_nominal_split(simulation, *[np.full(size, 1.0 / max(1, size))] * 2)


class EqualFinishingTime:
    """Shares in proportion to bits/rate, so that all transfers of a band finish together.

    Given to the requests in order of arrival for as long as all of these finish in time in both bands, since beyond
    that nobody would; the split is the scenario's.
    """

    def action(self, simulation: Simulation, row: int) -> NDArray[np.float64]:
        """Shares in proportion to need, that fill each band."""
        parts_s = nominal_parts_s(simulation)
        shares = [least_shares(needs, part_s) for needs, part_s in zip(needs_s(simulation, row), parts_s, strict=True)]
        transferred = np.zeros(len(shares[0]), dtype=np.bool_)
        used = np.zeros(2)
        for i, share in enumerate(zip(*shares, strict=True)):
            if (used + share <= 1.0).all():
                used += share
                transferred[i] = True
        scaled = [
            np.divide(share, total, out=np.zeros(len(share)), where=transferred)
            for share, total in zip(shares, used, strict=True)
        ]
        return _with_nominal_split(simulation, *scaled)


class WaterFilling:
    """The same level of share for every request, but no more than it needs (max-min fairness); the split is the
    scenario's.
    """

    def action(self, simulation: Simulation, row: int) -> NDArray[np.float64]:
        """Shares min(need, level), the level such that a band is full or everyone has what it needs."""
        parts_s = nominal_parts_s(simulation)
        needs = needs_s(simulation, row)
        shares = [least_shares(band, part_s) for band, part_s in zip(needs, parts_s, strict=True)]
        return _with_nominal_split(simulation, *map(water_filled, shares))


def water_filled(needs: NDArray[np.float64]) -> NDArray[np.float64]:
    """min(need, level) of each, at the highest level at which they sum to at most 1."""
    shares = np.zeros(len(needs))
    left = 1.0
    for at, i in enumerate(np.argsort(needs, kind="stable")):
        shares[i] = min(needs[i], left / (len(needs) - at))
        left -= shares[i]
    return shares


def nominal_parts_s(simulation: Simulation) -> tuple[float, float]:
    """T_U and T_D as the scenario has them (s), which a flexible split may leave; to the bit that an action gets."""
    epoch = simulation.scenario.epoch
    if not simulation.params.flexible_split:
        return epoch.uplink_s, epoch.downlink_s
    return epoch.uplink_s / epoch.epoch_s * epoch.epoch_s, epoch.downlink_s / epoch.epoch_s * epoch.epoch_s


def _with_nominal_split(
    simulation: Simulation, uplink: NDArray[np.float64], downlink: NDArray[np.float64]
) -> NDArray[np.float64]:
    params, slots = simulation.params, simulation.slots
    action = np.zeros(2 * slots + 2 * params.flexible_split)
    action[: len(uplink)] = uplink
    action[slots : slots + len(downlink)] = downlink
    if params.flexible_split:
        action[2 * slots :] = np.array(nominal_parts_s(simulation)) / params.epoch_s
    return action
