from __future__ import annotations

import json
import pickle
import tomllib
from importlib.resources import files
from math import prod
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from edge_llm_env import Scenario, ScenarioError, list_scenarios, load_scenario
from edge_llm_env.inference.factors.fitted import fitted_effects
from tests.support.helpers import ROOFLINE, load_preset


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


def test_fingerprints_of_presets_differ(tmp_path: Path):
    fingerprints = {name: load_preset(name, tmp_path).fingerprint() for name in list_scenarios()}
    for name in list_scenarios():
        if (extended := extended_unchanged(name)) is not None:
            assert fingerprints.pop(name) == fingerprints[extended]
    assert len(set(fingerprints.values())) == len(fingerprints)


def extended_unchanged(preset: str) -> str | None:
    """The preset that this one extends without changing a value: another name for another environment."""
    text = files("edge_llm_env.scenarios").joinpath("presets", f"{preset}.toml").read_text(encoding="utf-8")
    content = tomllib.loads(text)
    changed = content.keys() - {"extends", "name", "description", "provenance"}
    return None if changed else content["extends"]


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
    from edge_llm_env.scenarios import hosting

    before = load_scenario("carry-over").fingerprint()
    original = hosting.load_device
    monkeypatch.setattr(
        hosting, "load_device", lambda name: original(name).model_copy(update={"fp16_flops_per_s": 1.34e12})
    )
    assert load_scenario("carry-over").fingerprint() != before


def test_horizon_reaches_one_epoch_past_the_last():
    # 50 epochs of 2 s, the first starting at 2 s; the final observation is of the epoch that starts at 102 s
    assert load_scenario("carry-over").horizon_s == 102.0


def test_the_cost_model_decides_what_a_batch_costs():
    plain = {"node.cost_model": "paper", "node.decoder": "bloom-7b1", "node.precision": "w8a16"}
    paper = load_scenario("carry-over", **(ROOFLINE | plain))
    roofline = load_scenario("carry-over", **ROOFLINE)
    assert set(paper.batch_cost.compute_s.base) == {0.0}
    # 127 decode steps of one request, each at least the time to read 4.76 GB at 204.8 GB/s
    assert roofline.batch_cost.compute_s.base(128, 128) > 127 * 4.76e9 / 204.8e9
    assert paper.fingerprint() != roofline.fingerprint()


def test_a_decoder_can_be_a_hugging_face_config(tmp_path: Path):
    config = {"model_type": "bloom", "n_layer": 30, "hidden_size": 2560, "n_head": 32, "vocab_size": 250880}
    (tmp_path / "config.json").write_text(json.dumps(config))
    mine = load_scenario("carry-over", **{"node.decoder": str(tmp_path / "config.json")})
    assert mine.batch_cost == load_scenario("carry-over").batch_cost
    overrides = {"node.decoder": mine.node.decoder, "node.precision": "w4a16-awq"}
    with pytest.raises(ScenarioError, match=r"node\.precision = 'w4a16-awq': no perplexity increase .* is known"):
        load_scenario("carry-over", **overrides)
    assert load_scenario("carry-over", **overrides, **{"node.perplexity_increase": 1.0}).quantization.accuracy == 0.5


def test_a_broken_hugging_face_config_is_an_error_of_one_line(tmp_path: Path):
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(
        ScenarioError, match=r"^scenario carry-over: node\.decoder: .*config\.json: model_type is missing$"
    ):
        load_scenario("carry-over", **{"node.decoder": str(tmp_path / "config.json")})


def test_the_roofline_model_counts_the_runtime_beside_the_weights():
    # 5.809e9 bytes of weights, by hand in tests/inference/test_work.py, do not fit 6e9 with a runtime
    with pytest.raises(
        ScenarioError, match=r"the runtime and the weights of llama-3.1-8b at w4a16-awq need 6\.[5-9]\d+e\+09"
    ):
        load_scenario("carry-over", **(ROOFLINE | {"node.memory_bytes_per_module": 6e9}))


def test_each_module_of_a_variant_holds_weights_and_a_runtime_of_its_own():
    overrides = {"node.modules": 4, "node.storage_bandwidth_bytes_per_s": 1e9}
    (variant,) = load_scenario("carry-over", **(ROOFLINE | overrides)).variants
    # 5.809e9 bytes of weights, by hand in tests/inference/test_work.py; the runtime is not loaded from storage
    assert variant.weight_bytes == pytest.approx(5.809e9, rel=1e-4)
    names = ("held_weights", "held_weights/engine_kind/compiled"), ("held_runtime", "held_runtime/engine_kind/compiled")
    weights, runtime = (prod(fitted_effects()[name] for name in both) for both in names)
    assert variant.module_bytes == pytest.approx(5.809e9 * weights + 1e9 * runtime, rel=1e-4)
    assert variant.load_s == pytest.approx(5.809, rel=1e-4)


def test_only_variant_is_the_decoder_at_its_own_perplexity_increase():
    (variant,) = load_scenario("carry-over", **{"node.perplexity_increase": 0.25}).variants
    assert (variant.decoder, variant.precision, variant.accuracies) == ("bloom-3b", "w16a16", (0.8,))


# --- engines, and what was measured

DECODE = "decode 20 tokens/s at batch 1"


def orin(**overrides: Any) -> Scenario:
    return load_scenario("carry-over", **(ROOFLINE | {f"node.{field}": value for field, value in overrides.items()}))


def a_pass_s(scenario: Scenario) -> float:
    cost = scenario.batch_cost.compute_s
    return cost.of_equals(1, 511, 2) - cost.of_equals(1, 511, 1)


@pytest.mark.parametrize(
    ("field", "value", "problem"),
    [
        ("engine", "vlm", "node.engine = 'vlm': must be one of .*vllm"),
        ("measured", ["decode fast"], r"node\.measured = 'decode fast': must be written as decode 38 tokens/s at"),
        ("measured", [DECODE, "prefill 0 s"], r"node\.measured = 'prefill 0 s': value and batch must be above 0"),
    ],
)
def test_an_unknown_engine_or_a_measurement_that_cannot_be_read_is_an_error_that_names_it(
    field: str, value: Any, problem: str
):
    with pytest.raises(ScenarioError, match=problem) as caught:
        orin(**{field: value})
    assert "\n" not in str(caught.value)


def test_what_was_measured_on_the_node_is_what_its_batches_take():
    assert a_pass_s(orin()) != pytest.approx(1 / 20, rel=0.1)
    assert a_pass_s(orin(measured=[DECODE])) == pytest.approx(1 / 20, rel=0.02)
    assert orin(measured=[DECODE]).fingerprint() != orin().fingerprint()


def test_engines_change_what_batches_take_under_roofline_alone():
    assert orin(engine="transformers").fingerprint() != orin().fingerprint()
    paper = load_scenario("carry-over")
    assert load_scenario("carry-over", **{"node.engine": "transformers"}).fingerprint() == paper.fingerprint()


def test_measurements_that_a_cost_model_does_not_heed_are_refused():
    message = r"node\.measured = \['decode 20 tokens/s'\]: changes nothing with cost_model = \"paper\"; .* \"roofline\""
    with pytest.raises(ScenarioError, match=message):
        load_scenario("carry-over", **{"node.measured": ["decode 20 tokens/s"]})


def test_measurements_are_of_the_node_s_own_decoder_and_precision():
    hosted = [
        {"decoder": "llama-3.1-8b", "precision": "w4a16-awq", "perplexity_increase": 0.5},
        {"decoder": "llama-3.1-8b", "precision": "w8a16", "perplexity_increase": 0.1},
        {"decoder": "llama-3.2-1b", "precision": "w4a16-awq", "perplexity_increase": 4.0},
    ]
    node = {"variants": hosted, "storage_bandwidth_bytes_per_s": 1e9}
    before, after = (orin(**node, **measured).variants for measured in ({}, {"measured": [DECODE]}))
    changed = {
        (one.decoder, one.precision): one.batch_cost != other.batch_cost
        for one, other in zip(sorted(before), sorted(after), strict=True)
    }
    assert changed == {
        ("llama-3.1-8b", "w4a16-awq"): True,
        ("llama-3.1-8b", "w8a16"): False,
        ("llama-3.2-1b", "w4a16-awq"): False,
    }


def test_a_mixture_s_costs_are_exact_at_the_most_requests_that_a_batch_can_have():
    mixture = {"decoder": "mixtral-8x7b", "precision": "w8a16"}
    node = ROOFLINE | {f"node.{field}": value for field, value in mixture.items()}
    few, many = (load_scenario("carry-over", **(node | {"epoch.visible_slots": slots})) for slots in (4, 32))
    alone = [one.batch_cost.compute_s.of_equals(1, 100, 100) for one in (few, many)]
    assert alone[0] == pytest.approx(alone[1], rel=1e-12)
    four = [one.batch_cost.compute_s.of_equals(4, 100, 100) for one in (few, many)]
    assert four[0] > four[1]
    # memory for few requests counts as few slots do
    held = few.batch_cost.memory_bytes
    shortest = few.workload.shortest_prompt_tokens
    limit = held.base(shortest, 1) + 4.5 * held.marginal(shortest, 1)
    tight = load_scenario("carry-over", **(node | {"epoch.visible_slots": 32, "node.memory_bytes_per_module": limit}))
    assert tight.batch_cost.compute_s == few.batch_cost.compute_s


PAPER_FINGERPRINTS = {
    "carry-over": "aaf13a7a6399fbf5c7a2c62726d3230d3fefca934803aaaa845e29968a194645",
    "paper-opt-13b": "1f10034278ba1a5694e729ecfdc03b22a5993fc8a4bee665d1bbf24b9b34e2c0",
    "accuracy-tiers": "40dd67720701a437183847e1f364bdad212516f0d88220b9ec8efd98103d85d1",
}
"""As before there were engines; environments under `paper` are those of earlier versions."""


@pytest.mark.parametrize("name", PAPER_FINGERPRINTS)
def test_engines_and_measurements_left_scenarios_of_the_paper_s_cost_model_as_they_were(name: str):
    assert load_scenario(name).fingerprint() == PAPER_FINGERPRINTS[name]
