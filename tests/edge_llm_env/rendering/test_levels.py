"""What is shown of levels: prompts that are compressed, whom each variant serves, and modules that load."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
import pytest

from edge_llm_env import load_scenario
from edge_llm_env.envs.service_level.frame import LevelFrame
from edge_llm_env.envs.suite import SERVICE_LEVEL
from edge_llm_env.rendering.frames.frame import Fate

SLOTS, MODULES, COMPRESSIONS = 8, 3, 3
LOADS = 4
"""The variant that takes longest to load."""


def played(render_mode: str, compression: int) -> tuple[Any, LevelFrame, dict[str, Any]]:
    """The third epoch, in which everybody is served by whom the first module holds, and the last one begins to load."""
    scenario = load_scenario("service-levels", **{"epoch.visible_slots": SLOTS})
    env: Any = gym.make(SERVICE_LEVEL, scenario=scenario, render_mode=render_mode)
    env.reset(seed=0)
    for _ in range(2):
        env.step(np.zeros(SLOTS + MODULES, dtype=np.int64))
    held = env.unwrapped.simulation.state.module_variant[0, 0]
    level = 1 + 2 * held * COMPRESSIONS + compression
    *_, info = env.step(np.array([level] * SLOTS + [0] * (MODULES - 1) + [1 + LOADS]))
    return env, env.unwrapped.viewer.frame(), info


@pytest.mark.parametrize("compression", [0, 1])
def test_batches_are_shown_as_they_were_computed(compression: int):
    env, frame, info = played("ansi", compression)
    served = [one for one in frame.requests if one.fate is Fate.SERVED]
    assert len(served) == info["served"] > 0
    assert {one.compression for one in served} == {(1.0, 3.0)[compression]}
    assert {one.compression for one in frame.requests if one.fate is not Fate.SERVED} <= {1.0}
    counts = np.array(frame.served_at)
    assert counts[:, compression].sum() == counts.sum() == info["served"]
    params, hosts = env.unwrapped.simulation.params, env.unwrapped.simulation.state.module_variant[0]
    used = sum(
        (one.ends_s - one.begins_s) * (hosts == one.variant).sum() / MODULES / params.window_s
        for one in frame.timeline.computations
        if one.requests
    )
    assert used == pytest.approx(info["utilisation"]["compute"], rel=1e-9)


def test_modules_that_load_say_for_how_long():
    env, frame, _ = played("ansi", 1)
    load_s = float(env.unwrapped.simulation.params.variant_load_s[LOADS])
    assert [one.left_s for one in frame.loads] == [0.0, 0.0, load_s]
    assert frame.loads[2].variant == LOADS
    text = env.render()
    assert f"module 2 {frame.variants[LOADS]}, loads [" in text
    assert f"{load_s:.1f} s" in text
    assert "prompt to 1/3" in text
    assert f"by {frame.variants[frame.loads[0].variant]}: " in text
    env.step(np.zeros(SLOTS + MODULES, dtype=np.int64))
    assert env.unwrapped.viewer.frame().loads[2].left_s == pytest.approx(load_s - 4.0)


def test_levels_and_loads_change_the_picture():
    whole, _, _ = played("rgb_array", 0)
    shorter, _, _ = played("rgb_array", 1)
    pictures = [env.render() for env in (whole, shorter)]
    assert pictures[0].shape == (600, 800, 3)
    assert (pictures[0] != pictures[1]).any()
    shorter.step(np.zeros(SLOTS + MODULES, dtype=np.int64))
    assert (shorter.render() != pictures[1]).any()
