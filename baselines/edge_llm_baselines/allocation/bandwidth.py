"""Allocations for `EdgeLLM/Bandwidth-v0`: the exact one, and the simple ones of the field."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_llm_baselines.allocation.encoding import granting, needs_s, nominal_parts_s, serving
from edge_llm_baselines.allocation.sending import sending, shortest_first
from edge_llm_baselines.solvers.branch_and_bound import BranchAndBound
from edge_llm_baselines.solvers.problem import BatchProblem, Solver
from edge_llm_env.dynamics.params import rule_of
from edge_llm_env.dynamics.simulation import Simulation
from edge_llm_env.dynamics.values.batch import batch_by_value, order_by_value
from edge_llm_env.support.checking.arguments import checked


class MinimumShares:
    """The optimum of the epoch: the best batch, each request with the least share that carries it, and the best split.

    Where the split is fixed, a batch can be transferred if and only if its least shares fit both bands, so the exact
    batch with least shares is optimal. Where it is flexible, the least parts that a batch needs, U = Σ bits_i / R_i and
    D likewise, are the best split for it: any longer part only takes time from computing. So no split between those of
    batches can be better than all of them, and one exact solve in which each request's transfers cost their time finds
    the best (`edge_llm_env.dynamics.epoch.transfer_time_s`).

    Where uploads carry over, that is most uploads completed now; the uplink that they leave goes to the others, those
    first that have least left to send at today's rate.

    `solver` solves that problem; `BranchAndBound` by default.
    """

    @checked
    def __init__(self, solver: Solver | None = None) -> None:
        self.solver = solver or BranchAndBound()

    @checked
    def action(self, simulation: Simulation, row: int) -> NDArray[np.float64]:
        """The action that serves the best batch of a row with least shares, and nobody else."""
        selected = self.solver.solve(BatchProblem.of_row(simulation, row)).selected
        if simulation.params.carries_over:
            return sending(simulation, row, selected, shortest_first(simulation, row))
        return serving(simulation, row, selected)


class EqualShare:
    """Every visible request has the same share of each band; the split is the scenario's."""

    def action(self, simulation: Simulation, row: int) -> NDArray[np.float64]:
        """Shares 1/k each of k requests."""
        size = int(simulation.state.visible[row])
        return granting(simulation, row, *[np.full(size, 1.0 / max(1, size))] * 2)


class EqualFinishingTime:
    """Shares in proportion to bits/rate, so that all transfers of a band finish together.

    Given to the requests in order of arrival for as long as all of these finish in time in both bands, since beyond
    that nobody would; the split is the scenario's.
    """

    def action(self, simulation: Simulation, row: int) -> NDArray[np.float64]:
        """Shares in proportion to need, that fill each band."""
        parts_s = nominal_parts_s(simulation)
        shares = [needs / part_s for needs, part_s in zip(needs_s(simulation, row), parts_s, strict=True)]
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
        return granting(simulation, row, *scaled)


class WaterFilling:
    """The same level of share for every request, but no more than it needs (max-min fairness); the split is the
    scenario's.
    """

    def action(self, simulation: Simulation, row: int) -> NDArray[np.float64]:
        """Shares min(need, level), the level such that a band is full or everyone has what it needs."""
        parts_s = nominal_parts_s(simulation)
        needs = needs_s(simulation, row)
        shares = [band / part_s for band, part_s in zip(needs, parts_s, strict=True)]
        return granting(simulation, row, *map(water_filled, shares))


def water_filled(needs: NDArray[np.float64]) -> NDArray[np.float64]:
    """min(need, level) of each, at the highest level at which they sum to at most 1."""
    shares = np.zeros(len(needs))
    left = 1.0
    for at, i in enumerate(np.argsort(needs, kind="stable")):
        shares[i] = min(needs[i], left / (len(needs) - at))
        left -= shares[i]
    return shares


class EqualValues:
    """Every request is worth the same: what the action 0 serves, with least shares."""

    def action(self, simulation: Simulation, row: int) -> NDArray[np.float64]:
        """The action that serves them."""
        params, state, values = simulation.params, simulation.state, np.zeros(simulation.slots)
        selected, _ = batch_by_value(rule_of(params), params, state, row, values)
        if params.carries_over:
            return sending(simulation, row, selected, order_by_value(params, state, row, values)[0])
        return serving(simulation, row, selected)
