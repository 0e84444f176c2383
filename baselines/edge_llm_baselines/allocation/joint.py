"""The allocation of `EdgeLLM/Joint-v0` that serves most in an epoch: batches, bands, split and modules together."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_llm_baselines.allocation.encoding import shares_for
from edge_llm_baselines.allocation.joint_bound import relaxed
from edge_llm_baselines.allocation.partitions import logits_of, partitions
from edge_llm_baselines.allocation.steering import steering_entries, steering_values
from edge_llm_env.dynamics.cascade import NOBODY, SHARES, TIMES, cascade
from edge_llm_env.dynamics.modules import GROUPS, groups_after_moving, hosted
from edge_llm_env.dynamics.params import NodeParams, rule_of
from edge_llm_env.dynamics.simulation import Simulation
from edge_llm_env.dynamics.state import NodeState
from edge_llm_env.dynamics.values.batch import order_by_value
from edge_llm_env.dynamics.values.cascade import cascade_by_value
from edge_llm_env.support.checking.arguments import checked
from edge_llm_env.support.compilation.compiling import compiled, compiled_allocating

MOST_RELAXATIONS = 10_000
"""Of all partitions together, some seconds of work: where there are many, each has fewer iterations."""


class JointSolution(NamedTuple):
    """An epoch's allocation."""

    counts: NDArray[np.int64]
    """(G,) modules of each variant."""
    server: NDArray[np.int64]
    """(visible,) the group of modules that serves each request, or NOBODY."""
    upper_bound: int
    """No allocation serves more."""

    @property
    def served(self) -> int:
        """Requests that it serves: some allocation does."""
        return int((self.server != NOBODY).sum())

    @property
    def optimal(self) -> bool:
        """Whether no allocation serves more."""
        return self.served == self.upper_bound


class BestJoint:
    """The composition of the oracles: over all partitions of the modules, exact batches with least shares and parts.

    For each partition the batches are those of the cascade of `Compute-v0`, first with equal values and then with
    values that steer each request to the group of modules which a Lagrangian relaxation of "served at most once" puts
    it on; where actions are values, those on these groups come first, and what the environment then serves is what
    counts. The relaxation also bounds what any assignment of requests to variants could serve with that partition. So
    the result is the optimum over partitions, assignments, batches, shares and splits of the epoch wherever `optimal`
    says so: where the least `upper_bound` is met. The bound lets every group have all of the bands, and where the split
    is flexible it lets each wait for the longer of its own uplink and its loading, while the batches that are tried
    wait for one after the other. So it may not be met where several groups are short of band, or a module moves under a
    flexible split. It holds for `node.batch_selection` exact, and does not look beyond the epoch.

    `iterations` of the relaxation per partition, fewer where that would be more than `MOST_RELAXATIONS` in all, so that
    it always ends with a bound in seconds. Raises ValueError for less than one.
    """

    @checked
    def __init__(self, iterations: int = 40) -> None:
        if iterations < 1:
            raise ValueError(f"iterations = {iterations}: must be at least 1")
        self.iterations = iterations

    @checked
    def solve(self, simulation: Simulation, row: int) -> JointSolution:
        """The best allocation found for a row's epoch, and the bound."""
        simulation.check_row(row, divided=True)
        params, state = simulation.params, simulation.state
        choices = partitions(params.modules, len(params.variant_accuracy))
        present = [hosted(state, row, variant) for variant in range(choices.shape[1])]
        # Between equals the first wins, so the present partition, and those near it, come first.
        order = np.argsort(np.abs(choices - present).sum(axis=1), kind="stable")
        by_value = not simulation.grants_bands
        iterations = min(self.iterations, max(1, MOST_RELAXATIONS // len(choices)))
        choice, server, bound = best_joint(params, state, row, choices[order], iterations, by_value)
        return JointSolution(choices[order][choice], server, int(bound))

    @checked
    def action(self, simulation: Simulation, row: int) -> NDArray[np.float64]:
        """The action that does it."""
        return self.action_of(self.solve(simulation, row), simulation, row)

    @staticmethod
    @checked
    def action_of(solution: JointSolution, simulation: Simulation, row: int) -> NDArray[np.float64]:
        """The action that does what `solve` found for a row."""
        simulation.check_row(row, divided=True)
        logits, groups = logits_of(solution.counts), len(solution.counts) * GROUPS
        entries = np.full(simulation.slots, -1.0)
        if not simulation.grants_bands:
            entries[: len(solution.server)] = steering_entries(
                simulation.params, simulation.state, row, solution.server, groups
            )
            return np.concatenate([entries, logits])
        served = solution.server != NOBODY
        entries[: len(served)][served] = 2.0 * steering_values(solution.server, groups)[served] - 1.0
        return np.concatenate([entries, shares_for(simulation, row, served), logits])


@compiled_allocating
def placed(
    params: NodeParams,
    state: NodeState,
    row: int,
    wanted: NDArray[np.int64],
    sizes: NDArray[np.int64],
    ready_s: NDArray[np.float64],
) -> NDArray[np.int64]:
    """Who serves whom at the entries that steer requests to the `wanted` groups."""
    entries = steering_entries(params, state, row, wanted, len(sizes))
    order, _ = order_by_value(params, state, row, entries)
    return cascade_by_value(rule_of(params), params, state, row, order, entries, sizes, ready_s)


@compiled_allocating
def best_joint(
    params: NodeParams, state: NodeState, row: int, choices: NDArray[np.int64], iterations: int, by_value: bool
) -> tuple[int, NDArray[np.int64], int]:
    """Index of the best of the partitions (P, G), who serves whom with it, and the bound over all partitions.

    With `by_value` what counts is what the environment serves at the entries that steer to what was found.
    """
    rule = rule_of(params)
    visible, groups = state.visible[row], choices.shape[1] * GROUPS
    transfers = TIMES if params.flexible_split else SHARES
    overlap_s = 0.0 if params.flexible_split else params.uplink_s
    ready_s, delays_s = np.zeros((len(choices), groups)), np.zeros((len(choices), groups))
    sizes = np.zeros((len(choices), groups), dtype=np.int64)
    best, most, server = 0, -1, np.full(visible, NOBODY)
    for choice in range(len(choices)):
        groups_after_moving(params, state, row, choices[choice], sizes[choice], ready_s[choice])
        for group in range(groups):
            delays_s[choice, group] = max(0.0, ready_s[choice, group] - overlap_s)
        modules, delay = sizes[choice], delays_s[choice]
        found = cascade(rule, params, state, row, np.ones(visible), modules, delay, rule.window_s, 0.0, transfers)
        if by_value:
            found = placed(params, state, row, found, modules, ready_s[choice])
        if served(found) > most:
            best, most, server = choice, served(found), found
    bound = 0
    prices = np.zeros(visible)  # a bound at any prices: those of one partition are a good start for the next
    for choice in range(len(choices)):
        modules, delay = sizes[choice], delays_s[choice]
        least = float(visible)
        for _ in range(iterations):
            if math.floor(least + 1e-6) <= most:
                break
            times = np.zeros(visible, dtype=np.int64)
            wanted = np.full(visible, NOBODY)
            value = relaxed(rule, params, state, row, modules, delay, prices, times, wanted)
            least = min(least, value)
            steered = steering_values(wanted, groups)
            found = cascade(rule, params, state, row, steered, modules, delay, rule.window_s, 0.0, transfers)
            if by_value:
                found = placed(params, state, row, found, modules, ready_s[choice])
            if served(found) > most:
                best, most, server = choice, served(found), found
            length = 0.0
            for i in range(visible):
                length += (times[i] - 1.0) ** 2 if times[i] > 1 or prices[i] > 0.0 else 0.0
            if length == 0.0:
                break
            step = (value - most) / length
            for i in range(visible):
                prices[i] = min(1.0, max(0.0, prices[i] + step * (times[i] - 1.0)))
        bound = max(bound, math.floor(least + 1e-6))
    return best, server, max(bound, most)


@compiled
def served(server: NDArray[np.int64]) -> int:
    """How many requests some group serves."""
    count = 0
    for slot in range(len(server)):
        count += server[slot] != NOBODY
    return count
