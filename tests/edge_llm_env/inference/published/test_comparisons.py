from __future__ import annotations

import pytest

from edge_llm_env.inference.published import capped_memory, parallelism
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


def test_worked_example_of_the_rate_that_a_cap_implies():
    """A token of the i9 takes 1/2.66 - 1/62.24 = 0.3599 s longer, in which 1.3 GB come at 3.61 GB/s, 0.3 at 0.83."""
    assert capped_memory.implied_rate_bytes_per_s("i9-14900", 0.0) == pytest.approx(3.612e9, rel=1e-3)
    assert capped_memory.implied_rate_bytes_per_s("i9-14900", 1e9) == pytest.approx(0.8336e9, rel=1e-3)
    rows = capped_memory.comparisons()
    assert len(rows) == 3
    assert all(row.reason for row in rows)
