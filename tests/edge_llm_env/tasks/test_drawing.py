"""Tasks as they are drawn: what they are made of, in the shares that their kinds say, saved and read again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge_llm_env import ScenarioError, Workload, draw_workloads, load_scenario
from edge_llm_env.tasks.drawing import draw_calls
from edge_llm_env.tasks.kinds.chain import Chain
from edge_llm_env.tasks.kinds.table import TASK_KINDS
from edge_llm_env.tasks.signals import Signals
from edge_llm_env.tasks.tool_times import ToolTimes
from edge_llm_env.workload.generator import draw_together, draw_workload
from tests.support.helpers import workload_at
from tests.support.tasks import ALL_KINDS, small_tasks

SCENARIO = small_tasks(workload__tasks__signals={})


def settings_of(**overrides: Any) -> Any:
    tasks = small_tasks(**overrides).workload.tasks
    assert tasks is not None
    return tasks


def test_every_kind_of_the_table_is_tested() -> None:
    assert {kind["kind"] for kind in ALL_KINDS} == {
        kind.model_fields["kind"].annotation.__args__[0] for kind in TASK_KINDS
    }


@pytest.mark.parametrize("kind", ALL_KINDS, ids=lambda kind: kind["kind"])
def test_shapes_are_acyclic_and_contexts_add_up(kind: dict[str, Any]) -> None:
    settings = settings_of(workload__tasks__kinds=[kind])
    (shares,), (shapes,) = settings.size_shares, settings.shapes
    assert shares.sum() == pytest.approx(1.0)
    assert len(shapes) == len(shares)
    for shape in shapes:
        for call in range(shape.calls):
            assert all(0 <= other < call for other in shape.predecessors[call])
            assert shape.continues[call] in (-1, *shape.predecessors[call])
            assert (call == 0) == (not shape.predecessors[call])
    calls = draw_calls(settings, np.random.default_rng(0), np.full(400, 100), (32, 64))
    first = np.searchsorted(calls.task, calls.task)
    total = calls.context_tokens + calls.prompt_tokens + calls.output_tokens
    for place in range(len(calls.task)):
        back = calls.predecessors[place][calls.predecessors[place] > 0]
        if not len(back):
            assert calls.context_tokens[place] == 0
            assert calls.tool_s[place] == 0.0
        elif len(back) == 1:
            assert calls.context_tokens[place] == total[place - back[0]] == calls.kept_tokens[place - back[0]]
        else:  # what it continues is its context, the other answers stand in its prompt
            assert calls.context_tokens[place] in total[place - back]
            answers = calls.output_tokens[place - back].sum()
            assert calls.prompt_tokens[place] == 8 + answers - calls.output_tokens[place - back.max()]
    longest, whole = settings.longest(100, 64)
    assert (calls.context_tokens + calls.prompt_tokens).max() <= longest
    assert total.max() <= whole
    sizes = np.bincount(np.unique(first, return_counts=True)[1])
    expected = {shape.calls: share for shape, share in zip(shapes, shares, strict=True)}
    assert all(abs(sizes[n] / 400 - share) < 0.1 for n, share in expected.items() if n < len(sizes))


def test_mean_calls_and_what_is_left_are_those_of_draws() -> None:
    settings = settings_of()
    calls = draw_calls(settings, np.random.default_rng(1), np.full(20_000, 64), (32,))
    counts, kinds = np.bincount(calls.task), calls.task_kind[np.unique(calls.task, return_index=True)[1]]
    assert counts.mean() == pytest.approx(settings.mean_calls, rel=0.02)
    left = settings.expected_calls_left()
    for kind in range(4):
        for done in (0, 1, 2):
            mine = counts[(kinds == kind) & (counts > done)] - done
            if len(mine) > 500:
                assert left[kind, done] == pytest.approx(mine.mean(), rel=0.05)


def test_tools_take_as_long_as_the_facts_say() -> None:
    times_s = ToolTimes().draw(np.random.default_rng(0), 100_000)
    assert np.median(times_s) == pytest.approx(0.3, rel=0.05)
    assert np.quantile(times_s, 0.9) == pytest.approx(13.6, rel=0.05)
    assert times_s.max() == 60.0


def test_signals_correlate_with_the_size_in_no_entry_and_all_together() -> None:
    chains = [{"kind": "chain", "median_calls": 3.0, "p90_calls": 9.0, "most_calls": 16}]
    settings = settings_of(workload__tasks__kinds=chains, workload__tasks__signals={})
    calls = draw_calls(settings, np.random.default_rng(0), np.full(6000, 64), (32,))
    begins = np.unique(calls.task, return_index=True)[1]
    size, shown = np.log(np.bincount(calls.task)), calls.signals[begins]
    assert shown.min() >= 0.0
    assert shown.max() <= 1.0
    alone = [abs(np.corrcoef(size, shown[:, at])[0, 1]) for at in range(5)]
    assert sum(one < 0.05 for one in alone) == 4
    wave = 2.0 * shown - 1.0
    products = [wave[:, a] * wave[:, b] for a in range(5) for b in range(a)]
    design = np.stack([np.ones(len(size)), *products, *wave.T], axis=1)
    fitted = design @ np.linalg.lstsq(design, size, rcond=None)[0]
    assert np.corrcoef(size, fitted)[0, 1] > 0.6


def test_who_is_told_the_form_reads_it_back() -> None:
    rng, score = np.random.default_rng(1), np.random.default_rng(2).normal(size=4000)
    kind = np.arange(4000) % 3
    for form_seed in range(3):
        signals = Signals(correlation=1.0, form_seed=form_seed)
        read = signals.behind(kind, signals.draw(rng, kind, score))
        near = np.abs(score) < np.pi / 1.2  # within half a circle, however y turns the angle
        np.testing.assert_allclose(read[near], score[near], atol=1e-6)
        assert near.mean() > 0.98
    drawn = Signals().draw(rng, kind, score)
    assert np.corrcoef(Signals().behind(kind, drawn)[near], score[near])[0, 1] == pytest.approx(0.8, abs=0.05)
    assert np.corrcoef(Signals(form_seed=1).behind(kind, drawn), score)[0, 1] < 0.5


def test_workloads_are_saved_drawn_alike_and_independent_of_their_company(tmp_path: Path) -> None:
    for workload in draw_workloads(SCENARIO, 3):
        workload.save(tmp_path / "one.npz")
        again = Workload.load(tmp_path / "one.npz")
        for name, array in workload.given().items():
            assert np.array_equal(getattr(again, name), array), name
    together = draw_together(SCENARIO, [np.random.default_rng(seed) for seed in (1, 2)])
    first = draw_workload(SCENARIO, np.random.default_rng(1))
    for name, array in first.given().items():
        assert np.array_equal(getattr(together.joined, name)[: together.requests[0]], array), name


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("task", [0, 0, 2], "must be 0, 1"),
        ("predecessors", [[0], [2], [0]], "same task"),
        ("task_kind", [0, 1, 0], "the same for all calls"),
        ("context_tokens", None, "must be given with task"),
        ("tool_s", [0.0, -1.0, 0.0], "must be ≥ 0"),
    ],
)
def test_calls_that_are_no_tasks_are_refused(name: str, value: Any, says: str) -> None:
    arrays: dict[str, Any] = {
        "task": np.array([0, 0, 1]),
        "task_kind": np.zeros(3, dtype=np.int64),
        "predecessors": np.array([[0], [1], [0]]),
        "tool_s": np.zeros(3),
        "context_tokens": np.zeros(3, dtype=np.int64),
        "kept_tokens": np.zeros(3, dtype=np.int64),
    }
    plain = workload_at([1.0, 1.0, 1.0]).given()
    Workload(**plain, **arrays).validate()
    arrays[name] = None if value is None else np.array(value)
    with pytest.raises(ValueError, match=f"workload {name}: .*{says}"):
        Workload(**plain, **arrays).validate()


def test_a_scenario_without_tasks_is_what_it_was_and_one_with_them_pays_for_tasks() -> None:
    plain = load_scenario("carry-over")
    assert plain.reward.served == 1.0
    assert load_scenario("carry-over", **{"workload.tasks": None}).fingerprint() == plain.fingerprint()
    with_tasks = load_scenario(SCENARIO)
    assert (with_tasks.reward.served, with_tasks.reward.task_completed) == (0.0, 1.0)
    assert with_tasks.fingerprint() != plain.fingerprint()
    assert load_scenario(SCENARIO, **{"reward.served": 0.5}).reward.served == 0.5


@pytest.mark.parametrize(
    ("overrides", "says"),
    [
        ({"node__prompt_padding": "batch_max"}, r"node\.prompt_padding"),
        ({"node__output_length": "batch_max"}, r"node\.output_length"),
        ({"epoch__split": "flexible"}, r"epoch\.split"),
        ({"epoch__episode_epochs": 5}, r"tool_times\.longest_s = 20: must be at most"),
        ({"workload__tasks__kinds": [{"kind": "plan", "least_branches": 3, "most_branches": 2}]}, "least_branches = 3"),
        ({"workload__tasks__tool_times": {"median_s": 2.0, "p90_s": 1.0}}, "p90_s = 1"),
    ],
)
def test_what_tasks_do_not_go_with_is_said(overrides: dict[str, Any], says: str) -> None:
    with pytest.raises(ScenarioError, match=says):
        small_tasks(**overrides)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"median_calls": 7e17, "p90_calls": 9e17}, "median_calls"),
        ({"median_calls": 0.5}, "median_calls"),
        ({"p90_calls": 1e4}, "p90_calls"),
        ({"median_calls": 60.0, "p90_calls": 61.0}, "most_calls = 8: of chains of median_calls = 60"),
    ],
)
def test_chains_that_can_hardly_be_drawn_are_refused(changed: dict[str, float], message: str) -> None:
    chain = {"kind": "chain", "median_calls": 2.0, "p90_calls": 21.0, "most_calls": 8}
    assert np.isfinite(Chain(**chain).size_shares()).all()
    with pytest.raises(ValueError, match=message):
        Chain(**(chain | changed))
