"""What must hold of an environment whatever is played in it."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from gymnasium import spaces

from edge_llm_env import Scenario, ScenarioError, draw_workload
from edge_llm_env.registration import ENVIRONMENTS, EnvironmentEntry
from experiments.faults.case import FaultError


def environment_class(entry: EnvironmentEntry, *, vector: bool = False) -> Any:
    """The class of an environment."""
    module, _, name = (entry.vector_entry_point if vector else entry.entry_point).partition(":")
    return getattr(importlib.import_module(module), name)


def forms() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every environment in every form of its action: the id, and arguments beside the scenario."""
    for env_id, entry in ENVIRONMENTS.items():
        for form in environment_class(entry).forms or ("",):
            yield env_id, {"action": form} if form else {}


def check_scenario(scenario: Scenario, rng: np.random.Generator, steps: int) -> None:
    """Play some steps of every environment; raises `FaultError` where what they return is not finite or in no space.

    The first draws a workload by itself, and the others play another one, which is drawn once. An environment may
    refuse the scenario: then the others play it, and its error is raised.
    """
    refusals = []
    options: dict[str, Any] | None = None
    for env_id, arguments in forms():
        try:
            env = environment_class(ENVIRONMENTS[env_id])(scenario, **arguments)
        except ScenarioError as error:
            refusals.append(error)
            continue
        where = f"{env_id} {arguments or ''}"
        observation, info = env.reset(seed=int(rng.integers(2**31)), options=options)
        options = options or {"workload": draw_workload(scenario, rng)}
        check_returned(where, env, observation, 0.0, info)
        for _ in range(steps):
            observation, reward, _, truncated, info = env.step(some_action(env, info, rng))
            check_returned(where, env, observation, reward, info)
            if truncated:
                break
        env.close()
    if refusals:
        raise refusals[0]


def some_action(env: Any, info: Mapping[str, Any], rng: np.random.Generator) -> Any:
    """An action of the space, mostly one that the mask allows."""
    space = env.action_space
    if isinstance(space, spaces.Discrete):
        open_ = np.flatnonzero(info["action_mask"])
        return int(rng.choice(open_)) if rng.random() < 0.9 else int(rng.integers(space.n))
    if isinstance(space, spaces.Box):
        way = rng.integers(4)
        if way == 0:
            return np.full(space.shape, rng.choice([-1.0, 0.0, 1.0]))
        return rng.uniform(-1.0, 1.0, space.shape)
    space.seed(int(rng.integers(2**31)))
    return space.sample()


def check_returned(where: str, env: Any, observation: Any, reward: float, info: Mapping[str, Any]) -> None:
    """Raise `FaultError` where an observation leaves its space, or a reward or an info is not finite."""
    if not env.observation_space.contains(observation):
        at = np.flatnonzero(~((observation >= 0) & (observation <= 1)))[:3]
        raise FaultError(f"{where}: observation[{at.tolist()}] = {observation[at]} is not in the space")
    if not np.isfinite(reward):
        raise FaultError(f"{where}: reward = {reward}")
    _check_infos(where, info)


def _check_infos(where: str, infos: Mapping[str, Any]) -> None:
    for name, value in leaves(infos):
        number = isinstance(value, float | int) or (isinstance(value, np.ndarray) and value.dtype != object)
        if number and not np.isfinite(value).all():
            raise FaultError(f"{where}: info {name} = {value}")


def leaves(info: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Values of nested infos, with their names."""
    for name, value in info.items():
        if isinstance(value, Mapping):
            yield from ((f"{name}.{below}", leaf) for below, leaf in leaves(value))
        else:
            yield name, value


def check_vector(
    where: str, env: Any, observations: Any, rewards: Any, terminated: Any, truncated: Any, infos: Mapping[str, Any]
) -> None:
    """`check_returned` of what a step of a vector environment returns."""
    if not ((observations >= 0) & (observations <= 1)).all() or observations.dtype != np.float32:
        raise FaultError(f"{where}: an observation is not in the space")
    if not np.isfinite(rewards).all() or terminated.any() or truncated.shape != (env.num_envs,):
        raise FaultError(f"{where}: rewards {rewards}, terminated {terminated}, truncated {truncated}")
    _check_infos(where, infos)
