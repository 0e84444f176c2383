"""Ways to divide a node's modules among its variants for `EdgeLLM/Compute-v0`: the exact one, and simple ones."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_llm_baselines.allocation.playing import served_by_allocation
from edge_llm_env.dynamics.cascade import NOBODY, SHARES, accurate_enough, cascade
from edge_llm_env.dynamics.modules import GROUPS, groups_after_moving, hosted
from edge_llm_env.dynamics.params import NodeParams, rule_of
from edge_llm_env.dynamics.simulation import Simulation
from edge_llm_env.dynamics.state import NodeState
from edge_llm_env.dynamics.values.partition import LOGIT_SCALE, whole_modules
from edge_llm_env.envs.suite import COMPUTE
from edge_llm_env.scenarios.schema import Scenario
from edge_llm_env.support.checking.arguments import checked
from edge_llm_env.support.compilation.compiling import compiled_allocating
from edge_llm_env.workload.workload import Workload

PARTITION_EPISODES = 5
"""Workloads that the best fixed partition is chosen on."""


def partitions(modules: int, variants: int) -> NDArray[np.int64]:
    """All ways to give all of the modules to variants, int64 of shape (C(M + G - 1, G - 1), G)."""
    return np.array(list(_compositions(modules, variants)), dtype=np.int64).reshape(-1, variants)


def _compositions(modules: int, variants: int) -> Iterator[list[int]]:
    for bars in combinations(range(modules + variants - 1), variants - 1):
        yield [bar - before - 1 for before, bar in zip((-1, *bars), (*bars, modules + variants - 1), strict=True)]


def logits_of(weights: NDArray[Any], scale: float = LOGIT_SCALE) -> NDArray[np.float64]:
    """The action of `Compute-v0` that divides all modules in proportion to weights ≥ 0, (..., G), as counts are.

    The largest weight has entry 1, and where nobody has any all entries are -1. `scale` is that of the logits: an
    entry a weighs exp(scale·a) - exp(-scale).
    """
    least = math.exp(-scale)
    most = np.maximum(weights.max(axis=-1, keepdims=True), np.finfo(np.float64).tiny)
    logits = np.log(weights / most * (math.exp(scale) - least) + least) / scale
    return np.asarray(np.clip(logits, -1.0, 1.0))


class BestPartition:
    """The optimum of the epoch in `Compute-v0`: the partition whose batches serve most, of all C(M + G - 1, G - 1).

    Each partition is judged by what the environment would do with it, switching cost and routing included: a module
    that moves loads weights, and the variants compute their exact batches from the cheapest on. So it is the optimum
    over the actions of the environment within the epoch; it is not that over all ways to assign requests to variants,
    which the environment does not offer, and it does not look beyond the epoch. Between equals the present partition
    wins, then the one with fewest modules that move.
    """

    def __init__(self) -> None:
        self._partitions: dict[tuple[int, int], NDArray[np.int64]] = {}

    @checked
    def action(self, simulation: Simulation, row: int) -> NDArray[np.float64]:
        """Logits of the modules, of shape (G,)."""
        counts, _ = self.best(simulation, row)
        return logits_of(counts)

    @checked
    def best(self, simulation: Simulation, row: int) -> tuple[NDArray[np.int64], int]:
        """The partition, int64 of shape (G,), and how many requests it serves."""
        simulation.check_row(row, divided=True)
        params = simulation.params
        shape = params.modules, len(params.variant_accuracy)
        if shape not in self._partitions:
            self._partitions[shape] = partitions(*shape)
        best, served = best_partition(params, simulation.state, row, self._partitions[shape])
        return self._partitions[shape][best], int(served)


@compiled_allocating
def best_partition(params: NodeParams, state: NodeState, row: int, choices: NDArray[np.int64]) -> tuple[int, int]:
    """Index of the best of the partitions, (P, G), for a row's epoch, and what it serves."""
    rule = rule_of(params)
    variants = choices.shape[1]
    values = np.ones(state.visible[row])
    now = np.empty(variants, dtype=np.int64)
    for variant in range(variants):
        now[variant] = hosted(state, row, variant)
    best, most, fewest_moves = 0, -1, 0
    sizes, delays_s = np.zeros(variants * GROUPS, dtype=np.int64), np.zeros(variants * GROUPS)
    for choice in range(len(choices)):
        counts = choices[choice]
        moves = 0
        for variant in range(variants):
            moves += abs(counts[variant] - now[variant])
        groups_after_moving(params, state, row, counts, sizes, delays_s)
        for group in range(len(delays_s)):
            delays_s[group] = max(0.0, delays_s[group] - params.uplink_s)
        server = cascade(rule, params, state, row, values, sizes, delays_s, rule.window_s, 0.0, SHARES)
        served = 0
        for slot in range(len(server)):
            served += server[slot] != NOBODY
        if served > most or (served == most and moves < fewest_moves):
            best, most, fewest_moves = choice, served, moves
    return best, most


class FixedPartition:
    """The same partition in every epoch: shares of the modules, of shape (G,)."""

    def __init__(self, shares: NDArray[np.float64]) -> None:
        self.shares = np.asarray(shares, dtype=np.float64)

    def action(self, simulation: Simulation, row: int) -> NDArray[np.float64]:
        """Logits of the modules, of shape (G,)."""
        return logits_of(whole_modules(self.shares, simulation.params.modules))


class ProportionalToDemand:
    """Modules in proportion to the compute time that the visible requests ask of each variant.

    A request asks it of the cheapest variant that is accurate enough. Without requests the modules stay as they are.
    """

    def action(self, simulation: Simulation, row: int) -> NDArray[np.float64]:
        """Logits of the modules, of shape (G,)."""
        demand_s = np.zeros(len(simulation.params.variant_accuracy))
        add_demand(simulation.params, simulation.state, row, demand_s)
        if demand_s.sum() > 0.0:
            return logits_of(whole_modules(demand_s, simulation.params.modules))
        return logits_of(np.array([hosted(simulation.state, row, variant) for variant in range(len(demand_s))]))


@compiled_allocating
def add_demand(params: NodeParams, state: NodeState, row: int, demand_s: NDArray[np.float64]) -> None:
    """Add the compute time alone of each visible request (s) to the cheapest variant that is accurate enough."""
    for slot in range(state.visible[row]):
        for variant in range(len(demand_s)):
            if accurate_enough(params, state, row, slot, variant):
                demand_s[variant] += state.slot_compute_s[row, slot]
                break


def best_fixed_partition(scenario: Scenario, workloads: Sequence[Workload]) -> FixedPartition:
    """The partition of all modules that serves most on the workloads when it never changes.

    Raises ValueError for no workload.
    """
    modules = scenario.node.modules
    choices = [FixedPartition(counts / modules) for counts in partitions(modules, len(scenario.variants))]
    served = [served_by_allocation(COMPUTE, choice, scenario, workloads).sum() for choice in choices]
    return choices[int(np.argmax(served))]
