"""Rendering as Gymnasium and its wrappers use it; the ids come from the registry."""

from __future__ import annotations

import copy
import pickle
import sys
from typing import Any

import gymnasium as gym
import numpy as np
import pygame
import pytest
from gymnasium.error import DependencyNotInstalled, ResetNeeded
from gymnasium.utils.env_checker import check_env
from gymnasium.wrappers import HumanRendering, RenderCollection

from edge_llm_env.envs.continuous_batching.viewer.viewer import EngineViewer
from edge_llm_env.rendering import window
from tests.support.helpers import ALL_FORMS, assert_same, small_scenario

SCENARIO = small_scenario()

pytestmark = pytest.mark.parametrize("env_id", ALL_FORMS)


def make(env_id: str, render_mode: str | None, scenario: Any = SCENARIO) -> Any:
    return gym.make(env_id, scenario=scenario, render_mode=render_mode)


def play(env: Any, steps: int) -> list[Any]:
    env.action_space.seed(0)
    return [env.reset(seed=0), *(env.step(env.action_space.sample()) for _ in range(steps))]


def test_check_env_renders_every_mode_and_has_nothing_to_say(env_id: str):
    check_env(make(env_id, None).unwrapped)  # makes one more for each mode


def test_metadata_names_the_modes_and_the_rate(env_id: str):
    metadata = make(env_id, None).metadata
    assert metadata["render_modes"] == ["human", "rgb_array", "ansi"]
    assert metadata["render_fps"] > 0


def test_unknown_mode_is_an_error_that_lists_the_modes(env_id: str):
    entry_point = gym.envs.registration.load_env_creator(gym.spec(env_id).entry_point)
    with pytest.raises(ValueError, match="render_mode = 'hologram': must be one of ansi, human, rgb_array"):
        entry_point(scenario=SCENARIO, render_mode="hologram")


def test_rendering_without_a_mode_says_which_there_are(env_id: str):
    env = make(env_id, None)
    env.reset(seed=0)
    with pytest.warns(UserWarning, match="make the environment with one of human, rgb_array, ansi"):
        assert env.render() is None
    assert env.unwrapped.viewer is None


@pytest.mark.parametrize("mode", ["human", "rgb_array", "ansi"])
def test_rendering_before_a_reset_is_an_error(env_id: str, mode: str):
    env = make(env_id, mode)
    for one in (env, env.unwrapped):
        with pytest.raises(ResetNeeded):
            one.render()


@pytest.mark.parametrize("mode", ["rgb_array", "ansi"])
def test_rendering_changes_nothing_of_an_episode(env_id: str, mode: str):
    shown, hidden = make(env_id, mode), make(env_id, None)
    for env in (shown, hidden):
        env.action_space.seed(0)
    assert_same(shown.reset(seed=4), hidden.reset(seed=4))
    for _ in range(12):
        shown.render()
        step = shown.step(shown.action_space.sample())
        assert_same(step, hidden.step(hidden.action_space.sample()))
        if step[3]:
            assert_same(shown.reset(), hidden.reset())


@pytest.mark.parametrize("mode", ["rgb_array", "ansi"])
def test_equal_states_look_equal_and_another_epoch_looks_different(env_id: str, mode: str):
    one, other = make(env_id, mode), make(env_id, mode)
    play(one, 3)
    for _ in range(2):  # rendered often or seldom, in the first episode or a later one
        play(other, 4)
        other.render()
    before = other.render()
    play(other, 3)
    assert_same(one.render(), other.render())
    assert_same(one.render(), other.render())
    first = make(env_id, mode)
    first.reset(seed=0)
    assert not np.array_equal(first.render(), one.render())
    assert not np.array_equal(before, first.render())


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda env: pickle.loads(pickle.dumps(env))])
def test_copy_in_the_middle_of_an_episode_looks_the_same_and_goes_on_alike(env_id: str, duplicate: Any):
    env = make(env_id, "rgb_array").unwrapped
    play(env, 2)
    env.render()
    twin = duplicate(env)
    np.testing.assert_array_equal(twin.render(), env.render())
    action = env.action_space.sample()
    env.step(action)
    twin.step(action)
    np.testing.assert_array_equal(twin.render(), env.render())


def test_human_mode_opens_a_window_updates_it_and_closes_it(env_id: str, monkeypatch: pytest.MonkeyPatch):
    rates = []
    monkeypatch.setattr(
        window.pygame.time, "Clock", lambda: type("Clock", (), {"tick": lambda _, fps: rates.append(fps)})()
    )
    env = make(env_id, "human")
    assert not pygame.display.get_init()
    env.reset(seed=0)
    assert pygame.display.get_surface().get_size() == (800, 600)
    first = pygame.surfarray.array3d(pygame.display.get_surface())
    env.step(env.action_space.sample())
    assert env.render() is None
    assert (pygame.surfarray.array3d(pygame.display.get_surface()) != first).any()
    steps = 0 if isinstance(env.unwrapped.viewer, EngineViewer) else 1  # an engine's window keeps pace with its time
    assert rates == [env.metadata["render_fps"]] * (2 + steps)
    env.close()
    assert not pygame.display.get_init()
    env.close()
    env.unwrapped.close()


def test_window_that_the_user_has_closed_stays_closed(env_id: str):
    env = make(env_id, "human")
    env.reset(seed=0)
    pygame.event.post(pygame.event.Event(pygame.QUIT))
    assert not env.unwrapped.viewer.was_closed
    for _ in range(2):
        env.step(env.action_space.sample())
        assert env.unwrapped.viewer.was_closed
        assert not pygame.display.get_init()
    env.close()


def test_closing_what_was_never_shown_is_fine(env_id: str):
    for mode in (None, "human", "rgb_array", "ansi"):
        env = make(env_id, mode)
        env.close()
        env.close()


def test_gymnasium_wrappers_work(env_id: str):
    env = RenderCollection(make(env_id, "rgb_array"))
    play(env, 3)
    assert [picture.shape for picture in env.render()] == [(600, 800, 3)] * 4
    env = gym.make(env_id, scenario=SCENARIO, render_mode="ansi_list")
    play(env, 2)
    assert [text.splitlines()[0].startswith(env_id) for text in env.render()] == [True] * 3
    env = HumanRendering(make(env_id, "rgb_array"))
    play(env, 1)
    env.close()
    env = make(env_id, "rgb_array")
    play(env, 1)
    assert env.render().shape == (600, 800, 3)


def test_without_pygame_text_works_and_pictures_say_what_to_install(env_id: str, monkeypatch: pytest.MonkeyPatch):
    loaded = {
        name: module
        for name, module in sys.modules.items()
        if name.startswith("edge_llm_env.rendering.")
        or (name.startswith("edge_llm_env.") and name.endswith(".picture"))
    }
    for name, module in loaded.items():
        # Imported anew, a module is an attribute of its package too, which later tests would find.
        package, _, attribute = name.rpartition(".")
        monkeypatch.setattr(sys.modules[package], attribute, module)
    for name in loaded:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "pygame", None)
    env = make(env_id, "ansi")
    env.reset(seed=0)
    assert env.render().startswith(env_id)
    env = make(env_id, "rgb_array")
    env.reset(seed=0)
    with pytest.raises(DependencyNotInstalled, match=r'pip install "edge-llm-env\[viewer\]"'):
        env.render()
