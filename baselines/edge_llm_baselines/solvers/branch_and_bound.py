"""`BranchAndBound`: the most valuable feasible batch, exactly, and fast enough to sit inside a training loop."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from edge_llm_baselines.solvers.problem import BatchProblem, Solution, check_limits
from edge_llm_baselines.solvers.solve_rows import RowSolutions, checked_values, no_solutions, solve_rows
from edge_llm_env.dynamics.simulation import Simulation
from edge_llm_env.solver.best_first import advance, begin_heap, best_batch, outcome
from edge_llm_env.solver.search_state import NODES, begin_search, default_node_limit
from edge_llm_env.support.checking.arguments import checked

NODES_BETWEEN_LOOKS = 256
"""Nodes between two looks at the clock, and at what the interpreter wants: an interrupt from the keyboard."""

NODES_IN_ONE_CALL = 2**15
"""Most nodes that are visited in one call of compiled code, some tenths of a second; rarely is a problem so hard."""


ROUNDED_UP = 1.0 + 4.0 * np.finfo(float).eps
"""A bound times this is one in spite of its own rounding."""


class BranchAndBound:
    """The most valuable feasible batch, of any values, any padding, both output-length modes and any affine cost.

    1. Longest lengths and the slack threshold are searched in boxes (`edge_llm_env.solver.boxes`), highest bound
       first; whole ranges of them are dropped by one bound, or cut off a box by its prices
       (`edge_llm_env.solver.narrowing`).
    2. Bounds come from the linear relaxation over all four capacities at once
       (`edge_llm_env.solver.linear_programme.relaxation`).
    3. A single triple of them is a knapsack, searched request by request (`edge_llm_env.solver.item_search`), for
       batches close to its bound first.

    4. Where that takes more than a thousand nodes, values are nearly proportional to costs or requests repeat; then a
       dynamic programme over the few requests that prices leave open decides (`edge_llm_env.solver.core_search`).

    A batch is accepted only if the one feasibility rule accepts it. Values that are whole multiples of one number are
    compared exactly, as long as n times their sum is less than 10¹⁵ of it; others that differ by less than one part in
    10¹⁰ count as equal. `nodes` counts boxes bounded, requests branched on and lots of 64 states.

    The search stops after `node_limit` nodes, some seconds of work unless given
    (`edge_llm_env.solver.search_state.default_node_limit`), or with `time_limit_s` after that time, and then has only
    the nodes that are asked for. Where it stops, it has the best batch found, `optimal=False` and a valid
    `upper_bound`.

    Raises ValueError for a limit that is not positive.
    """

    @checked
    def __init__(self, node_limit: int | None = None, time_limit_s: float | None = None) -> None:
        check_limits(node_limit, time_limit_s)
        self.node_limit = node_limit
        self.time_limit_s = time_limit_s

    @checked
    def solve(self, problem: BatchProblem) -> Solution:
        """The optimum, or the best found within the limits."""
        most_nodes = self._most_nodes(len(problem))
        if self.time_limit_s is None:
            selected, nodes, bound, finished = best_batch(
                problem.rule, problem.candidates, problem.values, most_nodes, min(most_nodes, NODES_IN_ONE_CALL)
            )
            if not finished and most_nodes > NODES_IN_ONE_CALL:
                selected, nodes, bound, finished = self._until(np.inf, problem, most_nodes)
        else:
            selected, nodes, bound, finished = self._until(time.perf_counter() + self.time_limit_s, problem, most_nodes)
        value = problem.value(selected)
        return Solution(selected, value, nodes, finished, value if finished else max(value, bound * ROUNDED_UP))

    @checked
    def solve_many(self, simulation: Simulation, values: NDArray[np.float64] | None = None) -> RowSolutions:
        """The epoch problems of all rows of a simulation, shared among threads when there are many.

        `values`, float of shape (rows, slots), is what the request in each slot is worth; 1 if not given. The node
        limit holds for each row; with a time limit, which also holds for each, rows are solved one after another.

        Raises ValueError for values of another shape, negative or not finite.
        """
        most_nodes = self._most_nodes(simulation.state.slot_slack_s.shape[1])
        if self.time_limit_s is None:
            return solve_rows(simulation, values, most_nodes)
        worth = checked_values(simulation, values)
        solutions = no_solutions(*worth.shape)
        for row in range(len(worth)):
            problem = BatchProblem.of_row(simulation, row)
            solution = self.solve(replace(problem, values=worth[row, : len(problem)].copy()))
            solutions.selected[row, : len(problem)] = solution.selected
            solutions.value[row], solutions.optimal[row] = solution.value, solution.optimal
            solutions.upper_bound[row], solutions.nodes[row] = solution.upper_bound, solution.nodes
        return solutions

    def _most_nodes(self, requests: int) -> int:
        """The limit in nodes of a problem of so many requests."""
        if self.node_limit is not None:
            return self.node_limit
        return default_node_limit(requests) if self.time_limit_s is None else int(np.iinfo(np.int64).max)

    def _until(
        self, deadline_s: float, problem: BatchProblem, most_nodes: int
    ) -> tuple[NDArray[np.bool_], int, float, bool]:
        """`best_batch` from the beginning, in slices with a look at the clock between them."""
        rule, candidates = problem.rule, problem.candidates
        search = begin_search(rule, candidates, problem.values, most_nodes)
        heap = begin_heap(rule, candidates, search)
        finished = False
        while not finished and (done := int(search.counts[NODES])) < most_nodes:
            slice_end = min(most_nodes, done + NODES_BETWEEN_LOOKS)
            heap, finished = advance(rule, candidates, search, heap, slice_end)
            if time.perf_counter() >= deadline_s or search.counts[NODES] == done:
                break
        return outcome(search, heap, problem.values, finished)
