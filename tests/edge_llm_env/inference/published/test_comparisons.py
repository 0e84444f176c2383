from __future__ import annotations

import pytest

from edge_llm_env.inference.published import parallelism
from edge_llm_env.inference.published.comparison import Comparison, mean_error
from edge_llm_env.inference.published.table import MECHANISMS


def test_groups_are_predicted_within_a_fifth():
    assert mean_error(parallelism.times()) <= 0.20
    assert mean_error(parallelism.left_out()) <= 0.20


@pytest.mark.parametrize("name", MECHANISMS)
def test_every_mechanism_says_its_error_and_no_row_is_without_a_source(name: str):
    mechanism = MECHANISMS[name]
    rows = [] if mechanism.comparisons is None else mechanism.comparisons()
    assert rows or "no row was found" in mechanism.assumed
    assert all(row.source and row.published > 0 and row.predicted > 0 for row in rows)
    assert all((mechanism.equation, mechanism.source, mechanism.setting))


def test_errors_are_of_the_rows_that_count():
    rows = [Comparison("a", 2.0, 3.0, "s", "x"), Comparison("b", 2.0, 1.0, "s", "x")]
    rows.append(Comparison("c", 1.0, 9.0, "s", "x", "no"))
    assert mean_error(rows) == pytest.approx(0.5)
