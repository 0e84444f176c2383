"""Digests of trajectories: `python -m tests.support.trajectories SEED STEPS` prints one per id."""

from __future__ import annotations

import hashlib
import json
import sys
from typing import Any

import gymnasium as gym
import numpy as np

import edge_llm_env  # noqa: F401 (registers the ids)
from tests.support.helpers import ALL_FORMS, ALL_WEIGHTS, small_scenario, some_action


def digest_of_trajectory(env_id: str, seed: int, steps: int) -> str:
    """SHA-256 of every bit that a seeded environment returns under seeded random actions, over several episodes."""
    env = gym.make(env_id, scenario=small_scenario(**ALL_WEIGHTS), disable_env_checker=True)
    rng = np.random.default_rng(seed)
    digest = hashlib.sha256()
    observation, info = env.reset(seed=seed)
    update(digest, (observation, info))
    for _ in range(steps):
        observation, reward, terminated, truncated, info = env.step(some_action(env, info, rng))
        update(digest, (observation, reward, terminated, truncated, info))
        if terminated or truncated:
            observation, info = env.reset()
            update(digest, (observation, info))
    return digest.hexdigest()


def update(digest: Any, result: Any) -> None:
    """Add a nested result to a digest."""
    if isinstance(result, dict):
        update(digest, tuple(result.items()))
    elif isinstance(result, tuple):
        for part in result:
            update(digest, part)
    elif isinstance(result, np.ndarray):
        digest.update(str(result.dtype).encode() + result.tobytes())
    else:
        digest.update(repr(result).encode())


if __name__ == "__main__":
    seed, steps = map(int, sys.argv[1:])
    print(json.dumps({env_id: digest_of_trajectory(env_id, seed, steps) for env_id in ALL_FORMS}))
