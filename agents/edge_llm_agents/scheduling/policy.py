"""A learned scheduler as a policy: observations and masks in, actions out."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from edge_llm_agents.scheduling.choosing import choose_rows
from edge_llm_agents.scheduling.numbers import NUMBERS
from edge_llm_baselines.playing.play import Policy
from edge_llm_env.engine.params import engine_params
from edge_llm_env.envs.suite import CONTINUOUS_BATCHING
from edge_llm_env.scenarios.schema import Scenario
from edge_llm_env.support.calling import direct
from edge_llm_env.support.naming import shown


class LearnedScheduler:
    """What SB3 calls a policy, for `ContinuousBatching-v0`, once it acts on an environment (`acting`).

    It decides by observation and mask alone; the scenario only tells their units and the engine's times. `numbers` has
    shape (size,), or (P, size) for a population, of which each has an equal share of consecutive rows.

    Raises ValueError for another count of numbers.
    """

    env_id = CONTINUOUS_BATCHING
    card_fields: ClassVar[dict[str, type]] = {"numbers": list}
    """What its cards have beside those of every policy, and the types in JSON."""

    def __init__(self, numbers: NDArray, scenario: Scenario) -> None:
        self.numbers = np.atleast_2d(np.asarray(numbers, dtype=np.float32))
        self.scenario = scenario
        if self.numbers.shape[1:] != (len(NUMBERS),):
            raise ValueError(f"numbers of shape {np.shape(numbers)}: must have {len(NUMBERS)} per member")

    @classmethod
    def from_card(cls, description: dict[str, Any], arrays: dict[str, NDArray], scenario: Scenario) -> LearnedScheduler:
        """What `description` and `arrays` told of; raises ValueError where they do not fit each other."""
        named = description["numbers"]
        if named != list(NUMBERS):
            at = next(at for at in range(len(named) + 1) if named[: at + 1] != list(NUMBERS)[: at + 1])
            is_, asked = (shown(names[at]) if at < len(names) else "nothing" for names in (named, list(NUMBERS)))
            raise ValueError(f"numbers[{at}] is {is_}: must be {asked}, of the {len(NUMBERS)} of this package")
        if set(arrays) != {"numbers"}:
            raise ValueError(f"its weights are {shown(sorted(arrays))}: must be ['numbers']")
        return cls(arrays["numbers"], scenario)

    def description(self) -> dict[str, Any]:
        """What a card says of the environment and the numbers."""
        return {"environment": self.env_id, "numbers": list(NUMBERS)}

    def arrays(self) -> dict[str, NDArray]:
        """The numbers; raises ValueError for a population."""
        if len(self.numbers) != 1:
            raise ValueError(f"policy: has {len(self.numbers)} members, must have 1")
        return {"numbers": self.numbers[0].copy()}

    def acting(self, env: Any) -> Policy:
        """The policy of the actions of an environment, whose masks it asks for."""
        return _Acting(self, env)

    def for_scenario(self, scenario: Scenario) -> LearnedScheduler:
        """The same numbers in another scenario."""
        return LearnedScheduler(self.numbers, scenario)


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
