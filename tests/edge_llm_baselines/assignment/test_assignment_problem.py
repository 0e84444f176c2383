"""What a problem of several nodes accepts, and what it says of an assignment."""

from __future__ import annotations

import re

import numpy as np
import pytest

from edge_llm_baselines import BatchProblem
from edge_llm_baselines.assignment.every_assignment import EveryAssignment
from edge_llm_baselines.assignment.gah import ot_gah
from edge_llm_baselines.assignment.problem import NOBODY, SeveralNodes


def node(window_s: float, values=(1.0, 2.0, 3.0)) -> BatchProblem:
    """Three requests of a second each, of which a node serves as many as its window has seconds."""
    nothing = np.zeros(3)
    return BatchProblem.additive(
        np.ones(3), nothing, nothing, nothing, np.full(3, 9.0), window_s=window_s, memory_limit_bytes=1.0, values=values
    )


def test_an_assignment_is_feasible_where_every_batch_is():
    problem = SeveralNodes((node(1.0), node(2.0, (3.0, 2.0, 1.0))))
    for node_of, feasible, value in (
        ([0, 1, 1], True, 4.0),
        ([1, 1, 0], True, 8.0),
        ([NOBODY, NOBODY, NOBODY], True, 0.0),
        ([0, 0, 1], False, 4.0),
        ([1, 1, 1], False, 6.0),
    ):
        assert problem.is_feasible(np.array(node_of)) == feasible
        assert problem.value(np.array(node_of)) == value
    assert problem.batch(np.array([1, 1, 0]), 1).tolist() == [True, True, False]
    assert EveryAssignment().solve(problem).node_of.tolist() == [1, 1, 0]


@pytest.mark.parametrize(
    ("node_of", "message"),
    [
        (np.array([0, 1]), "node_of = an array of shape (2,) and dtype int64: must be whole numbers of shape (3,)"),
        (np.array([0, 2, 1]), "every entry must be a node's index, or -1"),
        (np.array([0, -2, 1]), "every entry must be a node's index, or -1"),
    ],
)
def test_assignments_are_checked(node_of, message):
    problem = SeveralNodes((node(1.0), node(2.0)))
    for method in (problem.is_feasible, problem.value, lambda one: problem.batch(one, 0)):
        with pytest.raises(ValueError, match=re.escape(message)):
            method(node_of)


def test_nodes_must_be_of_the_same_requests():
    fewer = BatchProblem.additive([1.0], [0.0], [0.0], [0.0], [1.0], window_s=1.0, memory_limit_bytes=1.0)
    with pytest.raises(ValueError, match=re.escape("nodes have [3, 1] requests: must be of the same requests")):
        SeveralNodes((node(1.0), fewer))
    with pytest.raises(ValueError, match="must hold at least one node"):
        SeveralNodes(())
    with pytest.raises(TypeError, match="must be a tuple of BatchProblem"):
        SeveralNodes([node(1.0)])  # type: ignore[arg-type]


def test_values_of_all_nodes_must_be_told_apart():
    with pytest.raises(ValueError, match=re.escape("values range from 1e-10 to 1e+10")):
        SeveralNodes((node(1.0, (1e10, 1e10, 1e10)), node(1.0, (1e-10, 1e-10, 1e-10))))


def test_brute_force_takes_few_requests():
    wide = BatchProblem.additive(*np.ones((5, 13)), window_s=1.0, memory_limit_bytes=1.0)
    with pytest.raises(ValueError, match="problem has 13 requests: EveryAssignment takes at most 12"):
        EveryAssignment().solve(SeveralNodes((wide,)))


def test_ot_gah_counts_requests():
    with pytest.raises(ValueError, match="DFTSP maximises the number of requests"):
        ot_gah().solve(SeveralNodes((node(1.0),)))
