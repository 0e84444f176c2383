"""The oracle benchmark's tables say what was measured, and where the paper's claim holds."""

from __future__ import annotations

import numpy as np
import pytest

from experiments.speed.exact.instances import random_problem
from experiments.speed.exact.solvers import Family, compare_solvers, solve_times, timed_families
from experiments.speed.exact.tables import claim, pruning_table, ratio_table, solve_time_table
from tests.support.programs.processes import HANG_GUARD_S


def pruned(rate: int, dftsp: int, below_bound: int, unpruned: int) -> dict:
    nodes = {"dftsp": dftsp, "unpruned_below_bound": below_bound, "unpruned": unpruned}
    return {
        "scenario": "model",
        "precision": "w4",
        "rate_per_s": rate,
        "mean_candidates": 3.0,
        "nodes": nodes,
        "seconds": dict.fromkeys(nodes, 0.5),
        "node_reduction": 1 - dftsp / unpruned,
        "node_reduction_is_lower_bound": rate > 50,
    }


def test_the_claim_is_judged_against_both_trees():
    found = [pruned(10, 60, 60, 100), pruned(200, 1, 1, 100)]
    assert claim(found).endswith(
        "tree model w4 at 200/s; against the unpruned tree begun at the same bound on the size nowhere"
    )
    assert "≥100" in pruning_table(found)
    assert "40.00" in pruning_table(found)
    assert "everywhere" in claim([pruned(10, 1, 100, 100)])


def test_the_ratio_table_has_mean_and_worst_of_each_solver():
    family = Family("all", "paper", "none", (8,), 50.0)
    found = {"small": compare_solvers(family, instances=2, seed=0, time_limit_s=HANG_GUARD_S)}
    assert found["small"]["disagreements"] == 0
    header, row = ratio_table(found).text().splitlines()
    assert "worst HiGHS" in header
    assert row.split()[:3] == ["small", "8-8", "2"]


def test_solve_times_of_every_combination():
    families = timed_families(12)
    assert len(families) == 3 * 4 * 2
    times = {name: solve_times(family, instances=2, seed=0, node_limit=10**6) for name, family in families.items()}
    assert all(found["above_node_limit"] == 0 for found in times.values())
    assert len(solve_time_table(times).splitlines()) == 24 + 3


@pytest.mark.parametrize(
    ("padding", "prompts", "outputs"), [("none", 0, 0), ("prompt", 1, 0), ("output", 0, 1), ("both", 1, 1)]
)
def test_instances_are_padded_as_told(padding, prompts, outputs):
    problem = random_problem(np.random.default_rng(0), 5, "all", "different", padding, weighted=True)
    assert (problem.rule.pads_prompts, problem.rule.pads_outputs) == (prompts, outputs)
    assert len(set(problem.values)) == 5
