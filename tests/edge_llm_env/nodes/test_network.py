"""Which cells go together, and how their requests become one workload."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest

from edge_llm_env import Scenario, ScenarioError, Workload, draw_workload, load_scenario
from edge_llm_env.nodes.workload import at_server
from edge_llm_env.workload.generator import draw_together
from edge_llm_env.workload.joining import joined_in_order
from tests.support.helpers import small_scenario


def network(*cells: dict[str, Any], **overrides: Any) -> Scenario:
    """A small scenario of cells, called a, b and so on."""
    named = dict(zip("abcdef", cells, strict=False))
    return small_scenario(**({"network__cells": named, "network__backhaul_s": 0.25} | overrides))


def test_one_cell_draws_as_its_scenario_does():
    mine = draw_workload(network({}), np.random.default_rng(3))
    theirs = draw_workload(small_scenario(), np.random.default_rng(3))
    for name, array in theirs.given().items():
        assert (getattr(mine, name) == array).all()
    assert not mine.cell.any()
    assert theirs.cell is None


def test_cells_are_the_scenario_with_their_patches():
    cells = network({}, {"node": {"modules": 3}, "workload": {"arrivals": {"rate_per_s": 9.0}}}).cells
    assert cells[0].fingerprint() == small_scenario().fingerprint()
    assert cells[1].fingerprint() == small_scenario(node__modules=3, workload__arrivals__rate_per_s=9.0).fingerprint()


def test_fingerprint_tells_networks_apart_by_what_shapes_them():
    one, again = network({}, {}), network({}, {"node": {"modules": 20}})
    assert one.fingerprint() == again.fingerprint()
    others = [network({}), network({}, {"node": {"modules": 3}}), network({}, {}, network__backhaul_s=0.1)]
    assert len({one.fingerprint(), small_scenario().fingerprint(), *(other.fingerprint() for other in others)}) == 5
    renamed = load_scenario(one, **{"network.cells": {"east": {}, "west": {}}})
    assert renamed.fingerprint() == one.fingerprint()


def test_overrides_reach_into_cells():
    scenario = load_scenario("two-cells", **{"network.cells.calm.node.modules": 3, "network.backhaul_s": 0.1})
    assert [cell.node.modules for cell in scenario.cells] == [20, 3]
    assert scenario.cells[1].workload.arrivals.mean_rate_per_s == 3.0


def test_requests_of_cells_are_joined_in_the_order_of_arrival():
    workloads = [draw_workload(small_scenario(), np.random.default_rng(seed)) for seed in (0, 1)]
    workloads.append(workloads[0])
    counts, joined = joined_in_order([[workload.requests] for workload in workloads], workloads)
    joined.validate()
    assert counts == [joined.requests]
    for at, workload in enumerate(workloads):
        for name, array in workload.given().items():
            assert (getattr(joined, name)[joined.cell == at] == array).all()
    at_once = joined.arrival_s[:-1] == joined.arrival_s[1:]
    assert at_once.sum() == workloads[0].requests
    assert (joined.cell[:-1][at_once] == 0).all()


@pytest.mark.parametrize("preset", ["two-cells", "hotspot"])
def test_episodes_drawn_together_are_those_drawn_alone(preset: str):
    scenario = load_scenario(preset)
    together = draw_together(scenario, [np.random.default_rng(seed) for seed in range(3)])
    first = 0
    for seed, count in enumerate(together.requests):
        alone = draw_workload(scenario, np.random.default_rng(seed))
        assert alone.requests == count
        for name, array in alone.given().items():
            assert (getattr(together.joined, name)[first : first + count] == array).all()
        first += count


def test_a_crowd_is_in_one_cell_at_a_time():
    scenario = load_scenario("hotspot", **{"workload.arrivals.rate_per_s": 1e-6})
    workload = draw_workload(scenario, np.random.default_rng(0))
    moves = np.flatnonzero(np.diff(workload.cell))
    assert 3 <= len(moves) <= 20
    assert (abs(np.diff(workload.cell)[moves]) == 1).all()
    assert workload.requests == pytest.approx(12.0 * scenario.horizon_s, rel=0.1)


def test_workloads_keep_their_cells_in_files(tmp_path: Path):
    workload = draw_workload(load_scenario("two-cells"), np.random.default_rng(0))
    workload.save(tmp_path / "w.npz")
    assert (Workload.load(tmp_path / "w.npz").cell == workload.cell).all()


def test_the_backhaul_takes_time_of_those_who_are_elsewhere():
    scenario = network({}, {}, network__backhaul_bits_per_s=1e5)
    workload = draw_workload(scenario, np.random.default_rng(0))
    here = at_server(scenario, 1, workload)
    lost_s = workload.latency_requirement_s - here.latency_requirement_s
    bits = 32.0 * (workload.prompt_tokens + workload.output_tokens)
    np.testing.assert_allclose(lost_s, np.where(workload.cell == 1, 0.0, 0.5 + bits / 1e5), atol=1e-12)
    assert here.uplink_gain is workload.uplink_gain


@pytest.mark.parametrize(
    ("other", "message"),
    [
        ({"epoch": {"episode_epochs": 5}}, "network.cells: b.epoch: must be one of node, radio, workload, reward"),
        (
            {"workload": {"latency_requirement_s": {"low": 1.0, "high": 60.0}}},
            "network.cells.b: workload.latency_requirement_s.high, in epochs, is 5, must be 3 as in the first cell",
        ),
        ({"radio": {"transfers": "carried_over"}}, 'network.cells.b: radio.transfers must be "within_epoch"'),
        ({"node": {"modules": 0}}, "network.cells.b: node.modules = 0: must be"),
        ({"node": {"speed": 3}}, "scenario carry-over: network.cells.b: node.speed: no such key"),
    ],
)
def test_cells_that_do_not_go_together_are_refused(other: dict[str, Any], message: str):
    with pytest.raises(ScenarioError, match=re.escape(message)):
        network({}, other)


def test_networks_are_checked():
    with pytest.raises(ScenarioError, match="has 0 cells: must have 1 to 64"):
        network()
    for backhaul_s in (-0.1, float("inf"), float("nan"), 11.0):
        with pytest.raises(ScenarioError, match=re.escape("network.backhaul_s")):
            network({}, network__backhaul_s=backhaul_s)
    crowd = {"arrivals": {"kind": "poisson", "rate_per_s": 1.0}, "mean_stays_s": [1.0]}
    with pytest.raises(ScenarioError, match=re.escape("network.crowds: must be left out with one cell")):
        network({}, network__crowds=[crowd])
    with pytest.raises(ScenarioError, match=re.escape("network.crowds[0]: mean_stays_s is of 1 phases")):
        network({}, {}, network__crowds=[crowd])


def test_environments_of_one_node_name_the_one_that_plays_networks():
    with pytest.raises(ScenarioError, match=r"network: must be left out here, or the environment EdgeLLM/MultiNode-v0"):
        gym.make("EdgeLLM/Batching-v0", scenario="two-cells")
