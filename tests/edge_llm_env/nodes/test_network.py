"""Which cells go together, and how their requests become one workload."""

from __future__ import annotations

import re

import numpy as np
import pytest

from edge_llm_env import ScenarioError, draw_workload
from edge_llm_env.nodes.network import Network
from edge_llm_env.nodes.workload import NetworkWorkload, draw_network_workload
from tests.support.helpers import small_scenario


def test_one_cell_draws_as_its_scenario_does():
    scenario = small_scenario()
    mine = draw_network_workload(Network((scenario,), 0.0), np.random.default_rng(3))
    theirs = draw_workload(scenario, np.random.default_rng(3))
    for name, array in theirs.given().items():
        assert (getattr(mine.requests, name) == array).all()
    assert not mine.cell.any()


def test_requests_of_cells_are_joined_in_the_order_of_arrival():
    workloads = [draw_workload(small_scenario(), np.random.default_rng(seed)) for seed in (0, 1)]
    joined = NetworkWorkload.of_cells([*workloads, workloads[0]])
    joined.requests.validate()
    for at, workload in enumerate([*workloads, workloads[0]]):
        mine = joined.cell == at
        for name, array in workload.given().items():
            assert (getattr(joined.requests, name)[mine] == array).all()
    at_once = joined.requests.arrival_s[:-1] == joined.requests.arrival_s[1:]
    assert at_once.sum() == workloads[0].requests
    assert (joined.cell[:-1][at_once] == 0).all()


def test_the_backhaul_takes_time_of_those_who_are_elsewhere():
    workloads = [draw_workload(small_scenario(), np.random.default_rng(seed)) for seed in (0, 1)]
    joined = NetworkWorkload.of_cells(workloads)
    here = joined.at_node(1, 0.25)
    lost_s = joined.requests.latency_requirement_s - here.latency_requirement_s
    np.testing.assert_allclose(lost_s, np.where(joined.cell == 1, 0.0, 0.5), atol=1e-12)
    assert (here.uplink_gain == joined.requests.uplink_gain).all()


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (small_scenario(epoch__episode_epochs=5), "epoch of cells[1] differs from that of cells[0]"),
        (
            small_scenario(workload__latency_requirement_s__high=60.0),
            "workload.latency_requirement_s.high = 60 of cells[1]: requests must wait for at most",
        ),
        (small_scenario(radio__transfers="carried_over"), 'radio.transfers = "carried_over": must be "within_epoch"'),
        (small_scenario(beliefs__gain_margin_db=3.0), "beliefs: nodes of a network must know what they decide by"),
    ],
)
def test_cells_that_do_not_go_together_are_refused(other, message):
    with pytest.raises(ScenarioError, match=re.escape(message)):
        Network((small_scenario(), other), 0.0)


def test_networks_are_checked():
    with pytest.raises(ValueError, match="cells has 0 scenarios: must have 1 to 64"):
        Network((), 0.0)
    with pytest.raises(TypeError, match="must be a tuple of Scenario"):
        Network((small_scenario(), "carry-over"), 0.0)  # type: ignore[arg-type]
    for backhaul_s in (-0.1, float("inf"), float("nan"), 11.0):
        with pytest.raises(ValueError, match=re.escape("must be in 0..10")):
            Network((small_scenario(),), backhaul_s)
    with pytest.raises(TypeError, match="backhaul_s = 'far': must be a number"):
        Network((small_scenario(),), "far")  # type: ignore[arg-type]
