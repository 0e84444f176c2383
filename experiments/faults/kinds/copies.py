"""Environments that are copied, handed to another process or thread, or restored, in the middle of an episode."""

from __future__ import annotations

import copy
import os
import pickle
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from experiments.faults.case import Case, FaultError, Kind
from experiments.faults.holding import forms, leaves, some_action
from experiments.faults.kinds.scenarios import of_some_preset, prepare

STEPS = 6
"""Before and after."""

ROWS = (0, 3, 600)
"""A single environment, few rows, and so many that threads share them."""

Play = Callable[[Any], list[NDArray]]


def deep_copied(env: Any, play: Play) -> list[NDArray]:
    """By `copy.deepcopy`, as tree search does."""
    return play(copy.deepcopy(env))


def pickled(env: Any, play: Play) -> list[NDArray]:
    """To bytes and back."""
    return play(pickle.loads(pickle.dumps(env)))


def in_a_thread(env: Any, play: Play) -> list[NDArray]:
    """A copy that is played by another thread."""
    twin, found = copy.deepcopy(env), []
    thread = threading.Thread(target=lambda: found.append(play(twin)))
    thread.start()
    thread.join()
    return found[0] if found else []


def forked(env: Any, play: Play) -> list[NDArray]:
    """In a process that is forked when threads have been at work."""
    ours, theirs = os.pipe()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            os.close(ours)
            with os.fdopen(theirs, "wb") as pipe:
                pickle.dump(play(env), pipe)
            status = 0
        finally:
            os._exit(status)
    os.close(theirs)
    with os.fdopen(ours, "rb") as pipe:
        answer = pipe.read()
    _, status = os.waitpid(child, 0)
    if status != 0:
        raise FaultError(f"the forked process: status {status}")
    returned: list[NDArray] = pickle.loads(answer)
    return returned


def restored(env: Any, play: Play) -> list[NDArray]:
    """By `state` and `restore` in another environment; a copy where a single one has neither."""
    if not hasattr(env, "restore"):
        return deep_copied(env, play)
    other = type(env)(env.num_envs, env.scenario)
    other.reset(seed=1)
    other.restore(env.state())
    return play(other)


WAYS = (deep_copied, pickled, in_a_thread, forked, restored)


def copied(seed: int, index: int) -> Case:
    """An environment of some steps, single or vector, and its copy: both must go on alike."""
    rng = np.random.default_rng([seed, 8, index])
    every = list(forms())
    env_id, arguments = every[index % len(every)]
    way, rows = WAYS[rng.integers(len(WAYS))], ROWS[rng.integers(len(ROWS))]
    if way is restored:
        arguments = {}
    env, name = of_some_preset(env_id, rows, arguments, rng, **{"epoch.episode_epochs": 4})
    env.reset(seed=index)
    env.action_space.seed(index)

    def do() -> None:
        seeds = rng.integers(2**31, size=2 * STEPS).tolist()
        actions = [env.action_space.sample() for _ in range(2 * STEPS)]

        def play(one: Any, steps: slice) -> list[NDArray]:
            return _rows_played(one, actions[steps]) if rows else _played(one, seeds[steps])

        play(env, slice(STEPS))
        theirs = way(env, lambda one: play(one, slice(STEPS, None)))
        ours = play(env, slice(STEPS, None))
        if len(ours) != len(theirs) or not all(map(_same, ours, theirs)):
            raise FaultError("a copy goes on otherwise than what it is a copy of")

    what = (way.__doc__ or "").rstrip(".")
    return Case(f"{env_id} {arguments or ''} of {name}, {rows or 1} rows: {what}", do, may_hold=True)


def _played(env: Any, seeds: list[int]) -> list[NDArray]:
    """What a single environment returns to actions that are drawn from seeds and what it said last."""
    returned, info = [], {"action_mask": env.action_masks()} if hasattr(env, "action_masks") else {}
    for seed in seeds:
        observation, reward, _, truncated, info = env.step(some_action(env, info, np.random.default_rng(seed)))
        returned += [observation, np.array([reward, truncated]), *_numbers(info)]
        if truncated:
            observation, info = env.reset()
            returned.append(observation)
    return returned


def _rows_played(env: Any, actions: list[NDArray]) -> list[NDArray]:
    returned: list[NDArray] = []
    for action in actions:
        observations, rewards, _, truncated, infos = env.step(action)
        returned += [observations, rewards, truncated, *_numbers(infos)]
    return returned


def _numbers(info: dict[str, Any]) -> list[NDArray]:
    return [np.asarray(value) for _, value in leaves(info)]


def _same(one: NDArray, other: NDArray) -> bool:
    return one.dtype == other.dtype and np.array_equal(one, other, equal_nan=one.dtype.kind == "f")


COPIES = Kind("copies made in the middle of an episode", copied, prepare, whole=2_000)
