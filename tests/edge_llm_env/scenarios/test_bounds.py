"""Every number of a scenario has both bounds, and what several make together is refused where it cannot be held."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from edge_llm_env import Scenario, ScenarioError, load_scenario
from edge_llm_env.scenarios.loading import preset_content


def numbers(schema: dict[str, Any], where: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every schema of a number below a JSON schema, with the place it stands at."""
    if schema.get("type") in ("number", "integer") and not schema.keys() & {"const", "enum"}:
        yield where, schema
    for key, below in schema.items():
        for at, part in enumerate(below) if isinstance(below, list) else [("", below)]:
            if isinstance(part, dict):
                yield from numbers(part, f"{where}.{key}.{at}".strip("."))


@pytest.mark.parametrize(("where", "schema"), list(numbers(Scenario.model_json_schema())))
def test_every_number_is_bounded_on_both_sides(where: str, schema: dict[str, Any]) -> None:
    assert schema.keys() & {"minimum", "exclusiveMinimum"}, where
    assert schema.keys() & {"maximum", "exclusiveMaximum"}, where


@pytest.mark.parametrize(
    ("overrides", "complaint"),
    [
        ({"radio.node_power_dbm": 4000}, "radio.node_power_dbm = 4000: must be at most 100"),
        ({"workload.arrivals.rate_per_s": 1e12}, "rate_per_s = 1000000000000.0: must be at most 1e+06"),
        (
            {"workload.arrivals.rate_per_s": 1e6, "epoch.episode_epochs": 1000},
            "workload.arrivals: 2.002e+09 requests are expected in the 2002 s of an episode "
            "(epoch.episode_epochs = 1000, epoch.epoch_s = 2), of 57 bytes each: must be at most 37,675,151",
        ),
        (
            {"workload.latency_requirement_s": {"low": 2, "high": 1e9}, "epoch.episode_epochs": 10**9},
            "workload.latency_requirement_s.high = 1e+09: a request can wait at 500,000,000 starts of epochs "
            "(epoch.epoch_s = 2, epoch.episode_epochs = 1000000000), must be at most 1,000,000",
        ),
        (
            {
                "workload.arrivals": {
                    "kind": "markov_modulated", "rates_per_s": [1, 2], "mean_sojourns_s": [1e-6, 1e-6]
                }
            },
            "the state would change 1.02e+08 times in the 102 s of an episode, must be at most 1,000,000 times",
        ),
    ],
)  # fmt: skip
def test_what_is_absurd_is_refused_with_the_number(overrides: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        load_scenario("carry-over", **overrides)
    assert complaint in str(caught.value)


CROWD = preset_content("hotspot")["network"]["crowds"][0]
SOJOURNS = {"kind": "markov_modulated", "rates_per_s": [1, 2], "mean_sojourns_s": [1e-6, 1e-6]}


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        (
            {"mean_stays_s": [1e-6] * len(CROWD["mean_stays_s"])},
            r"network\.crowds\[0\]\.mean_stays_s = .*: they would go to another cell 1\.02e\+08 times in the 102 s",
        ),
        (
            {"arrivals": SOJOURNS},
            r"network\.crowds\[0\]\.arrivals\.mean_sojourns_s = .*: the state would change 1\.02e\+08 times in",
        ),
    ],
)
def test_a_crowd_is_bounded_as_a_cell_is(changes: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ScenarioError, match=complaint):
        load_scenario("hotspot", **{"network.crowds": [CROWD | changes]})


@pytest.mark.parametrize("content", [{}, {"name": "x"}, {"name": 3, "epoch": 4}, {"epoch": {"epoch_s": 10**400}}])
def test_the_constructor_says_in_one_line_what_is_wrong(content: dict[str, Any]) -> None:
    with pytest.raises(ScenarioError) as caught:
        Scenario(**content)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 300
