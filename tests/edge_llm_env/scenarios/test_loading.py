from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from edge_llm_env import ScenarioError, list_scenarios, load_scenario


def error_of(scenario: Any, **overrides: Any) -> str:
    """The message of the error that loading gives: always one line."""
    with pytest.raises(ScenarioError) as caught:
        load_scenario(scenario, **overrides)
    message = str(caught.value)
    assert "\n" not in message
    return message


def written(folder: Path, text: str, name: str = "mine.toml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


# --- what loads


def test_scenario_is_passed_through():
    scenario = load_scenario("carry-over")
    assert load_scenario(scenario) is scenario


def test_overrides_change_the_named_fields_only():
    changed = load_scenario("carry-over", **{"workload.arrivals.rate_per_s": 20, "node.modules": 10})
    assert (changed.workload.arrivals.rate_per_s, changed.node.modules) == (20.0, 10)
    restored = load_scenario(changed, **{"workload.arrivals.rate_per_s": 5, "node.modules": 20})
    assert restored.fingerprint() == load_scenario("carry-over").fingerprint()


def test_overriding_a_scenario_leaves_it_as_it_was():
    scenario = load_scenario("carry-over")
    load_scenario(scenario, **{"workload.arrivals.rate_per_s": 20})
    assert scenario.workload.arrivals.rate_per_s == 5.0


def test_section_given_whole_can_be_overridden_in_part_and_stays_as_it_was():
    reward = {"served": 0.0}
    assert load_scenario("carry-over", **{"reward": reward, "reward.tokens": 1.0}).reward.tokens == 1.0
    assert reward == {"served": 0.0}


def test_whole_section_can_be_overridden():
    reward = {"served": 0.0, "tokens": 1.0}
    assert load_scenario("carry-over", reward=reward).reward.tokens == 1.0


def test_file_extends_a_preset(tmp_path: Path):
    path = written(tmp_path, 'extends = "carry-over"\n[workload]\nprompt_tokens = [64]\n')
    scenario, preset = load_scenario(path), load_scenario("carry-over")
    assert scenario.workload.prompt_tokens == (64,)
    assert scenario.workload.output_tokens == preset.workload.output_tokens
    assert scenario.node == preset.node


def test_table_without_a_kind_changes_keys_of_the_one_that_it_extends(tmp_path: Path):
    text = 'extends = "embedding-uplink"\n[radio]\nfading = { user_speed_m_per_s = 1.5 }\n'
    fading = load_scenario(written(tmp_path, text)).radio.fading
    assert fading.model_dump() == {"kind": "rayleigh", "user_speed_m_per_s": 1.5}
    text = 'extends = "embedding-uplink"\n[radio]\nfading = { kind = "rayleigh" }\n'
    assert load_scenario(written(tmp_path, text)).radio.fading.user_speed_m_per_s is None


def test_range_is_replaced_whole(tmp_path: Path):
    text = 'extends = "carry-over"\n[workload]\nlatency_requirement_s = { high = 9.0 }\n'
    assert "workload.latency_requirement_s.low: is required" in error_of(written(tmp_path, text))


def test_file_is_named_after_itself_unless_it_says_otherwise(tmp_path: Path):
    assert load_scenario(written(tmp_path, 'extends = "carry-over"\n', "busy.toml")).name == "busy"
    assert load_scenario(written(tmp_path, 'extends = "carry-over"\nname = "calm"\n')).name == "calm"


def test_path_may_be_a_string(tmp_path: Path):
    path = written(tmp_path, 'extends = "carry-over"\n')
    assert load_scenario(str(path)) == load_scenario(path)


def test_file_replaces_a_distribution_whole(tmp_path: Path):
    path = written(tmp_path, 'extends = "carry-over"\n[workload]\nlatency_requirement_s = { low = 3.0, high = 3.5 }\n')
    assert load_scenario(path).workload.latency_requirement_s.model_dump() == {"low": 3.0, "high": 3.5}


def test_half_a_distribution_is_not_completed_from_the_preset(tmp_path: Path):
    path = written(tmp_path, 'extends = "carry-over"\n[workload]\nlatency_requirement_s = { low = 3.0 }\n')
    assert "workload.latency_requirement_s.high: is required" in error_of(path)


def test_overrides_apply_to_a_file_too(tmp_path: Path):
    path = written(tmp_path, 'extends = "carry-over"\n')
    assert load_scenario(path, **{"epoch.visible_slots": 7}).epoch.visible_slots == 7


# --- what does not


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("radio.uplink_bandwidth_hz", -20e6, "radio.uplink_bandwidth_hz = -20000000.0: must be at least 1"),
        ("radio.uplink_bandwidth_hz", float("inf"), "radio.uplink_bandwidth_hz = inf: must be a finite number"),
        ("radio.node_power_dbm", float("nan"), "radio.node_power_dbm = nan: must be a finite number"),
        ("node.modules", 0, "node.modules = 0: must be at least 1"),
        ("node.modules", 2.5, "node.modules = 2.5: must be a whole number"),
        ("epoch.visible_slots", 5000, "epoch.visible_slots = 5000: must be at most 4096"),
        ("epoch.episode_epochs", -1, "epoch.episode_epochs = -1: must be at least 1"),
        ("workload.prompt_tokens", [], "workload.prompt_tokens = []: tuple should have at least 1 item"),
        (
            "workload.prompt_tokens",
            "long",
            "workload.prompt_tokens = 'long': must be a list of token counts, or \"trace\"",
        ),
        (
            "workload.output_tokens",
            "trace",
            'workload.output_tokens = "trace": must go with arrivals.kind = "trace", not "poisson"',
        ),
        ("workload.prompt_tokens", [128, -1], "workload.prompt_tokens.1 = -1: must be greater than 0"),
        ("node.prompt_padding", "max", "node.prompt_padding = 'max': input should be 'none', 'batch_max' or 'fixed'"),
        ("node.cost_model", "guess", "node.cost_model = 'guess': input should be 'paper'"),
        ("radio.path_loss.slope_db", 0, "radio.path_loss.slope_db = 0: must be at least 0.001"),
        (
            "radio.path_loss",
            {"kind": "umi", "user_height_m": 30.0},
            "radio.path_loss.user_height_m = 30.0: must be at most 22.5",
        ),
        (
            "radio.path_loss.kind",
            "rma",
            "radio.path_loss.kind = 'rma': must be one of 'log_distance', 'uma', 'umi'",
        ),
        ("radio.path_loss", {}, "radio.path_loss.kind: is required"),
        ("radio.fading", {"kind": "rician"}, "radio.fading.k_factor_db: is required"),
        (
            "radio.fading.user_speed_m_per_s",
            -1.0,
            "radio.fading.user_speed_m_per_s = -1.0: must be at least 0",
        ),
        (
            "radio.max_spectral_efficiency_bits_per_s_per_hz",
            0,
            "radio.max_spectral_efficiency_bits_per_s_per_hz = 0: must be at least 0.001",
        ),
        ("workload.arrivals.kind", "bursts", "workload.arrivals.kind = 'bursts': must be one of 'poisson'"),
        (
            "workload.arrivals",
            {"kind": "diurnal", "rate_per_s": 1.0, "amplitude": 1.5, "period_s": 10.0},
            "workload.arrivals.amplitude = 1.5: must be at most 1",
        ),
        (
            "workload.arrivals",
            {"kind": "markov_modulated", "rates_per_s": [1.0, 2.0], "mean_sojourns_s": [1.0, 2.0, 3.0]},
            "workload.arrivals: rates_per_s has 2 states: must have as many as mean_sojourns_s, which has 3",
        ),
        (
            "workload.arrivals",
            {"kind": "markov_modulated", "rates_per_s": [0.0, 0.0], "mean_sojourns_s": [1.0, 2.0]},
            "workload.arrivals: rates_per_s: must be greater than 0 in one state at least",
        ),
        (
            "workload.arrivals",
            {"kind": "markov_modulated", "rates_per_s": [5.0], "mean_sojourns_s": [1.0]},
            "workload.arrivals.rates_per_s = [5.0]: tuple should have at least 2 items",
        ),
        ("workload.arrivals.rate_per_s", 0, "workload.arrivals.rate_per_s = 0: must be at least 1e-09"),
        ("reward.served", "much", "reward.served = 'much': must be a number"),
    ],
)
def test_value_out_of_range_names_the_field_and_what_is_allowed(field: str, value: Any, message: str):
    assert message in error_of("carry-over", **{field: value})


@pytest.mark.parametrize(
    ("override", "key", "hint"),
    [
        ("radio.uplink_bandwith_hz", "radio.uplink_bandwith_hz", "did you mean uplink_bandwidth_hz?"),
        ("epoch.visible_slot", "epoch.visible_slot", "did you mean visible_slots?"),
        ("radio.path_loss.slope", "radio.path_loss.slope", "did you mean slope_db?"),
        ("workload.arrivals.rate", "workload.arrivals.rate", "allowed are kind, rate_per_s"),
        ("reward.penalty", "reward.penalty", "allowed are served, tokens, energy, expired"),
        ("rewards.served", "rewards", "did you mean reward?"),
    ],
)
def test_typo_in_a_key_names_it_and_what_is_allowed(override: str, key: str, hint: str):
    message = error_of("carry-over", **{override: 1.0})
    assert message.startswith(f"scenario carry-over: {key}: no such key; allowed are ")
    assert hint in message


def test_typo_in_a_file_names_the_scenario_and_the_key(tmp_path: Path):
    path = written(tmp_path, 'extends = "carry-over"\n[node]\ndecodr = "bloom-3b"\n')
    assert error_of(path).startswith("scenario mine: node.decodr: no such key; allowed are device, ")


def test_typo_in_a_provenance_entry_names_what_is_allowed():
    entry = {"source": "a book", "assumed": False, "sauce": "tomato"}
    assert "allowed are source, assumed" in error_of("carry-over", provenance={"epoch.epoch_s": entry})


def test_provenance_of_a_field_that_does_not_exist_is_an_error():
    entry = {"source": "a book", "assumed": False}
    message = error_of("carry-over", provenance={"epoch.lenght_s": entry})
    assert "provenance.epoch.lenght_s: must name a field of the scenario" in message


@pytest.mark.parametrize("downlink_s", [1.75, 1.9])
def test_epoch_without_time_to_compute_is_an_error(downlink_s: float):
    message = error_of("carry-over", **{"epoch.downlink_s": downlink_s})
    assert f"epoch.uplink_s + epoch.downlink_s = {0.25 + downlink_s:g}: must be less than epoch.epoch_s = 2" in message


def test_weights_that_do_not_fit_say_how_much_memory_they_need():
    # BLOOM-3B at 16 bits: 4.719e9 bytes over 20 modules, 2.359e8 each
    message = error_of("carry-over", **{"node.memory_bytes_per_module": 0.2e9})
    assert "node.memory_bytes_per_module = 2e+08: the weights of bloom-3b at w16a16 need 4.719e+09 bytes" in message
    assert message.endswith("20 modules must have at least 2.359e+08 each")


def test_weights_that_just_fit_are_allowed():
    assert load_scenario("carry-over", **{"node.memory_bytes_per_module": 4_718_592_000 / 20}).node.modules == 20


@pytest.mark.parametrize(
    ("field", "name", "choices"),
    [
        ("decoder", "bloom-3", r"the \d+ that `edge-llm catalog decoders` lists; the closest: bloom-3b"),
        ("device", "tx2", r"the \d+ that `edge-llm catalog devices` lists; the closest: jetson-tx2"),
        ("precision", "int8", r"the \d+ that `edge-llm catalog precisions` lists; the closest: .*w8a8-bnb-int8"),
        ("engine", "vlm", r"the \d+ that `edge-llm catalog engines` lists; the closest: vllm"),
    ],
)
def test_unknown_catalogue_name_offers_the_closest(field: str, name: str, choices: str):
    message = error_of("carry-over", **{f"node.{field}": name})
    assert re.search(f"node.{field} = {name!r}: must be one of {choices}", message)


def test_range_upside_down_is_an_error():
    message = error_of("carry-over", **{"workload.latency_requirement_s": {"low": 6, "high": 2}})
    assert "workload.latency_requirement_s: low = 6: must be at most high = 2" in message


def test_latency_of_zero_is_an_error():
    message = error_of("carry-over", **{"workload.latency_requirement_s": {"low": 0, "high": 2}})
    assert "workload.latency_requirement_s: [0, 2]: must lie in [1e-06, 1e+09] s" in message


def test_accuracy_beyond_one_is_an_error():
    message = error_of("carry-over", **{"workload.accuracy_requirement": {"low": 0.5, "high": 2}})
    assert "workload.accuracy_requirement: [0.5, 2]: must lie in [0, 1]" in message


def test_cell_without_an_area_is_an_error():
    message = error_of("carry-over", **{"radio.min_distance_m": 500.0})
    assert "radio.min_distance_m = 500: must be less than radio.cell_radius_m = 500" in message


@pytest.mark.parametrize(
    ("field", "value", "allowed"),
    [
        ("carrier_frequency_hz", 400e6, "[5e+08, 1e+11]"),
        ("min_distance_m", 5.0, "[10, 5000]"),
        ("cell_radius_m", 6000.0, "[10, 5000]"),
    ],
)
def test_urban_model_outside_its_range_is_an_error(field: str, value: float, allowed: str):
    message = error_of("carry-over", **{"radio.path_loss": {"kind": "uma"}, f"radio.{field}": value})
    assert message.endswith(f'radio.{field} = {value:g}: must lie in {allowed} with path_loss.kind = "uma"')


@pytest.mark.parametrize(("padding", "length"), [("fixed", None), ("none", 512), ("batch_max", 512)])
def test_fixed_length_is_given_with_fixed_padding_and_only_then(padding: str, length: int | None):
    message = error_of("carry-over", **{"node.prompt_padding": padding, "node.fixed_prompt_tokens": length})
    assert f"node.fixed_prompt_tokens = {length}: must be given with prompt_padding" in message


def test_fixed_length_that_cuts_prompts_off_is_an_error():
    message = error_of("carry-over", **{"node.prompt_padding": "fixed", "node.fixed_prompt_tokens": 256})
    assert "node.fixed_prompt_tokens = 256: must be at least the longest of workload.prompt_tokens = 512" in message


def test_missing_section_is_an_error(tmp_path: Path):
    assert "mine: description: is required" in error_of(written(tmp_path, ""))
    assert "mine: epoch: is required" in error_of(written(tmp_path, 'description = "nothing else"\n'))


def test_value_in_place_of_a_section_is_an_error(tmp_path: Path):
    assert "mine: radio = 5: input should be" in error_of(written(tmp_path, 'extends = "carry-over"\nradio = 5\n'))


def test_override_below_a_value_is_an_error():
    message = error_of("carry-over", **{"epoch.epoch_s.length": 3})
    assert message == "override epoch.epoch_s.length = 3: epoch_s is a value, not a section"


def test_unknown_preset_names_the_closest_and_what_lists_all():
    message = error_of("cary-over")
    listing = f"must be one of the {len(list_scenarios())} that `edge-llm list scenarios` lists"
    assert message.startswith(f"scenario = 'cary-over': {listing}; the closest: carry-over, ")
    assert message.endswith("; or a path that ends in .toml")


def test_missing_file_is_an_error(tmp_path: Path):
    assert error_of(tmp_path / "nowhere.toml") == f"scenario {tmp_path / 'nowhere.toml'}: No such file or directory"


def test_folder_in_place_of_a_file_is_an_error(tmp_path: Path):
    (tmp_path / "folder.toml").mkdir()
    assert "folder.toml: Is a directory" in error_of(tmp_path / "folder.toml")


def test_file_that_is_not_toml_is_an_error_that_says_where(tmp_path: Path):
    assert "mine.toml: " in (message := error_of(written(tmp_path, 'extends = "carry-over"\n[node\n')))
    assert "line 2" in message


def test_file_that_is_not_text_is_an_error(tmp_path: Path):
    path = tmp_path / "binary.toml"
    path.write_bytes(b"\xff\xfe\x00")
    assert "binary.toml: " in error_of(path)


@pytest.mark.parametrize("base", ['"cary-over"', "5", '["carry-over"]'])
def test_extending_what_does_not_exist_says_what_lists_the_choices(tmp_path: Path, base: str):
    message = error_of(written(tmp_path, f"extends = {base}\n"))
    assert message.startswith("extends = ")
    assert f"must be one of the {len(list_scenarios())} " in message
    assert "that `edge-llm list scenarios` lists" in message


def test_a_value_that_is_changed_does_not_keep_the_source_of_the_one_before(tmp_path: Path):
    before = load_scenario("carry-over").provenance["workload.arrivals"]
    path = written(tmp_path, 'extends = "carry-over"\n[workload]\narrivals = { rate_per_s = 6.0 }\n')
    for changed in (
        load_scenario("carry-over", **{"workload.arrivals.rate_per_s": 6.0}),
        load_scenario("carry-over", workload=load_scenario("bursty").workload.model_dump()),
        load_scenario(load_scenario(path), **{"workload.arrivals.rate_per_s": 7.0}),
        load_scenario(path),
    ):
        said = changed.provenance["workload.arrivals"]
        assert said.source == f"changed by the user; before: {before.source}"
        assert changed.provenance["epoch.epoch_s"] == load_scenario("carry-over").provenance["epoch.epoch_s"]


def test_a_value_that_is_changed_can_bring_its_source(tmp_path: Path):
    source = '"epoch.visible_slots" = { source = "mine", assumed = true }'
    path = written(tmp_path, f'extends = "carry-over"\n[epoch]\nvisible_slots = 8\n[provenance]\n{source}\n')
    assert load_scenario(path).provenance["epoch.visible_slots"].source == "mine"


def test_a_file_may_begin_with_a_byte_order_mark_and_stand_at_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "mine.toml").write_bytes(b"\xef\xbb\xbf" + b'extends = "carry-over"\n')
    monkeypatch.setenv("HOME", str(tmp_path))
    assert load_scenario("~/mine.toml").fingerprint() == load_scenario("carry-over").fingerprint()
