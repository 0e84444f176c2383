from __future__ import annotations

import math

import pytest

from edge_llm_env.inference.prediction.estimates import Estimate


def test_an_interval_is_as_wide_on_both_sides_in_logarithms():
    estimate = Estimate.within(10.0, math.log(1.25))
    assert (estimate.low, estimate.high) == pytest.approx((8.0, 12.5))
    assert estimate.half_width == pytest.approx(2.25)


def test_sums_products_and_inverses_keep_low_below_high():
    one, other = Estimate(2.0, 1.0, 4.0), Estimate(3.0, 2.0, 5.0)
    assert one.plus(other) == Estimate(5.0, 3.0, 9.0)
    assert one.scaled(2.0) == Estimate(4.0, 2.0, 8.0)
    assert one.inverse(4.0) == Estimate(2.0, 1.0, 4.0)


def test_without_an_interval_there_is_none_of_what_follows():
    one = Estimate.within(2.0, None)
    assert one.half_width is None
    assert one.scaled(2.0) == Estimate(4.0)
    assert one.inverse(1.0) == Estimate(0.5)
    assert one.plus(Estimate(1.0, 0.5, 2.0)) == Estimate(3.0)
