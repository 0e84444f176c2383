"""A learned scheduler as a policy: observations and masks in, actions out."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_llm_agents.scheduling.choosing import choose_rows
from edge_llm_agents.scheduling.numbers import NUMBERS
from edge_llm_agents.value_search.named_arrays import NamedNumbers
from edge_llm_baselines.playing.play import Policy
from edge_llm_env.engine.params import engine_params
from edge_llm_env.envs.suite import CONTINUOUS_BATCHING
from edge_llm_env.scenarios.schema import Scenario
from edge_llm_env.support.calling import direct


class LearnedScheduler(NamedNumbers):
    """What SB3 calls a policy, for `ContinuousBatching-v0`, once it acts on an environment (`acting`).

    It decides by observation and mask alone; the scenario only tells their units and the engine's times.
    """

    env_id = CONTINUOUS_BATCHING
    names = tuple(NUMBERS)

    def __init__(self, numbers: NDArray, scenario: Scenario) -> None:
        super().__init__(np.asarray(numbers, dtype=np.float32), scenario)

    def acting(self, env: Any) -> Policy:
        """The policy of the actions of an environment, whose masks it asks for."""
        return _Acting(self, env)


class _Acting:
    """A learned scheduler on an environment, single or vector."""

    def __init__(self, scheduler: LearnedScheduler, env: Any) -> None:
        self._env = env.unwrapped
        self._params = engine_params(scheduler.scenario)
        self._numbers = scheduler.numbers.astype(np.float64)

    def predict(
        self, observation: NDArray[np.float32], state: Any = None, episode_start: Any = None, deterministic: bool = True
    ) -> tuple[Any, Any]:
        """Actions for observations of shape (length,) or (rows, length); `state` passes through unchanged."""
        rows = np.ascontiguousarray(np.atleast_2d(observation), dtype=np.float64)
        if len(rows) % len(self._numbers):
            raise ValueError(
                f"observation of shape {observation.shape}: must have a multiple of {len(self._numbers)} rows"
            )
        masks = np.atleast_2d(self._env.action_masks())
        actions = np.zeros(len(rows), dtype=np.int64)
        direct(choose_rows)(self._params, rows, masks, self._numbers, actions)
        return (actions[0] if observation.ndim == 1 else actions), state
