"""Strips of agent tasks that an engine serves: what they say of an episode, and how they are shown."""

from __future__ import annotations

import gymnasium as gym
import numpy as np

from edge_llm_env import draw_workloads
from edge_llm_env.envs.suite import CONTINUOUS_BATCHING
from edge_llm_env.rendering.drawing.palette import DEADLINE, FATE_COLOURS, light
from edge_llm_env.rendering.frames.frame import Fate
from tests.support.tasks import small_tasks

SCENARIO = small_tasks(epoch__episode_epochs=10, workload__arrivals__rate_per_s=2.0)


def test_strips_tell_what_is_counted_and_are_drawn() -> None:
    env = gym.make(CONTINUOUS_BATCHING, scenario=SCENARIO, render_mode="ansi", disable_env_checker=True).unwrapped
    (workload,) = draw_workloads(SCENARIO, 1, seed=3)
    _, info = env.reset(options={"workload": workload})
    rng, truncated = np.random.default_rng(0), False
    seen = dict.fromkeys(("answered", "running", "tools", "waiting"), 0)
    best, most = env.viewer.frame(), 0
    while not truncated:
        frame = env.viewer.frame()
        strips = frame.strips
        assert len(strips) == info["tasks_running"]
        assert [one.deadline_s for one in strips] == sorted(one.deadline_s for one in strips)
        assert sum(len(one.running_s) for one in strips) == info["running"]
        assert sum(len(one.fates) for one in strips) == info["waiting"]
        for one in strips:
            calls = np.flatnonzero(workload.task == one.task)
            assert one.calls == len(calls)
            assert one.arrival_s == workload.arrival_s[calls[0]]
            assert np.isclose(one.deadline_s, one.arrival_s + workload.latency_requirement_s[calls[0]])
            assert len(one.answered_s) + len(one.running_s) + len(one.fates) <= one.calls
            assert all(one.arrival_s <= begins_s < ends_s <= frame.now_s for begins_s, ends_s in one.answered_s)
            assert len(one.answered_s) == env.simulation.state.calls_served[0, calls[0]]
        shown = {
            "answered": sum(len(one.answered_s) for one in strips),
            "running": info["running"],
            "tools": sum(len(one.tools_s) for one in strips),
            "waiting": info["waiting"],
        }
        seen = {name: seen[name] + count for name, count in shown.items()}
        if min(shown.values()) > 0 and sum(shown.values()) > most:
            best, most = frame, sum(shown.values())
        _, _, _, truncated, info = env.step(int(rng.choice(np.flatnonzero(info["action_mask"]))))
    assert min(seen.values()) > 10
    assert "tasks, the one that must end first on top" in env.viewer.text(best)
    picture = env.viewer.new_picture()
    picture.draw(best)
    pixels = picture.pixels()[300:]  # below the running batch and the memory
    served = FATE_COLOURS[Fate.SERVED]
    for colour in (DEADLINE, FATE_COLOURS[Fate.WAITS], served, light(served, 0.35)):
        assert (pixels == np.array(colour)).all(axis=2).any(), colour
