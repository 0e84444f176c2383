"""Arrays that vector steps return stay as they are while anybody holds them, and are used again afterwards."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from numpy.typing import NDArray

import edge_llm_env  # noqa: F401 (registers the environments)
from edge_llm_env.envs.returned import MOST_KEPT
from tests.support.helpers import small_scenario

HOLDS: dict[str, Callable[[tuple[Any, ...]], Any]] = {
    "the observations": lambda step: step[0],
    "a row of the observations": lambda step: step[0][1],
    "a buffer of the observations": lambda step: memoryview(step[0]),
    "the rewards": lambda step: step[1],
    "what is truncated": lambda step: step[3],
    "a counter": lambda step: step[4]["served"],
    "a term of the reward": lambda step: step[4]["reward_terms"]["served"],
    "the masks, reshaped": lambda step: step[4]["action_mask"].ravel()[3:],
}


def stepped(env: Any, infos: dict[str, Any]) -> tuple[Any, ...]:
    return env.step(infos["action_mask"].argmax(axis=1))


def vector_env() -> Any:
    return gym.make_vec(
        "EdgeLLM/Batching-v0",
        num_envs=3,
        vectorization_mode="vector_entry_point",
        scenario=small_scenario(epoch__episode_epochs=2),
    )


@pytest.mark.parametrize("hold", HOLDS.values(), ids=HOLDS.keys())
def test_what_is_held_stays_as_it_was(hold: Callable[[tuple[Any, ...]], Any]):
    env = vector_env()
    _, infos = env.reset(seed=0)
    held: list[Any] = []
    copies: list[NDArray] = []
    for _ in range(30):
        step = stepped(env, infos)
        infos = {"action_mask": step[4]["action_mask"].copy()}
        held.append(hold(step))
        copies.append(np.array(held[-1]))
        del step
    assert any((one != copies[0]).any() for one in copies)
    for one, copy in zip(held, copies, strict=True):
        np.testing.assert_array_equal(np.asarray(one), copy)


def test_what_nobody_holds_is_used_again():
    env = vector_env()
    observations, infos = env.reset(seed=0)
    seen = {observations.ctypes.data}
    for _ in range(20):
        observations, *_, infos = stepped(env, infos)
        seen.add(observations.ctypes.data)
    assert len(seen) <= MOST_KEPT


def test_what_a_caller_writes_into_an_observation_is_not_returned_again():
    env, untouched = vector_env(), vector_env()
    (observations, infos), (expected, _) = env.reset(seed=0), untouched.reset(seed=0)
    for _ in range(20):
        observations[:] = 7.0
        infos["action_mask"][:, -1] = True
        actions = infos["action_mask"].argmax(axis=1)
        observations, *_, infos = env.step(actions)
        expected = untouched.step(actions)[0]
        np.testing.assert_array_equal(observations, expected)
