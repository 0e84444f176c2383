"""The recorded comparison in unit time is of as many instances as the page says, and nobody is out of order in it."""

from __future__ import annotations

from experiments.pages.recorded import recorded


def test_what_is_recorded_of_tiny_instances_stands_in_order() -> None:
    record = recorded("unit_time")
    assert record["settings"]["instances"] >= 500
    assert (record["rule_above_optimum"], record["optimum_above_bound"]) == (0, 0)
    assert max(record["rules"].values()) <= record["optimum"] <= record["bound"]
