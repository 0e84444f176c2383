"""Episodes as trace events: what is written is read back, and tells what happened."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest

from edge_llm_agents.report.tracing import EpisodeTrace
from edge_llm_agents.report.watching import watch
from edge_llm_baselines.playing.play import play
from edge_llm_baselines.playing.random_actions import RandomActions
from edge_llm_env import load_scenario
from edge_llm_env.envs.suite import BATCH_SELECTION, CONTINUOUS_BATCHING
from edge_llm_env.rendering.events.engine import ENGINE, PASSES, REQUESTS
from edge_llm_env.rendering.events.trace import MICROSECONDS, read_trace
from tests.support.helpers import ROOFLINE

CROWDED = ROOFLINE | {
    "epoch.visible_slots": 5,
    "epoch.episode_epochs": 4,
    "workload.arrivals.rate_per_s": 1.5,
    "iterations.running_slots": 6,
    "iterations.block_tokens": 8,
    "node.memory_bytes_per_module": 7.4e9,
    "iterations.classes": [{"name": "all", "ttft_s": 6.0, "tpot_s": 0.2}],
    "iterations.host_memory_bytes": 3e8,
}
SMALL = {"epoch.visible_slots": 6, "epoch.episode_epochs": 5, "workload.arrivals.rate_per_s": 4.0}


def traced(env_id: str, overrides: dict[str, Any], file: Path) -> tuple[Any, dict[str, Any], list[dict[str, Any]]]:
    """An environment that has played an episode, its last info, and the events of its file."""
    env: Any = gym.make(env_id, scenario=load_scenario("carry-over", **overrides))
    policy = RandomActions(env, 0)
    traces: list[EpisodeTrace] = []
    for step in play(env, policy, seed=1, begun=lambda: traces.append(EpisodeTrace(env))):
        traces[0].follow(step.action)
        last = step
    assert traces[0].write(file) == len(read_trace(file))
    return env.unwrapped, last.next_info, read_trace(file)


def test_an_engine_s_events_are_what_happened(tmp_path: Path) -> None:
    inner, info, events = traced(CONTINUOUS_BATCHING, CROWDED, tmp_path / "trace.json")
    state, end_s = inner.simulation.state, float(inner.simulation.state.now_s[0])
    slices = [one for one in events if one["ph"] == "X"]
    passes = sorted((one for one in slices if one["pid"] == ENGINE), key=lambda one: one["ts"])
    assert {one["tid"] for one in passes} == {PASSES}
    assert sum(one["args"]["iterations"] for one in passes) == info["iterations"]
    ends = [one["ts"] + one["dur"] for one in passes]
    assert [one["ts"] for one in passes[1:]] == pytest.approx(ends[:-1])
    assert ends[-1] == pytest.approx(MICROSECONDS * end_s)
    happened = Counter(one["name"] for one in events if one["ph"] == "i")
    assert happened["served"] == info["served"] > 0
    assert happened["dropped"] == info["dropped"] > 0
    assert happened["served"] + sum(happened[name] for name in happened if "missed" in name) == info["completed"]
    stages = Counter(one["name"] for one in slices if one["pid"] == REQUESTS)
    assert stages["upload"] == info["arrived"] - info["uploading"]
    assert 0 < stages["swapped out"] <= info["swapped"]
    by_request: dict[int, dict[str, list[tuple[float, float]]]] = defaultdict(lambda: defaultdict(list))
    for one in slices:
        if one["pid"] == REQUESTS:
            by_request[one["tid"] - 1][one["name"]].append((one["ts"], one["ts"] + one["dur"]))
    for request, parts in by_request.items():
        assert parts["upload"][0] == pytest.approx(
            (MICROSECONDS * state.arrival_s[0, request], MICROSECONDS * state.visible_s[0, request])
        )
        if np.isfinite(state.first_s[0, request]) and parts["decode"]:
            assert parts["prefill"][0][1] <= MICROSECONDS * state.first_s[0, request] + 1e-3
            # What is decoded first begins with the first token, unless it made room at that very time.
            first = min(begins for begins, _ in parts["decode"])
            assert first >= MICROSECONDS * state.first_s[0, request] - 1e-3
        all_parts = sorted(span for spans in parts.values() for span in spans)
        assert [begins for begins, _ in all_parts[1:]] == pytest.approx([ends for _, ends in all_parts[:-1]])
    blocks = [one["args"] for one in events if one["name"] == "KV cache, blocks"]
    assert all(one["held"] + one["free"] == inner.simulation.params.blocks for one in blocks)
    assert min(one["free"] for one in blocks) < 0.5 * inner.simulation.params.blocks


def test_the_events_of_epochs_are_what_happened(tmp_path: Path) -> None:
    inner, info, events = traced(BATCH_SELECTION, SMALL, tmp_path / "trace.json")
    slices = [one for one in events if one["ph"] == "X"]
    fates = Counter(one["name"] for one in slices if one["pid"] == REQUESTS)
    assert fates["served"] == info["served"] > 0
    epoch = MICROSECONDS * inner.scenario.epoch.epoch_s
    # The first epoch begins when one has passed, in which requests arrived.
    assert all(one["ts"] + one["dur"] <= 6 * epoch + 1e-3 for one in slices)
    assert all(one["ts"] >= epoch - 1e-3 for one in slices if one["name"] != "arrives")
    arrivals = [one for one in slices if one["name"] == "arrives"]
    assert arrivals
    for one in arrivals:
        assert one["ts"] == MICROSECONDS * inner.simulation.state.arrival_s[0, one["tid"] - 1]
        waited = (one["ts"] + one["dur"]) / epoch
        assert waited == pytest.approx(round(waited))
        assert one["dur"] >= 0.0
    computed = [one for one in slices if one["name"] == "computes"]
    assert sum(one["args"]["requests"] for one in computed) == info["served"]


def test_watching_an_engine_writes_a_trace_and_shows_it_at_its_own_pace(tmp_path: Path) -> None:
    scenario = load_scenario("carry-over", **CROWDED)
    env: Any = gym.make(CONTINUOUS_BATCHING, scenario=scenario, render_mode="ansi")
    watched = watch(env, RandomActions(env, 0), 1, 1, frames_per_s=2.0, trace_out=tmp_path / "trace.json")
    ended_s = float(env.unwrapped.simulation.state.now_s[0])
    assert watched.info["epochs"] == 1
    assert 2 < len(watched.pictures) <= 2 * ended_s + 2  # of some hundred decisions
    assert read_trace(tmp_path / "trace.json")
    silent: Any = gym.make(CONTINUOUS_BATCHING, scenario=scenario)
    seen = watch(silent, RandomActions(silent, 0), 1, 1)
    assert seen.pictures == []
    assert seen.info["served"] == watched.info["served"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[]", "traceEvents must be a list"),
        ("{", "not a trace"),
        ('{"traceEvents": [{"ph": "X"}]}', r"traceEvents\[0\] = .*must have a name and a process"),
        ('{"traceEvents": [{"name": "a", "pid": 1, "ph": "Q"}]}', "has ph = 'Q': must be one of X, i, C, M"),
        ('{"traceEvents": [{"name": "a", "pid": 1, "ph": "X", "ts": 0, "tid": 1}]}', "lacks dur"),
        ('{"traceEvents": [{"name": "a", "pid": 1, "ph": "i", "ts": -1, "tid": 1, "s": "t"}]}', "has ts = -1"),
        ('{"traceEvents": [{"name": "a", "pid": 1, "ph": "C", "ts": 0, "args": {"b": "c"}}]}', "must be numbers"),
    ],
)
def test_what_is_no_trace_is_an_error(content: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "trace.json").write_text(content)
    with pytest.raises(ValueError, match=message):
        read_trace(tmp_path / "trace.json")


def test_slices_of_a_row_that_overlap_are_an_error(tmp_path: Path) -> None:
    def slices(*spans: tuple[float, float]) -> str:
        one = {"name": "a", "pid": 1, "tid": 1, "ph": "X"}
        return json.dumps({"traceEvents": [one | {"ts": begins, "dur": ends - begins} for begins, ends in spans]})

    (tmp_path / "trace.json").write_text(slices((0.0, 10.0), (2.0, 5.0), (5.0, 10.0), (10.0, 11.0)))
    assert len(read_trace(tmp_path / "trace.json")) == 4
    (tmp_path / "trace.json").write_text(slices((0.0, 10.0), (2.0, 12.0)))
    with pytest.raises(ValueError, match="slices overlap at 2 microseconds"):
        read_trace(tmp_path / "trace.json")
