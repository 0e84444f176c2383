from __future__ import annotations

import math

import pytest

from edge_llm_env.inference.validation.errors import Predicted
from edge_llm_env.inference.validation.measurements import published_measurements
from edge_llm_env.inference.validation.spreads import CLASSES, spread, spreads

ONE = next(one for one in published_measurements() if one.metric == "prefill")


def rows(*logs: float) -> list[Predicted]:
    return [Predicted(ONE, (ONE.value * math.exp(log),)) for log in logs]


def test_two_thirds_of_rows_lie_within_the_spread():
    # distances 0, 0.1, 0.2, 0.3: two thirds of the way, at 0.2
    assert spread(rows(0.0, -0.1, 0.2, -0.3)) == pytest.approx(0.2)


def test_a_class_with_few_rows_is_no_narrower_than_those_that_know_more():
    many = {"after one measurement": rows(*[0.1] * 5), "machine measured": rows(*[0.3] * 5)}
    widths = spreads(many | {"engine measured": rows(0.01), "nothing measured": []})["prefill"]
    assert [widths[name] for name in CLASSES] == pytest.approx([0.1, 0.3, 0.3, 0.3])


def test_where_nothing_is_known_after_one_measurement_the_narrowest_class_stands_for_it():
    few: dict[str, list[Predicted]] = {key: [] for key in CLASSES}
    widths = spreads(few | {"machine measured": rows(*[0.2] * 5), "engine measured": rows(*[0.1] * 5)})["prefill"]
    assert [widths[name] for name in CLASSES] == pytest.approx([0.1, 0.2, 0.1, 0.2])


def test_too_few_rows_for_any_interval_are_an_error():
    few: dict[str, list[Predicted]] = {key: [] for key in CLASSES}
    with pytest.raises(ValueError, match="measurements: no class of 'prefill' has 5 rows"):
        spreads(few | {"engine measured": rows(0.1)})
