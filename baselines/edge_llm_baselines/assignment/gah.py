"""GAH: the recursive half-approximation of several nodes, by a solver of one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_llm_baselines.assignment.columns.pricing import NEGLIGIBLE
from edge_llm_baselines.assignment.problem import NOBODY, Assignment, SeveralNodes
from edge_llm_baselines.solvers.branch_and_bound import BranchAndBound
from edge_llm_baselines.solvers.dftsp import DFTSP
from edge_llm_baselines.solvers.problem import BatchProblem, Solver
from edge_llm_env.solver.candidates import Candidates
from edge_llm_env.support.checking.arguments import checked


class GAH:
    """Node after node, the most valuable batch at what requests are worth there beyond where they are assigned now.

    The local-ratio scheme for generalised assignment (R. Cohen, L. Katzir and D. Raz, "An efficient approximation for
    the generalized assignment problem", Information Processing Letters 100(4), 2006): a request that a later node takes
    leaves the earlier one. With an exact solver of one node, `BranchAndBound` unless another is given, the value is at
    least half of the optimum. Where requests are worth the same at all nodes it is sequential: the first node chooses
    among all, the next among the rest. A node is only shown requests that are worth more to it than where they are.

    It does not claim to be `optimal`; `upper_bound` is twice the value where all nodes were solved exactly, or what all
    requests are worth where that is less.
    """

    @checked
    def __init__(self, solver: Solver | None = None) -> None:
        self.solver: Solver = BranchAndBound() if solver is None else solver

    @checked
    def solve(self, problem: SeveralNodes) -> Assignment:
        """An assignment worth at least half of the optimum."""
        found = in_turn(problem, self.solver, range(len(problem.nodes)))
        value = problem.value(found.node_of)
        most = float(problem.worth.max(axis=0).sum())
        return Assignment(found.node_of, value, found.searched, False, min(2.0 * value, most) if found.exact else most)


def ot_gah() -> GAH:
    """OT-GAH (IEEE Transactions on Wireless Communications 24(1), 2025, 643-658): `GAH` by the tree search `DFTSP`.

    That counts requests, so each must be worth the same wherever it can be served.
    """
    return GAH(DFTSP())


class InTurn(NamedTuple):
    """What nodes choose one after the other."""

    node_of: NDArray[np.int64]
    """(n,) the node of each request, or NOBODY."""
    searched: int
    """Nodes visited by the solver."""
    exact: bool
    """Whether every node's batch is known to be the best."""


def in_turn(problem: SeveralNodes, solver: Solver, order: Sequence[int]) -> InTurn:
    """The assignment of `GAH` when nodes choose in an order."""
    node_of, worth = np.full(len(problem), NOBODY, dtype=np.int64), np.zeros(len(problem))
    searched, exact = 0, True
    for at in order:
        node = problem.nodes[at]
        gain = problem.worth[at] - worth
        among = np.flatnonzero(gain > NEGLIGIBLE * gain.max(initial=0.0))
        if len(among) > 0:
            solution = solver.solve(restricted(node, among, gain[among]))
            searched, exact = searched + solution.nodes, exact and solution.optimal
            taken = among[solution.selected]
            node_of[taken], worth[taken] = at, problem.worth[at, taken]
    return InTurn(node_of, searched, exact)


def restricted(problem: BatchProblem, among: NDArray[np.intp], values: NDArray[np.float64]) -> BatchProblem:
    """The problem of some of its requests, given by their indices, which are worth `values`."""
    return BatchProblem(problem.rule, Candidates(*(field[among] for field in problem.candidates)), values)
