"""Jain's index over the service rates of groups of requests."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_llm_env.wrappers.fairness import GROUPS, jain_index, size_groups


def test_worked_example():
    # (1/2 + 1 + 1/4)² / (3·(1/4 + 1 + 1/16)) = (49/16) / (63/16) = 7/9; the fourth group is not known
    index = jain_index(np.array([[0.5, 1.0, 0.25, 0.0]]), np.array([[True, True, True, False]]))
    assert index == pytest.approx([7 / 9], rel=1e-12)


@pytest.mark.parametrize(
    ("rates", "expected"),
    [([0.3] * 4, 1.0), ([0.0, 0.7, 0.0, 0.0], 0.25), ([1.0, 1.0, 0.0, 0.0], 0.5), ([0.0] * 4, 0.0)],
)
def test_equal_rates_are_fair_one_group_alone_is_a_quarter_and_serving_nobody_nothing(rates, expected):
    assert jain_index(np.array([rates]), np.ones((1, GROUPS), dtype=bool)) == pytest.approx([expected])


def test_nothing_known_yet_is_zero():
    assert jain_index(np.zeros((1, GROUPS)), np.zeros((1, GROUPS), dtype=bool)) == pytest.approx([0.0])


@settings(deadline=None, max_examples=50)
@given(st.lists(st.floats(0.0, 1.0), min_size=GROUPS, max_size=GROUPS))
def test_lies_in_0_to_1(rates):
    (index,) = jain_index(np.array([rates]), np.ones((1, GROUPS), dtype=bool))
    assert 0.0 <= index <= 1.0 + 1e-12


def test_groups_are_quarters_and_equal_sizes_stay_together():
    assert size_groups(np.array([10, 80, 30, 20, 70, 40, 60, 50])).tolist() == [0, 3, 1, 0, 3, 1, 2, 2]
    assert len(set(size_groups(np.full(9, 256)).tolist())) == 1
    assert size_groups(np.array([5, 5, 5, 9])).tolist() == [0, 0, 0, 3]
    assert len(size_groups(np.zeros(0, dtype=np.int64))) == 0
