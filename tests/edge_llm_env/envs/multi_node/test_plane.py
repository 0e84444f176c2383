"""Where the viewer draws the cells of a network."""

from __future__ import annotations

import gymnasium as gym
import pytest

from edge_llm_env import load_scenario
from edge_llm_env.envs.multi_node.viewer.frame import NetworkFrame, Site
from edge_llm_env.envs.multi_node.viewer.picture import MIDDLE, REACH, places_of


def frame_of(cells: int, stations_m: tuple[tuple[float, float], ...] = (), *, cloud: bool = False) -> NetworkFrame:
    sites = [Site(f"cell {at}", False, (), 0, 0, 0.0, ()) for at in range(cells)]
    sites += [Site("cloud", True, (), 0, 0, 0.0, ())] if cloud else []
    return NetworkFrame("EdgeLLM/MultiNode-v0", "any", 0, 1, (), tuple(sites), stations_m, (), (), (), (), ())


def test_stations_keep_their_directions_and_the_ratios_of_their_distances() -> None:
    """Three stations 300 m apart from west to east, the last 150 m further north: their width fills the plane."""
    west, middle, east = places_of(frame_of(3, ((0.0, 0.0), (300.0, 0.0), (600.0, 150.0))))
    assert east[0] - west[0] == pytest.approx(2 * REACH[0])
    assert middle[0] == pytest.approx(MIDDLE[0])
    assert west[1] == middle[1] > east[1]
    assert (west[1] - east[1]) / (east[0] - west[0]) == pytest.approx(150.0 / 600.0)


@pytest.mark.parametrize(
    ("stations_m", "cloud"),
    [((), False), (((0.0, 0.0), (1.0, 0.0), (2000.0, 0.0)), False), (((0.0, 0.0), (5.0, 0.0), (10.0, 0.0)), True)],
    ids=["not said", "too close", "below the cloud"],
)
def test_cells_are_around_the_middle_where_stations_do_not_say_or_would_lie_on_each_other(stations_m, cloud) -> None:
    assert places_of(frame_of(3, stations_m, cloud=cloud)) == places_of(frame_of(3, cloud=cloud))


def test_one_station_is_in_the_middle() -> None:
    assert places_of(frame_of(1, ((40.0, -7.0),))) == [MIDDLE]


def test_the_viewer_knows_where_the_stations_of_a_scenario_stand() -> None:
    env = gym.make("EdgeLLM/MultiNode-v0", scenario="shared-edge", render_mode="rgb_array")
    env.reset(seed=0)
    assert env.unwrapped.viewer.frame().stations_m == load_scenario("shared-edge").network.sites_m
    env.close()
