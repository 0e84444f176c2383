"""Intervals over workloads, against hand calculation."""

from __future__ import annotations

import numpy as np
import pytest

from edge_llm_agents.records.intervals import Interval, mean_interval, paired_difference, ratio_interval


def test_mean_interval_by_hand():
    # 1, 2, 3: mean 2, standard error 1/sqrt(3), t(0.975, 2) = 4.302653 from tables.
    interval = mean_interval(np.array([1.0, 2.0, 3.0]))
    half = 4.302653 / np.sqrt(3)
    assert interval == pytest.approx((2.0, 2.0 - half, 2.0 + half), rel=1e-6)


def test_the_ratio_is_of_sums_and_its_interval_holds_it():
    above, below = np.array([6.0, 2.0, 5.0, 4.0]), np.array([2.0, 1.0, 3.0, 2.0])
    interval = ratio_interval(above, below)
    assert interval.mean == 17.0 / 8.0  # not the mean of 3, 2, 5/3 and 2
    # Resamples of pairs have ratios between the least and the most of a single workload.
    assert 5.0 / 3.0 <= interval.low < interval.mean < interval.high <= 3.0
    assert ratio_interval(above, below) == interval


def test_a_ratio_that_every_workload_has_is_certain():
    assert ratio_interval(np.array([2.0, 6.0]), np.array([1.0, 3.0])) == (2.0, 2.0, 2.0)


def test_ratios_without_an_interval():
    one = ratio_interval(np.array([3.0]), np.array([2.0]))
    assert one.mean == 1.5
    assert np.isnan(one[1:]).all()
    infinite = ratio_interval(np.array([3.0, 1.0]), np.zeros(2))
    assert infinite.mean == np.inf
    assert np.isnan(infinite[1:]).all()
    assert np.isnan(ratio_interval(np.zeros(2), np.zeros(2))).all()


def test_paired_difference_by_hand() -> None:
    # Differences 1, 2, 3: mean 2, standard error 1/sqrt(3), t(0.975, 2) = 4.302653 from tables.
    interval = paired_difference(np.array([2.0, 4.0, 6.0]), np.array([1.0, 2.0, 3.0]))
    assert interval.mean == pytest.approx(2.0)
    assert interval.high - interval.mean == pytest.approx(4.302653 / np.sqrt(3), rel=1e-6)
    assert interval.mean - interval.low == pytest.approx(4.302653 / np.sqrt(3), rel=1e-6)


def test_a_paired_difference_to_itself_is_zero_and_of_one_workload_has_no_interval() -> None:
    assert paired_difference(np.array([1.0, 2.0]), np.array([1.0, 2.0])) == (0.0, 0.0, 0.0)
    one = paired_difference(np.array([3.0]), np.array([1.0]))
    assert one.mean == 2.0
    assert np.isnan(one.low)
    assert np.isnan(one.high)


def test_an_interval_in_words() -> None:
    assert Interval(1.0, 0.5, 2.0).times(10.0).plus(100.0).text("+.1f") == "+110.0 [+105.0, +120.0]"
    assert Interval(1.0, np.nan, np.nan).text(".2f") == "1.00"
    assert Interval(np.nan, np.nan, np.nan).text(".2f") == "–"
