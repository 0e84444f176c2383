"""The one loop in which policies meet environments: single, vector, or behind Stable-Baselines3's `VecEnv`."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple, Protocol

import gymnasium as gym
import numpy as np
from gymnasium.vector import AutoresetMode, VectorEnv

from edge_llm_env.support.naming import shown
from edge_llm_env.workload.workload import Workload


class Policy(Protocol):
    """What SB3 calls a policy: observations to actions."""

    def predict(
        self, observation: Any, state: Any = None, episode_start: Any = None, deterministic: bool = True
    ) -> tuple[Any, Any]:
        """Actions and the next recurrent state."""
        ...


class Step(NamedTuple):
    """One step as it was: arrays over rows, or of a single environment its own observation, action and info."""

    observation: Any
    """What the policy saw."""
    info: dict[str, Any]
    """What stood beside it."""
    action: Any
    reward: Any
    truncated: Any
    next_observation: Any
    next_info: dict[str, Any]
    decision_s: float
    """The policy's own time."""


def play(
    env: Any,
    policy: Policy,
    *,
    seed: int | None = None,
    workloads: Sequence[Workload] | None = None,
    deterministic: bool = True,
    begun: Callable[[], Any] = lambda: None,
) -> Iterator[Step]:
    """Play an episode of every row to its end, and yield every step when it has been taken.

    `env` is an environment of this suite: a `gymnasium.Env`, a native `VectorEnv` or an SB3 `VecEnv` of one
    (`edge_llm_agents.EdgeVecEnv`); rows that have finished stand still until the last has. `workloads`, one per row,
    are replayed; without them the environment draws its own, from `seed` on. What an SB3 `VecEnv` scales of rewards is
    left out. `begun` is called between the reset and the first step. A caller that has seen enough stops asking.

    Raises ValueError for another kind of environment.
    """
    form = _form(env)
    options: dict[str, Any] | None = None
    if workloads is not None:
        options = {"workloads": list(workloads)} if isinstance(form, VectorEnv) else {"workload": workloads[0]}
    with _rows_stand_still(form):
        observation, info = form.reset(seed=seed, options=options)
        begun()
        state, begins = None, np.ones(getattr(form, "num_envs", 1), dtype=np.bool_)
        truncated: Any = False
        while not np.all(truncated):
            started_s = time.perf_counter()
            action, state = policy.predict(observation, state=state, episode_start=begins, deterministic=deterministic)
            decision_s = time.perf_counter() - started_s
            seen, seen_info = observation, info
            observation, reward, _, truncated, info = form.step(action)
            begins = np.zeros_like(begins)
            yield Step(seen, seen_info, action, reward, truncated, observation, info, decision_s)


def _form(env: Any) -> gym.Env | VectorEnv:
    """What is stepped: the environment itself, or the vector environment behind an SB3 `VecEnv`."""
    inner = env if isinstance(env, gym.Env | VectorEnv) else getattr(env, "env", None)
    if not isinstance(inner, gym.Env | VectorEnv):
        raise ValueError(f"env = {shown(env)}: must be a gymnasium.Env, a VectorEnv or an EdgeVecEnv")
    return inner


@contextmanager
def _rows_stand_still(form: Any) -> Iterator[None]:
    """Let finished rows of a vector environment wait for the others, for as long as the context lasts."""
    if not isinstance(form, VectorEnv):
        yield
        return
    inner: Any = form.unwrapped
    before, inner.autoreset_mode = inner.autoreset_mode, AutoresetMode.DISABLED
    try:
        yield
    finally:
        inner.autoreset_mode = before


MakePolicy = Callable[[Any], Policy]
"""What makes a policy of an environment that it is to play."""
