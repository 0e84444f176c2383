"""Whom a neighbouring base station hears, and by which channel."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge_llm_env import Scenario, ScenarioError, Workload, draw_workload
from edge_llm_env.nodes.workload import at_server, hears
from edge_llm_env.workload.generator import draw_together
from edge_llm_env.workload.neighbours import neighbours_of
from tests.support.helpers import small_scenario

SITES_M = [[0.0, 0.0], [700.0, 0.0], [0.0, 800.0]]
OF_NEIGHBOURS = ("neighbour", "neighbour_uplink_gain", "neighbour_downlink_gain")


def network(sites_m: Any = SITES_M, **overrides: Any) -> Scenario:
    """Three cells, of which the second reaches less far than the others."""
    cells = {"a": {}, "b": {"radio": {"cell_radius_m": 400.0, "min_distance_m": 50.0}}, "c": {}}
    settings = {"network__cells": cells, "network__backhaul_s": 0.25, "network__sites_m": sites_m}
    return small_scenario(**(settings | {"workload__arrivals__rate_per_s": 40.0} | overrides))


def test_the_nearest_other_station_within_its_radius_hears_a_user():
    distance_m, quantile = np.random.default_rng(0).uniform(10.0, 500.0, 500), np.random.default_rng(1).random(500)
    radius_m = [500.0, 400.0, 500.0]
    heard = 0
    for at in range(3):
        found, away_m = neighbours_of(np.array(SITES_M), np.array(radius_m), at, distance_m, quantile)
        for user in range(500):
            angle = 2.0 * math.pi * quantile[user]
            place = [
                SITES_M[at][0] + distance_m[user] * math.cos(angle),
                SITES_M[at][1] + distance_m[user] * math.sin(angle),
            ]
            reach = [(math.dist(place, SITES_M[other]), other) for other in range(3) if other != at]
            reach = [pair for pair in reach if pair[0] <= radius_m[pair[1]]]
            nearest_m, nearest = min(reach, default=(math.inf, at))
            assert found[user] == nearest
            assert away_m[user] == pytest.approx(nearest_m)
            heard += nearest != at
    assert heard > 100


def test_all_else_of_a_workload_is_as_without_stations():
    with_sites = draw_workload(network(), np.random.default_rng(3))
    without = draw_workload(network(None), np.random.default_rng(3))
    assert without.neighbour is None
    for name, array in without.given().items():
        assert (getattr(with_sites, name) == array).all()
    assert with_sites.given().keys() - without.given().keys() == set(OF_NEIGHBOURS)


def test_second_channels_are_those_of_the_neighbours_radio():
    """Without fading and shadowing a gain tells how far a station is: each is within its cell's radius."""
    workload = draw_workload(network(radio__fading={"kind": "averaged"}), np.random.default_rng(0))
    for neighbour, radius_m, least_m in ((0, 500.0, 10.0), (1, 400.0, 50.0), (2, 500.0, 10.0)):
        heard = (workload.neighbour == neighbour) & (workload.cell != neighbour)
        distance_m = 10.0 ** ((-10.0 * np.log10(workload.neighbour_uplink_gain[heard]) - 128.1) / 37.6 + 3.0)
        assert heard.sum() > 20
        assert (distance_m <= radius_m * 1.000001).all()
        assert (distance_m >= least_m * 0.999999).all()
    alone = workload.neighbour == workload.cell
    assert 0 < alone.sum() < workload.requests
    assert not workload.neighbour_uplink_gain[alone].any()


@pytest.mark.parametrize("reciprocal", [True, False])
def test_episodes_drawn_together_are_those_drawn_alone(reciprocal: bool, tmp_path: Path):
    fading = {"kind": "rician", "k_factor_db": 3.0, "user_speed_m_per_s": 0.02}
    scenario = network(radio__fading=fading, radio__reciprocal_fading=reciprocal, workload__arrivals__rate_per_s=1.0)
    together, first = draw_together(scenario, [np.random.default_rng(seed) for seed in range(4)]), 0
    assert together.joined.directions_alike == reciprocal
    for seed, count in enumerate(together.requests):
        alone = draw_workload(scenario, np.random.default_rng(seed))
        alone.validate().save(tmp_path / "w.npz")
        for name, array in Workload.load(tmp_path / "w.npz").given().items():
            assert (getattr(together.joined, name)[first : first + count] == array).all()
        first += count
    assert (together.joined.neighbour != together.joined.cell).any()


def test_a_stronger_neighbour_receives_by_itself():
    scenario = network()
    workload = draw_workload(scenario, np.random.default_rng(0))
    stronger = workload.neighbour_uplink_gain[:, 0] >= workload.uplink_gain[:, 0]
    for server in range(3):
        here, own = at_server(scenario, server, workload), workload.cell == server
        taken = (workload.neighbour == server) & ~own & stronger
        assert 0 < taken.sum() < ((workload.neighbour == server) & ~own).sum()
        assert (hears(server, workload) == (own | taken)).all()
        lost_s = workload.latency_requirement_s - here.latency_requirement_s
        np.testing.assert_allclose(lost_s, np.where(own | taken, 0.0, 0.5), atol=1e-12)
        assert (here.uplink_gain[taken] == workload.neighbour_uplink_gain[taken]).all()
        assert (here.uplink_gain[~taken] == workload.uplink_gain[~taken]).all()
        assert here.downlink_gain is here.uplink_gain


def test_users_near_another_station_have_the_channel_of_that_distance():
    edge = {
        "radio__min_distance_m": 250.0,
        "radio__fading": {"kind": "averaged"},
    }
    workload = draw_workload(network([[0.0, 0.0], [600.0, 0.0], [0.0, 600.0]], **edge), np.random.default_rng(0))
    assert workload.neighbour_uplink_gain is not None
    own = workload.uplink_gain[workload.cell == 0].max()  # of someone 250 m away, or hardly farther
    elsewhere = workload.neighbour_uplink_gain[workload.neighbour == 0].max()  # of someone 100 m away, or a bit farther
    assert elsewhere > 10.0 * own


def test_one_station_has_no_neighbours_and_stations_shape_a_scenario():
    alone = {"network__cells": {"a": {}}, "network__backhaul_s": 0.25}
    workload = draw_workload(small_scenario(**alone, network__sites_m=[[5.0, 5.0]]), np.random.default_rng(0))
    assert (workload.neighbour == workload.cell).all()
    moved = network([[0.0, 0.0], [700.0, 0.0], [0.0, 900.0]])
    assert len({network().fingerprint(), network(None).fingerprint(), moved.fingerprint()}) == 3


@pytest.mark.parametrize(
    ("sites_m", "message"),
    [
        (SITES_M[:2], "network.sites_m: has 2 stations, must have 3, one a cell"),
        ([[0.0, 0.0], [0.0, float("nan")], [0.0, 1.0]], "network.sites_m"),
        ([[0.0], [1.0], [2.0]], "network.sites_m"),
    ],
)
def test_stations_are_checked(sites_m: list[list[float]], message: str):
    with pytest.raises(ScenarioError, match=re.escape(message)):
        network(sites_m)
