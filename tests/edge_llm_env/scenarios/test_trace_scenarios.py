"""Scenarios that replay a trace."""

from __future__ import annotations

import pickle
import shutil
import warnings
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest

from edge_llm_env import Scenario, ScenarioError, TraceWarning, draw_workload, load_scenario
from tests.support.helpers import AZURE_TRACE, assert_same, load_preset

REPLAYED = {"workload.prompt_tokens": "trace", "workload.output_tokens": "trace"}


def trace_scenario(path: Path | None, **overrides: Any) -> Scenario:
    arrivals = {"kind": "trace", "format": "azure"} | ({} if path is None else {"path": str(path)})
    return load_scenario("carry-over", **({"workload.arrivals": arrivals} | REPLAYED | overrides))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "trace.csv").write_text(AZURE_TRACE)
    return tmp_path / "trace.csv"


def test_episode_is_a_window_of_the_trace(path: Path):
    scenario = trace_scenario(path)
    trace = scenario.workload.arrivals.part
    drawn = draw_workload(scenario, np.random.default_rng(1)).validate()
    # one request in each second: 102 s have 101 to 103
    assert 101 <= drawn.requests <= 103
    starts = [
        first
        for first in range(len(trace.arrival_s) - drawn.requests)
        if np.array_equal(trace.prompt_tokens[first : first + drawn.requests], drawn.prompt_tokens)
        and np.array_equal(trace.output_tokens[first : first + drawn.requests], drawn.output_tokens)
        and np.allclose(np.diff(trace.arrival_s[first : first + drawn.requests]), np.diff(drawn.arrival_s))
    ]
    assert starts


def test_windows_are_chosen_by_the_seed(path: Path):
    scenario = trace_scenario(path)
    one, same, other = (draw_workload(scenario, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert_same(vars(one), vars(same))
    assert not np.array_equal(one.prompt_tokens[:50], other.prompt_tokens[:50])


def test_lengths_may_be_drawn_while_arrivals_are_replayed(path: Path):
    listed = {"workload.prompt_tokens": [5, 6]}
    replayed, mixed = (
        draw_workload(trace_scenario(path, **changes), np.random.default_rng(1)) for changes in ({}, listed)
    )
    assert set(mixed.prompt_tokens.tolist()) == {5, 6}
    for field, values in vars(mixed).items():
        assert np.array_equal(values, getattr(replayed, field)) == (field != "prompt_tokens"), field


def test_settings_scale_and_cut(path: Path):
    changes = {"time_scale": 0.25, "max_prompt_tokens": 300, "max_output_tokens": 50, "start_offset_s": 3600.0}
    scenario = trace_scenario(path, **{f"workload.arrivals.{field}": value for field, value in changes.items()})
    assert scenario.workload.arrivals.mean_rate_per_s == pytest.approx(4.0, rel=1e-3)
    assert (scenario.workload.longest_prompt_tokens, scenario.workload.longest_output_tokens) == (300, 50)
    drawn = draw_workload(scenario, np.random.default_rng(1))
    assert drawn.requests == pytest.approx(4 * 102, abs=2)
    assert drawn.prompt_tokens.max() == 300


def test_lists_of_lengths_are_their_own_longest():
    workload = load_scenario("carry-over").workload
    assert (workload.longest_prompt_tokens, workload.longest_output_tokens) == (512, 512)


def test_fingerprint_is_of_the_content_and_not_of_the_path(path: Path):
    scenario = trace_scenario(path)
    moved = path.with_name("elsewhere.csv")
    shutil.copy(path, moved)
    assert trace_scenario(moved).fingerprint() == scenario.fingerprint()
    moved.write_text(AZURE_TRACE + "\n2023-11-17 00:00:00,7,8")
    assert trace_scenario(moved).fingerprint() != scenario.fingerprint()


def test_scenario_pickles_without_the_trace(path: Path):
    scenario = trace_scenario(path)
    draw_workload(scenario, np.random.default_rng(0))
    stored = pickle.dumps(scenario)
    assert len(stored) < 20_000
    assert pickle.loads(stored) == scenario


def test_environment_plays_a_trace(path: Path):
    env = gym.make("EdgeLLM/Batching-v0", scenario=trace_scenario(path, **{"epoch.episode_epochs": 5}))
    _, info = env.reset(seed=3)
    truncated = False
    while not truncated:
        _, _, _, truncated, info = env.step(int(info["action_mask"].argmax()))
    assert info["served"] > 0


def test_a_path_in_a_file_is_relative_to_that_file(path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir("/")
    text = 'extends = "azure-conversation"\n[workload]\narrivals = { path = "NAME" }\n'
    scenario = path.with_name("mine.toml")
    scenario.write_text(text.replace("NAME", path.name))
    assert load_scenario(scenario).workload.arrivals.path == str(path)
    scenario.write_text(text.replace("NAME", "elsewhere.csv"))
    with pytest.raises(ScenarioError, match=f"elsewhere.csv: there is no such file \\(tried {path.parent}/elsewhere"):
        load_scenario(scenario)
    monkeypatch.chdir(path.parent)  # what is overridden in Python starts where Python does
    assert load_scenario(scenario, **{"workload.arrivals.path": path.name}).workload.arrivals.path == str(path)
    assert load_scenario(scenario, **{"workload.arrivals.path": path}).workload.arrivals.path == str(path)


def test_preset_without_a_path_loads_with_that_of_the_user(tmp_path: Path):
    """What `load_preset` does for presets that replay a trace of the user's, with a file in a preset's place."""
    preset = tmp_path / "mine.toml"
    preset.write_text(
        'extends = "carry-over"\n[workload]\narrivals = { kind = "trace", format = "azure" }\n'
        'prompt_tokens = "trace"\noutput_tokens = "trace"\n'
    )
    with pytest.raises(ScenarioError) as caught:
        load_scenario(preset)
    assert str(caught.value) == (
        'scenario mine: workload.arrivals.path: is required, as in load_scenario(NAME, **{"workload.arrivals.path": '
        "FILE}); azure traces are public at https://github.com/Azure/AzurePublicDataset"
    )
    assert load_preset(str(preset), tmp_path).workload.arrivals.mean_rate_per_s == pytest.approx(1.0, rel=1e-3)


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"format": "mooncak"}, "workload.arrivals.format = 'mooncak': input should be 'azure', 'burstgpt' or"),
        ({"format": "burstgpt"}, "trace.csv, line 1: lacks Timestamp, Request tokens, Response tokens; columns are"),
        ({"path": "nowhere.csv"}, "nowhere.csv: there is no such file (tried /"),
        ({"start_offset_s": 20_000.0}, "workload.arrivals: start_offset_s = 20000: must be less than the 14399"),
        ({"duration_s": 60.0}, "workload.arrivals: the part of the trace lasts 60 s, scaled: must be at least the 102"),
        ({"time_scale": 0.0}, "workload.arrivals.time_scale = 0.0: must be at least 1e-12"),
        ({"max_prompt_tokens": 0}, "workload.arrivals.max_prompt_tokens = 0: must be greater than 0"),
    ],
)
def test_what_cannot_be_replayed_is_an_error_of_one_line(path: Path, changes: dict[str, Any], complaint: str):
    with pytest.raises(ScenarioError) as caught:
        trace_scenario(path, **{f"workload.arrivals.{field}": value for field, value in changes.items()})
    assert complaint in str(caught.value)
    assert "\n" not in str(caught.value)


def test_malformed_row_is_an_error_unless_it_is_skipped(path: Path):
    path.write_text(AZURE_TRACE + "\n2023-11-16 23:00:00,many,8")
    with pytest.raises(ScenarioError, match=r"trace\.csv, line 14402: ContextTokens = 'many': must be a whole number"):
        trace_scenario(path)
    with pytest.warns(TraceWarning) as warned:
        scenario = trace_scenario(path, **{"workload.arrivals.skip_bad_rows": True})
    assert scenario.fading_blocks == 3
    said = "1 of 14,401 rows left out: 1 malformed, 0 of no tokens, the first: line 14402: ContextTokens = 'many'"
    assert str(warned[0].message).startswith(f"trace {path}: {said}")


def test_what_a_scenario_does_not_replay_is_said_where_it_is_loaded(path: Path):
    rows = AZURE_TRACE.splitlines()
    rows[100], rows[101] = rows[101], rows[100]
    path.write_text("\n".join([*rows, "2023-11-16 23:00:00,0,8"]))
    part = {"skip_bad_rows": True, "start_offset_s": 60.0, "duration_s": 7200.0, "max_prompt_tokens": 300}
    with pytest.warns(
        TraceWarning, match="rows left out: 0 malformed, 1 of no tokens.*; 1 of 14,401 rows stood below a"
    ):
        scenario = trace_scenario(path, **{f"workload.arrivals.{field}": value for field, value in part.items()})
    account = scenario.workload.arrivals.account()
    lengths = np.array([int(row.split(",")[1]) for row in rows[61:7261]])
    assert [line.partition(" ")[0] for line in account] == ["1", "1", "7,200", f"{(lengths > 300).sum():,}"]
    assert account[2:] == [
        "7,200 requests outside the part used",
        f"{(lengths > 300).sum():,} prompts cut to 300 tokens",
    ]


def test_a_trace_that_is_replayed_as_it_is_written_has_nothing_said(path: Path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        scenario = trace_scenario(path)
    assert scenario.workload.arrivals.account() == ["1 request outside the part used"]  # the last ends the trace


def test_a_part_that_is_longer_than_the_trace_is_cut_and_said(path: Path):
    arrivals = trace_scenario(path, **{"workload.arrivals.duration_s": 20000.0}).workload.arrivals
    assert arrivals.account()[0] == f"duration_s = 20000.0 cut to {arrivals.part.span_s:g}, when the trace ends"
    within = trace_scenario(path, **{"workload.arrivals.duration_s": 200.0}).workload.arrivals
    assert not any("duration_s" in line for line in within.account())


def test_unit_and_restarts_are_settings(tmp_path: Path):
    path = tmp_path / "mooncake.jsonl"
    row = '{{"timestamp": {}, "input_length": 5, "output_length": 5}}\n'
    path.write_text("".join(row.format(1.0 * time_s) for time_s in (*range(150), *range(150))))
    arrivals = {"kind": "trace", "format": "mooncake", "path": str(path), "clock_restarts": "continue"}
    with (
        pytest.warns(TraceWarning, match='1 times the clock was set back; .*"seconds" would make it 298 s'),
        pytest.raises(ScenarioError, match=r"lasts 0\.298 s, scaled: must be at least the 102 s") as caught,
    ):
        load_scenario("carry-over", **{"workload.arrivals": arrivals})
    assert 'times were read as time_unit = "milliseconds"' in str(caught.value)
    with pytest.warns(TraceWarning, match="1 times the clock was set back; what follows was appended$"):
        scenario = load_scenario("carry-over", **{"workload.arrivals": arrivals | {"time_unit": "seconds"}})
    assert scenario.workload.arrivals.part.span_s == 298.0
