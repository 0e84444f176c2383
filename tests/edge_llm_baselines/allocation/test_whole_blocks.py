"""Oracles, rules and hindsight where bands are granted in whole resource blocks and rates are those of CQIs."""

from __future__ import annotations

import numpy as np
import pytest

from edge_llm_baselines import DFTSP, BranchAndBound, BruteForce, MilpSolver
from edge_llm_baselines.hindsight.hindsight import LagrangianHindsight, hindsight_bounds
from edge_llm_baselines.playing.roll_out import served_by
from edge_llm_baselines.solvers.problem import BatchProblem
from edge_llm_env import Scenario, draw_workloads
from experiments.allocation.checks import contest, replay, states
from tests.support.allocation import tiers
from tests.support.helpers import small_scenario

BANDWIDTH, COMPUTE, JOINT = "EdgeLLM/Bandwidth-v0", "EdgeLLM/Compute-v0", "EdgeLLM/Joint-v0"


def cell(split: str = "fixed") -> Scenario:
    """`nr-cell` with few slots, in which blocks, window and deadlines all turn requests away."""
    blocks = {"subcarrier_spacing_khz": 30, "granted_for": "part" if split == "fixed" else "slot"}
    return small_scenario(
        "nr-cell",
        epoch__split=split,
        epoch__visible_slots=8,
        node__modules=6,
        radio__resource_blocks=blocks,
        radio__uplink_bits_per_token=8192.0,
    )


def test_needs_are_whole_blocks_and_blocks_bind():
    turned_away = 0
    for simulation, row in states(BANDWIDTH, cell(), 60, seed=1):
        problem = BatchProblem.of_row(simulation, row)
        blocks = problem.candidates.uplink_share * 51
        possible = problem.candidates.uplink_share <= 1.0
        np.testing.assert_allclose(blocks[possible], np.round(blocks[possible]), atol=1e-9)
        assert (blocks[possible] >= 1.0 - 1e-9).all()
        turned_away += blocks[possible].sum() > 51 >= blocks[possible].min(initial=np.inf)
    assert turned_away > 20


@pytest.mark.parametrize("split", ["fixed", "flexible"])
def test_solvers_agree_with_enumeration(split: str):
    for simulation, row in states(BANDWIDTH, cell(split), 40, seed=2):
        problem = BatchProblem.of_row(simulation, row)
        best = BruteForce().solve(problem)
        for solver in (BranchAndBound(), DFTSP(), MilpSolver()):
            found = solver.solve(problem)
            assert problem.is_feasible(found.selected)
            assert found.value == best.value


@pytest.mark.parametrize("split", ["fixed", "flexible"])
@pytest.mark.parametrize("form", ["values", "shares"])
def test_the_oracle_serves_what_it_says_and_nothing_serves_more(form: str, split: str):
    report = replay(BANDWIDTH, cell(split), 200, form=form)
    assert report["wrong"] == 0
    assert report["mean_visible"] > 4.0
    tried = contest(BANDWIDTH, cell(split), 8, actions=100, rounds=1, form=form)
    assert tried["above_bound"] == 0


@pytest.mark.parametrize("form", ["values", "shares"])
def test_the_oracle_of_everything_serves_what_it_says(form: str):
    report = replay(JOINT, cell(), 60, form=form)
    assert report["wrong"] == 0
    assert report["proven_optimal"] > 50


def test_the_oracle_of_modules_serves_what_it_says_and_nothing_serves_more():
    narrow = {"uplink_bandwidth_hz": 5e6, "uplink_bits_per_token": 8192.0, "rate_model": "cqi"}
    blocks = {"resource_blocks": {"subcarrier_spacing_khz": 15}}
    scenario = tiers(**{f"radio__{name}": value for name, value in (narrow | blocks).items()})
    report = replay(COMPUTE, scenario, 60)
    assert report["wrong"] == 0
    assert report["mean_visible"] > 2.0
    assert contest(COMPUTE, scenario, 8, actions=100, rounds=1)["above_bound"] == 0


def test_no_schedule_is_below_what_is_played_nor_above_its_bound():
    workloads = draw_workloads(cell(), 3)
    played = served_by(DFTSP(), cell(), workloads)
    bounds = hindsight_bounds(cell(), workloads, LagrangianHindsight(iterations=40, restarts=1, moves_per_offer=200))
    assert (played <= bounds.upper_bound).all()
    assert (bounds.served <= bounds.upper_bound).all()
    assert played.sum() <= bounds.served.sum()
