from __future__ import annotations

import numpy as np
import pytest

from edge_llm_baselines import DFTSP, BatchProblem
from edge_llm_baselines.hindsight.hindsight import LagrangianHindsight
from edge_llm_baselines.playing.roll_out import served_by
from edge_llm_env.feasibility.rule import Rule
from edge_llm_env.inference.batch_cost import AffineCost, Polynomial
from edge_llm_env.solver.candidates import Candidates
from edge_llm_env.workload.streams import draw_workloads
from experiments.presets.measurements import ComputeMeter, measure_scenario
from tests.support.helpers import ROOFLINE, small_scenario

QUICK = LagrangianHindsight(5, restarts=1, moves_per_offer=50, block_nodes=0)


def test_counts_are_those_of_dftsp_on_the_workloads():
    scenario = small_scenario()
    measured = measure_scenario(scenario, 3, 2, seed=5, hindsight=QUICK)
    served = served_by(DFTSP(), scenario, draw_workloads(scenario, 3, 5))
    assert measured["served"] == served.sum() <= measured["settled"]
    hindsight = measured["hindsight"]
    assert hindsight["dftsp"] == served[:2].sum() <= hindsight["schedule"] <= hindsight["upper_bound"]
    assert all(0 < used <= 1 for used in measured["utilisation"].values())
    assert measured["compute_per_batch"] == 0.0  # the paper's model has no cost of a batch as such
    assert measured["beyond_visible"] > 0  # six slots are few
    assert "partitions" not in measured


def test_compute_per_batch_is_the_base_of_the_batch_cost():
    nothing = AffineCost(Polynomial(), Polynomial())
    compute = AffineCost(Polynomial(n=0.01), Polynomial(constant=0.5))
    rule = Rule(compute, nothing, nothing, False, False, 5.0, 1.0)
    ones = np.ones(2)
    candidates = Candidates(ones, np.array([10.0, 20.0]), 9 * ones, 0.1 * ones, 0.1 * ones, 3 * ones / 4, 0 * ones)
    meter = ComputeMeter(DFTSP())
    assert meter.solve(BatchProblem(rule, candidates, ones)).selected.all()
    # once for the longest output, 0.01 · 20, and 0.5 for each of two; their 0.75 s of transfers do not count
    assert (meter.per_batch_s, meter.total_s) == (0.2, 0.2 + 2 * 0.5)


def test_reading_weights_is_a_cost_per_batch():
    scenario = small_scenario(**{name.replace(".", "__"): value for name, value in ROOFLINE.items()})
    compute = scenario.batch_cost.compute_s
    # no batch spends a larger part of its time so than one request alone with the shortest prompt
    alone = max(compute.base(128, n) / compute.of_equals(1, 128, n) for n in scenario.workload.output_tokens)
    assert 0.3 < measure_scenario(scenario, 1, 1, hindsight=QUICK)["compute_per_batch"] < alone


@pytest.mark.parametrize(("episodes", "hindsight_episodes"), [(2, 0), (2, 3), (0, 0)])
def test_workloads_must_suffice(episodes: int, hindsight_episodes: int):
    with pytest.raises(ValueError, match=rf"hindsight_episodes = {hindsight_episodes}: must lie in \[1, {episodes}\]"):
        measure_scenario(small_scenario(), episodes, hindsight_episodes)
