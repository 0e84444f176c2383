from __future__ import annotations

import pickle
from typing import Any

import pytest
from pydantic import ValidationError

from edge_llm_env import list_scenarios, load_scenario


def test_scenario_and_its_sections_are_frozen():
    scenario = load_scenario("carry-over")
    with pytest.raises(ValidationError, match="frozen"):
        scenario.name = "mine"
    with pytest.raises(ValidationError, match="frozen"):
        scenario.workload.arrivals.rate_per_s = 50.0


@pytest.mark.parametrize("used", [False, True])
def test_scenario_pickles(used: bool):
    scenario = load_scenario("carry-over")
    if used:
        assert scenario.batch_cost.compute_s.marginal(1, 2) > 0
    copy = pickle.loads(pickle.dumps(scenario))
    assert copy == scenario
    assert copy.fingerprint() == scenario.fingerprint()


def test_fingerprints_of_presets_differ():
    assert len({load_scenario(name).fingerprint() for name in list_scenarios()}) == len(list_scenarios())


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("epoch.epoch_s", 2.5),
        ("epoch.episode_epochs", 51),
        ("epoch.visible_slots", 33),
        ("node.modules", 21),
        ("node.precision", "w8a16"),
        ("node.prompt_padding", "batch_max"),
        ("radio.node_power_dbm", 44.0),
        ("radio.reciprocal_fading", False),
        ("radio.path_loss", {"kind": "umi"}),
        ("radio.fading.user_speed_m_per_s", 1.0),
        ("radio.max_spectral_efficiency_bits_per_s_per_hz", 7.4),
        ("workload.arrivals.rate_per_s", 5.1),
        ("workload.prompt_tokens", [128]),
        ("workload.latency_requirement_s.high", 6.5),
        ("reward.expired", -1.0),
    ],
)
def test_fingerprint_changes_with_a_value_that_shapes_the_environment(field: str, value: Any):
    scenario = load_scenario("carry-over")
    assert load_scenario(scenario, **{field: value}).fingerprint() != scenario.fingerprint()


@pytest.mark.parametrize("field", ["name", "description"])
def test_fingerprint_does_not_change_with_words(field: str):
    scenario = load_scenario("carry-over")
    assert load_scenario(scenario, **{field: "other words"}).fingerprint() == scenario.fingerprint()


def test_fingerprint_does_not_change_with_provenance():
    scenario = load_scenario("carry-over")
    assert load_scenario(scenario, provenance={}).fingerprint() == scenario.fingerprint()


def test_fingerprint_changes_with_the_catalogue(monkeypatch: pytest.MonkeyPatch):
    """A corrected datasheet value is another environment, though the scenario's text is the same."""
    from edge_llm_env.scenarios import schema

    before = load_scenario("carry-over").fingerprint()
    original = schema.load_device
    monkeypatch.setattr(
        schema, "load_device", lambda name: original(name).model_copy(update={"fp16_flops_per_s": 1.34e12})
    )
    assert load_scenario("carry-over").fingerprint() != before


def test_horizon_reaches_one_epoch_past_the_last():
    # 50 epochs of 2 s, the first starting at 2 s; the final observation is of the epoch that starts at 102 s
    assert load_scenario("carry-over").horizon_s == 102.0
