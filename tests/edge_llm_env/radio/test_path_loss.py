from __future__ import annotations

import numpy as np
import pytest

from edge_llm_env.radio.path_losses.log_distance import path_gain
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
