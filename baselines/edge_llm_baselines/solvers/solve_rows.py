"""The epoch problems of all rows of a simulation, solved in one compiled loop over rows."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_llm_baselines.solvers.problem import check_values
from edge_llm_env.dynamics.params import NodeParams, rule_of
from edge_llm_env.dynamics.simulation import Simulation
from edge_llm_env.dynamics.slots import candidates_of_row
from edge_llm_env.dynamics.state import NodeState
from edge_llm_env.feasibility.rule import Rule
from edge_llm_env.solver.best_first import best_batch
from edge_llm_env.support.compilation.compiling import compiled_allocating
from edge_llm_env.support.sharing import next_rows, share_rows
from edge_llm_env.task_dynamics.calls import rule_of_row
from edge_llm_env.task_dynamics.params import TaskParams
from edge_llm_env.task_dynamics.simulation import TaskSimulation
from edge_llm_env.task_dynamics.state import TaskState

ROWS_PER_THREAD = 8
"""Least number of rows that are worth waking a thread for."""


class RowSolutions(NamedTuple):
    """A batch for each row."""

    selected: NDArray[np.bool_]
    """(rows, slots); false where a slot is not in use."""
    value: NDArray[np.float64]
    """(rows,) Σ v_i over each batch."""
    optimal: NDArray[np.bool_]
    """(rows,) whether no batch of the row is worth more."""
    upper_bound: NDArray[np.float64]
    """(rows,) no batch of the row is worth more than this."""
    nodes: NDArray[np.int64]
    """(rows,) search nodes visited."""


def solve_rows(simulation: Simulation, values: NDArray[np.float64] | None, most_nodes: int) -> RowSolutions:
    """The best batch of each row, by at most that many nodes; rows are shared among threads when there are many."""
    values = checked_values(simulation, values)
    solutions = no_solutions(*values.shape)
    kernel = fill_rows_of_calls if isinstance(simulation, TaskSimulation) else fill_rows
    share_rows(kernel, len(values), ROWS_PER_THREAD, simulation.params, simulation.state, values, most_nodes, solutions)
    return solutions


def no_solutions(rows: int, slots: int) -> RowSolutions:
    """Room for the solutions of so many rows."""
    return RowSolutions(
        np.zeros((rows, slots), dtype=np.bool_),
        np.zeros(rows),
        np.zeros(rows, dtype=np.bool_),
        np.zeros(rows),
        np.zeros(rows, dtype=np.int64),
    )


def checked_values(simulation: Simulation, values: NDArray[np.float64] | None) -> NDArray[np.float64]:
    """Values of shape (rows, slots), ones if none are given; ValueError if they cannot be, as `BatchProblem` says."""
    shape = simulation.state.slot_slack_s.shape
    if values is None:
        return np.ones(shape)
    values = np.ascontiguousarray(values, dtype=np.float64)
    if values.shape != shape:
        raise ValueError(f"values has shape {values.shape}: must be {shape}, one entry per row and slot")
    if not np.isfinite(values).all() or (values < 0.0).any():
        raise ValueError("values: every entry must be finite and at least 0")
    check_values(values)
    return values


@compiled_allocating
def fill_rows(
    params: NodeParams,
    state: NodeState,
    values: NDArray[np.float64],
    most_nodes: int,
    solutions: RowSolutions,
    turns: NDArray[np.int64],
    thread: int,
) -> None:
    """Write the solutions of the rows that are the thread's."""
    first, last = next_rows(turns, thread)
    while first < last:
        for row in range(first, last):
            fill_row(rule_of(params), state, row, values, most_nodes, solutions)
        first, last = next_rows(turns, thread)


@compiled_allocating
def fill_rows_of_calls(
    params: TaskParams,
    state: TaskState,
    values: NDArray[np.float64],
    most_nodes: int,
    solutions: RowSolutions,
    turns: NDArray[np.int64],
    thread: int,
) -> None:
    """The same where requests are calls of tasks: caches that are kept leave each row a memory of its own."""
    first, last = next_rows(turns, thread)
    while first < last:
        for row in range(first, last):
            fill_row(rule_of_row(params, state, row), state, row, values, most_nodes, solutions)
        first, last = next_rows(turns, thread)


@compiled_allocating
def fill_row(
    rule: Rule,
    state: NodeState,
    row: int,
    values: NDArray[np.float64],
    most_nodes: int,
    solutions: RowSolutions,
) -> None:
    """Write the solution of one row: its epoch problem under its rule, as `BatchProblem.of_row` has it."""
    shown = state.visible[row]
    candidates = candidates_of_row(state, row)
    worth = values[row, :shown].copy()
    selected, nodes, bound, finished = best_batch(rule, candidates, worth, most_nodes, most_nodes)
    value = 0.0
    for i in range(shown):
        solutions.selected[row, i] = selected[i]
        if selected[i]:
            value += worth[i]
    solutions.value[row] = value
    solutions.optimal[row] = finished
    solutions.upper_bound[row] = value if finished else max(value, bound)
    solutions.nodes[row] = nodes
