"""Timing environments that step by turns, so that whatever else the machine does meets all of them alike."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from typing import Any

import gymnasium as gym
import numpy as np

from edge_llm_env.scenarios import Scenario

Turn = Callable[[], int]
"""Takes some steps, of an environment that was reset before, and returns how many."""

CARTPOLE = "CartPole-v1"
"""What speeds are compared with: a dozen floating-point operations a step."""


def steps_per_s(turns: Sequence[Turn], seconds: float) -> list[float]:
    """Environment steps per second of each, over that time for each, in short turns one after the other."""
    steps, spent_s = [0] * len(turns), [0.0] * len(turns)
    while sum(spent_s) < seconds * len(turns):
        for at, turn in enumerate(turns):
            began_s = time.perf_counter()
            # One at least: a busy machine may let the time pass before the first.
            while (elapsed_s := time.perf_counter() - began_s) < 0.05 or steps[at] == 0:
                steps[at] += turn()
            spent_s[at] += elapsed_s
    return [count / taken_s for count, taken_s in zip(steps, spent_s, strict=True)]


def spread(values: Sequence[float]) -> dict[str, int]:
    """Median, least and most of repeated measurements."""
    return {"median": round(statistics.median(values)), "least": round(min(values)), "most": round(max(values))}


def vector_turn(env_id: str, scenario: str | Scenario, rows: int, **options: Any) -> Turn:
    """Ten steps of the native vector form, masks computed and followed, rows reset as they end.

    `options` are further arguments of the environment.
    """
    env = gym.make_vec(env_id, num_envs=rows, vectorization_mode="vector_entry_point", scenario=scenario, **options)
    choose = choices(env, rows)
    _, infos = env.reset(seed=0)

    def turn() -> int:
        nonlocal infos
        for _ in range(10):
            infos = env.step(choose(infos))[4]
        return 10 * rows

    for _ in range(10):
        turn()
    return turn


def single_turn(env_id: str, scenario: str | Scenario) -> Turn:
    """Five hundred steps of one environment made by `gymnasium.make`, its default wrappers included."""
    env = gym.make(env_id, scenario=scenario)
    everything = np.ones(env.action_space.shape or (), dtype=np.int8)
    one_by_one = isinstance(env.action_space, gym.spaces.Discrete)
    _, info = env.reset(seed=0)

    def turn() -> int:
        nonlocal info
        for _ in range(500):
            action = info["action_mask"].argmax() if one_by_one else everything
            _, _, _, truncated, info = env.step(action)
            if truncated:
                _, info = env.reset()
        return 500

    turn()
    return turn


def cartpole_vector_turn(rows: int) -> Turn:
    """A hundred steps of CartPole's own vector form, at actions drawn before."""
    env = gym.make_vec(CARTPOLE, num_envs=rows, vectorization_mode="vector_entry_point")
    actions = np.random.default_rng(0).integers(0, 2, (100, rows))
    env.reset(seed=0)

    def turn() -> int:
        for chosen in actions:
            env.step(chosen)
        return 100 * rows

    return turn


def cartpole_single_turn() -> Turn:
    """Five hundred steps of one CartPole made by `gymnasium.make`, at actions drawn before."""
    env = gym.make(CARTPOLE)
    actions = np.random.default_rng(0).integers(0, 2, 500).tolist()
    env.reset(seed=0)

    def turn() -> int:
        for action in actions:
            _, _, terminated, truncated, _ = env.step(action)
            if terminated or truncated:
                env.reset()
        return 500

    return turn


def choices(env: Any, rows: int) -> Any:
    """The cheapest policy that follows the mask: the first admissible slot, or all slots where a step is an epoch."""
    if isinstance(env.single_action_space, gym.spaces.Discrete):
        return lambda infos: infos["action_mask"].argmax(axis=1)
    everything = np.ones((rows, *env.single_action_space.shape), dtype=np.int8)
    return lambda infos: everything
