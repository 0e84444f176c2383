"""The epoch of a row of `ServiceLevel-v0` as a problem."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_llm_baselines.levels.exact.problem import NOBODY, Choice, LevelsProblem
from edge_llm_baselines.solvers.problem import BatchProblem
from edge_llm_env.dynamics.modules import GROUPS, variant_rule
from edge_llm_env.dynamics.params import NodeParams, rule_of
from edge_llm_env.dynamics.settling.variants import delays_after, groups_of
from edge_llm_env.dynamics.simulation import Simulation
from edge_llm_env.dynamics.state import NodeState
from edge_llm_env.envs.service_level.levels import accuracy_at, at_level
from edge_llm_env.envs.service_level.table import LevelTable, table_of
from edge_llm_env.solver.candidates import Candidates
from edge_llm_env.support.calling import direct
from edge_llm_env.support.checking.arguments import checked
from edge_llm_env.support.compilation.compiling import compiled_allocating


class LevelsEpoch(NamedTuple):
    """The present epoch of a row, with modules as they are."""

    problem: LevelsProblem | None
    """None where no group computes, or nobody waits."""
    groups: NDArray[np.int64]
    """(groups of the problem,) which group of modules each is (`edge_llm_env.dynamics.modules.GROUPS`)."""

    def valued(self, factors: NDArray[np.float64]) -> LevelsEpoch:
        """The epoch in which requests are worth so many times as much, (slots,) or more than there are requests."""
        if self.problem is None:
            return self
        factor = np.repeat(factors[: len(self.problem)], self.problem.compressions)
        groups = tuple(replace(group, values=group.values * factor) for group in self.problem.groups)
        return self._replace(problem=LevelsProblem(groups, self.problem.compressions))

    def levels(self, choice: Choice, slots: int) -> NDArray[np.int64]:
        """The levels of a choice, (slots,)."""
        levels = np.zeros(slots, dtype=np.int64)
        served = np.flatnonzero(choice.group_of != NOBODY)
        if self.problem is not None:
            group = self.groups[choice.group_of[served]]
            levels[served] = 1 + group * self.problem.compressions + choice.compression_of[served]
        return levels


@checked
def epoch_of_row(simulation: Simulation, row: int = 0, waits: float = 0.0) -> LevelsEpoch:
    """The epoch of a row of `ServiceLevel-v0`; who can wait for the next one is worth `waits` of its value less.

    Raises ValueError for `waits` below 0, or from 1 on.
    """
    if not 0.0 <= waits < 1.0:
        raise ValueError(f"waits = {waits}: must be at least 0, and below 1")
    simulation.check_row(row, divided=True)
    params, state, table = simulation.params, simulation.state, table_of(simulation.scenario)
    rule, (sizes, ready_s) = rule_of(params), direct(groups_of)(params, state, row)
    delays_s = direct(delays_after)(params.uplink_s, ready_s)
    groups = np.flatnonzero((sizes > 0) & (rule.window_s > delays_s))
    if not len(groups) or not state.visible[row]:
        return LevelsEpoch(None, groups)
    values, columns = direct(offers)(params, state, row, table, groups, delays_s, waits)
    nothing = np.zeros(values.shape[1])
    problems = []
    for at, group in enumerate(groups.tolist()):
        node = variant_rule(rule, params, group // GROUPS, int(sizes[group]), rule.window_s - delays_s[group])
        candidates = Candidates._make((*columns[at], nothing))
        problems.append(BatchProblem(node, candidates, values[at]))
    return LevelsEpoch(LevelsProblem(tuple(problems), len(table.ratio)), groups)


@compiled_allocating
def offers(
    params: NodeParams,
    state: NodeState,
    row: int,
    table: LevelTable,
    groups: NDArray[np.int64],
    delays_s: NDArray[np.float64],
    waits: float,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """What each request is worth to each group at each compression, (groups, n·C), and what it is there: its prompt,
    output, slack, shares of both bands and compressor's time, (groups, 6, n·C). Worth 0 if it is not accurate enough.
    """
    visible, compressions = state.visible[row], len(table.ratio)
    values = np.zeros((len(groups), visible * compressions))
    columns = np.zeros((len(groups), 6, visible * compressions))
    for at in range(len(groups)):
        variant = groups[at] // GROUPS
        for slot in range(visible):
            required = state.accuracy_requirement[row, state.slot_request[row, slot]]
            can_wait = state.slot_compute_s[row, slot] <= state.slot_slack_s[row, slot] - params.epoch_s
            for compression in range(compressions):
                item = slot * compressions + compression
                request = at_level(params, state, row, slot, table, compression, delays_s[groups[at]])
                columns[at, 0, item] = request.prompt_tokens
                columns[at, 1, item] = request.output_tokens
                columns[at, 2, item] = request.slack_s
                columns[at, 3, item] = request.uplink_share
                columns[at, 4, item] = request.downlink_share
                columns[at, 5, item] = request.compute_s
                accuracy = accuracy_at(params, state, row, slot, variant, table, compression)
                if accuracy >= required:
                    worth = accuracy if table.counts_accuracy else 1.0
                    values[at, item] = worth * (1.0 - waits) if can_wait else worth
    return values, columns
