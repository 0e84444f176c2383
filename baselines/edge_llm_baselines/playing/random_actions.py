"""Actions drawn at random: what any other policy must exceed."""

from __future__ import annotations

from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray


class RandomActions:
    """Actions uniform in the action space of the environment that it is made for, single or vector; of the valid ones
    where the environment has `action_masks()`.

    From a generator of its own: equal `seed`, equal actions. Raises TypeError for an action space that is neither
    Discrete nor MultiDiscrete nor MultiBinary nor a Box.
    """

    def __init__(self, env: Any, seed: int = 0) -> None:
        self._env = env.unwrapped
        self._space: spaces.Space[Any] = getattr(env, "single_action_space", env.action_space)
        if not isinstance(self._space, spaces.Discrete | spaces.MultiDiscrete | spaces.MultiBinary | spaces.Box):
            raise TypeError(f"action space = {self._space}: must be Discrete, MultiDiscrete, MultiBinary or Box")
        self._actions = int(self._space.n) if isinstance(self._space, spaces.Discrete) else 0
        self._rng = np.random.default_rng(seed)

    def predict(
        self, observation: NDArray[np.float32], state: Any = None, episode_start: Any = None, deterministic: bool = True
    ) -> tuple[Any, Any]:
        """Actions for observations of shape (length,) or (rows, length); `state` passes through unchanged."""
        rows = 1 if observation.ndim == 1 else len(observation)
        actions = self._drawn(rows)
        return (actions[0] if observation.ndim == 1 else actions), state

    def _drawn(self, rows: int) -> NDArray[Any]:
        space = self._space
        if isinstance(space, spaces.Box):
            within = self._rng.random((rows, *space.shape), dtype=np.float32)
            return (space.low + within * (space.high - space.low)).astype(space.dtype)
        if isinstance(space, spaces.MultiBinary):
            return self._rng.integers(0, 2, (rows, *space.shape), dtype=np.int8)
        if isinstance(space, spaces.MultiDiscrete):
            return self._rng.integers(0, space.nvec, (rows, *space.shape))
        valid = np.ones((rows, self._actions), dtype=np.bool_)
        if hasattr(self._env, "action_masks"):
            valid = self._env.action_masks().reshape(rows, -1)
        return np.where(valid, self._rng.random(valid.shape), -1.0).argmax(axis=1)
