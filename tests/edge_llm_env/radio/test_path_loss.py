from __future__ import annotations

import numpy as np
import pytest

from edge_llm_env import ScenarioError, load_scenario
from edge_llm_env.radio.draws import Draws
from edge_llm_env.radio.path_losses.log_distance import LogDistancePathLoss, path_gain
from edge_llm_env.radio.path_losses.path_loss import PathLoss
from edge_llm_env.radio.path_losses.uma import UmaPathLoss
from edge_llm_env.radio.path_losses.umi import UmiPathLoss
from edge_llm_env.radio.users import distance_in_disc


def test_path_gain_at_one_kilometre_is_the_intercept():
    assert path_gain(np.array([1000.0]), 128.1, 37.6)[0] == pytest.approx(10**-12.81, rel=1e-12)


def test_ten_times_the_distance_costs_the_slope():
    near, far = path_gain(np.array([50.0, 500.0]), 128.1, 37.6)
    assert 10 * np.log10(near / far) == pytest.approx(37.6, rel=1e-12)


def test_path_gain_at_100_metres_by_hand():
    # PL = 128.1 + 37.6·log10(0.1) = 128.1 - 37.6 = 90.5 dB
    assert path_gain(np.array([100.0]), 128.1, 37.6)[0] == pytest.approx(10**-9.05, rel=1e-12)


def test_users_are_spread_over_the_whole_ring():
    assert distance_in_disc(np.array([0.0, 1.0]), 10.0, 500.0) == pytest.approx([10.0, 500.0])


def test_users_are_spread_evenly_over_the_area():
    # Half of the area of a ring from 10 to 500 m lies within √((10² + 500²)/2) m.
    assert distance_in_disc(np.array([0.5]), 10.0, 500.0)[0] == pytest.approx(np.sqrt((10**2 + 500**2) / 2))


LOG_DISTANCE = LogDistancePathLoss(kind="log_distance", intercept_db=128.1, slope_db=37.6)


def test_users_so_near_that_path_loss_would_be_a_gain_are_refused_with_the_field():
    # 128.1 + 37.6·log10(d) = 0 dB at d = 10^-3.40691 km
    assert LOG_DISTANCE.nearest_m == pytest.approx(0.39182, rel=1e-4)
    with pytest.raises(ScenarioError, match=r"radio\.min_distance_m = 0\.01: must be at least 0\.3918, nearer than"):
        load_scenario("carry-over", **{"radio.min_distance_m": 0.01, "radio.cell_radius_m": 0.2})
    near = load_scenario("carry-over", **{"radio.min_distance_m": 0.392, "radio.cell_radius_m": 0.5})
    assert near.radio.path_loss.draw(Draws([np.random.default_rng(0)], [1]), np.array([0.392]), 2e9).gain[0] < 1.0


@pytest.mark.parametrize("slope_db", [1e-3, 1e-300, 5e-324])
def test_a_loss_that_hardly_grows_from_far_below_nothing_is_refused_with_the_field(slope_db: float):
    path_loss = {"kind": "log_distance", "intercept_db": -50.0, "slope_db": slope_db}
    with pytest.raises(ScenarioError, match=r"radio\.(min_distance_m|path_loss)"):
        load_scenario("carry-over", **{"radio.path_loss": path_loss})


@pytest.mark.parametrize(
    "path_loss",
    [
        LOG_DISTANCE.model_copy(update={"shadowing_db": 60.0}),
        UmiPathLoss(kind="umi", los_shadowing_db=60.0, nlos_shadowing_db=60.0),
    ],
    ids=lambda path_loss: path_loss.kind,
)
def test_no_shadowing_makes_a_gain_of_a_loss(path_loss: PathLoss):
    gain = path_loss.draw(Draws([np.random.default_rng(0)], [2000]), np.full(2000, 10.0), 2e9).gain
    assert gain.max() == 1.0
    assert 0.05 < (gain == 1.0).mean() < 0.5


@pytest.mark.parametrize(
    "path_loss",
    [
        LogDistancePathLoss(kind="log_distance", intercept_db=128.1, slope_db=37.6),
        LogDistancePathLoss(kind="log_distance", intercept_db=128.1, slope_db=37.6, shadowing_db=4.0),
        UmaPathLoss(kind="uma", los_shadowing_db=2.0, nlos_shadowing_db=3.0),
        UmiPathLoss(kind="umi", los_shadowing_db=2.0, nlos_shadowing_db=3.0),
    ],
    ids=str,
)
def test_the_usual_gain_is_the_mean_over_users(path_loss: PathLoss):
    for distance_m in (30.0, 200.0):
        users = np.full(200_000, distance_m)
        drawn = path_loss.draw(Draws([np.random.default_rng(0)], [len(users)]), users, 2e9).gain
        usual = path_loss.usual_gain(users[:1], 2e9)[0]
        assert drawn.mean() == pytest.approx(usual, abs=4 * drawn.std() / np.sqrt(len(users)) + 1e-12 * usual)
