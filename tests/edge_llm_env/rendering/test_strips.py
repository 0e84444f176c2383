"""Strips of agent tasks: what they say of an episode, beside the plain model, and how they are shown."""

from __future__ import annotations

import re
from typing import Any

import gymnasium as gym
import numpy as np
import pytest

from edge_llm_env import draw_workloads
from edge_llm_env.envs.suite import BATCH_SELECTION, BATCHING
from edge_llm_env.rendering.drawing.canvas import Canvas
from edge_llm_env.rendering.drawing.palette import DEADLINE, FATE_COLOURS
from edge_llm_env.rendering.drawing.picture import Picture
from edge_llm_env.rendering.frames.frame import Fate
from edge_llm_env.rendering.text import as_text
from tests.edge_llm_env.rendering.frames import STRIPS, frame
from tests.references.tasks.plain_tasks import ReferenceTasks
from tests.support.helpers import small_scenario
from tests.support.tasks import small_tasks


def test_strips_tell_of_an_episode_what_the_plain_model_does() -> None:
    scenario = small_tasks()
    (workload,) = draw_workloads(scenario, 1, seed=2)
    env = gym.make(BATCH_SELECTION, scenario=scenario, render_mode="ansi", disable_env_checker=True)
    env.reset(options={"workload": workload})
    reference, rng, between = ReferenceTasks(scenario, workload), np.random.default_rng(0), 0
    for _ in range(scenario.epoch.episode_epochs - 1):
        visible = [reference.task_of[id(call)] for call in reference.visible]
        begins_s = reference.start_s
        action = (rng.random(scenario.epoch.visible_slots) < 0.7).astype(np.int8)
        reference.step_batch_selection(action.tolist())
        env.step(action)
        shown = env.unwrapped.viewer.frame()
        assert shown.begins_s == begins_s
        strips = {one.task: one for one in shown.strips}
        assert {reference.tasks.index(task) for task in visible} <= strips.keys()
        assert [one.deadline_s for one in shown.strips] == sorted(one.deadline_s for one in shown.strips)
        for index, one in strips.items():
            task = reference.tasks[index]
            first = task.calls[0].request
            answered_s = sorted(call.answered_s for call in task.calls if call.answered_s is not None)
            assert [ends_s for _, ends_s in one.answered_s] == pytest.approx(answered_s)
            assert all(ends_s - begins_s == scenario.epoch.epoch_s for begins_s, ends_s in one.answered_s)
            assert (one.calls, one.arrival_s) == (len(task.calls), first.arrival_s)
            assert one.deadline_s == pytest.approx(first.arrival_s + first.latency_requirement_s)
            assert len(one.fates) == visible.count(task)
            between += not one.fates
            for begins_tool_s, ends_tool_s in one.tools_s:
                assert begins_tool_s in [pytest.approx(each) for each in answered_s]
                assert ends_tool_s > begins_tool_s
    assert between > 3


def test_requests_on_their_own_have_no_strips() -> None:
    env = gym.make(BATCHING, scenario=small_scenario(), render_mode="ansi")
    env.reset(seed=0)
    assert env.unwrapped.viewer.frame().strips is None


def test_strips_as_text() -> None:
    lines = as_text(frame(strips=STRIPS)).splitlines()
    assert lines[
        lines.index("tasks, the one that must end first on top: # answered, ~ its tool runs, . to come") + 1 :
    ][:3] == [
        "chain    3  2 of 5 calls, to end by 12.0 s  ##...  served",
        "plan    4  1 of 4 calls, to end by 20.0 s  #~...",
        "chain    5  0 of 2 calls, to end by 40.0 s  ..  waits",
    ]


def test_strips_as_a_picture() -> None:
    picture = Picture()
    picture.draw(frame(strips=STRIPS))
    pixels = picture.pixels()[:, :530]  # left of the node's panels
    for colour in (DEADLINE, FATE_COLOURS[Fate.SERVED], FATE_COLOURS[Fate.WAITS]):
        assert (pixels == np.array(colour)).all(axis=2).any()
    picture.draw(frame(strips=()))
    assert not (picture.pixels()[250:, :530] == np.array(FATE_COLOURS[Fate.WAITS])).all(axis=2)[60:].any()


def test_more_strips_than_fit_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    plain = Canvas.text

    def text(canvas: Canvas, shown: str, *args: Any, **kwargs: Any) -> int:
        said.append(shown)
        return plain(canvas, shown, *args, **kwargs)

    monkeypatch.setattr(Canvas, "text", text)
    many = tuple(STRIPS[index % 3]._replace(task=index) for index in range(200))
    rows, pictures = [], []
    for count in (200, 199, 3):
        said.clear()
        picture = Picture()
        picture.draw(frame(strips=many[:count]))
        rows += [count - int(more[1]) for one in said if (more := re.fullmatch(r"and (\d+) that end later", one))]
        pictures.append(picture.pixels()[:, :530].copy())
    assert len(rows) == 2  # three strips fit
    assert rows[0] == rows[1] > 10
    drawn = [(one == np.array(DEADLINE)).all(axis=2).sum() for one in pictures]
    assert drawn[0] == drawn[1] > 3 * drawn[2]
    assert (pictures[0] != pictures[1]).any()  # what they say
