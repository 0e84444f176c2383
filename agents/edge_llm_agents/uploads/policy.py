"""Learned uploads as a policy."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from edge_llm_agents.uploads.order import SPREADS, LearnedOrder
from edge_llm_baselines.playing.play import Policy
from edge_llm_baselines.playing.policy import rows_of
from edge_llm_env.envs.suite import BANDWIDTH
from edge_llm_env.scenarios.schema import Scenario
from edge_llm_env.support.naming import shown


class LearnedUploads:
    """What SB3 calls a policy, for `Bandwidth-v0` where uploads carry over along a road, once it acts (`acting`).

    It serves and sends in the order of `LearnedOrder`. `numbers` has shape (size,), or (P, size) for a population, of
    which each has an equal share of consecutive rows.

    Raises ValueError for another count of numbers, and for a scenario without a road.
    """

    env_id = BANDWIDTH
    card_fields: ClassVar[dict[str, type]] = {"numbers": list}
    """What its cards have beside those of every policy, and the types in JSON."""

    def __init__(self, numbers: NDArray, scenario: Scenario) -> None:
        self.numbers = np.atleast_2d(np.asarray(numbers, dtype=np.float64))
        self.scenario = scenario
        if self.numbers.shape[1:] != (len(SPREADS),):
            raise ValueError(f"numbers of shape {np.shape(numbers)}: must have {len(SPREADS)} per member")
        self.orders = [LearnedOrder(of_member, scenario) for of_member in self.numbers]

    @classmethod
    def from_card(cls, description: dict[str, Any], arrays: dict[str, NDArray], scenario: Scenario) -> LearnedUploads:
        """What `description` and `arrays` told of; raises ValueError where they do not fit each other."""
        if description["numbers"] != list(SPREADS):
            raise ValueError(f"numbers are {shown(description['numbers'])}: must be {list(SPREADS)}")
        if set(arrays) != {"numbers"}:
            raise ValueError(f"its weights are {shown(sorted(arrays))}: must be ['numbers']")
        return cls(arrays["numbers"], scenario)

    def description(self) -> dict[str, Any]:
        """What a card says of the environment and the numbers."""
        return {"environment": self.env_id, "numbers": list(SPREADS)}

    def arrays(self) -> dict[str, NDArray]:
        """The numbers; raises ValueError for a population."""
        if len(self.numbers) != 1:
            raise ValueError(f"policy: has {len(self.numbers)} members, must have 1")
        return {"numbers": self.numbers[0].copy()}

    def acting(self, env: Any) -> Policy:
        """The policy of the actions of an environment, whose rows it reads."""
        return _Acting(self, env)

    def for_scenario(self, scenario: Scenario) -> LearnedUploads:
        """The same numbers in another scenario; raises ValueError where that has no road."""
        return LearnedUploads(self.numbers, scenario)


class _Acting:
    """Learned uploads on an environment, single or vector."""

    def __init__(self, learned: LearnedUploads, env: Any) -> None:
        rows, members = len(list(rows_of(env))), len(learned.orders)
        if rows % members:
            raise ValueError(f"env of {rows} rows: must have a multiple of {members}, the policy's members")
        self._env, self._orders, self._each = env, learned.orders, rows // members

    def predict(
        self, observation: NDArray[np.float32], state: Any = None, episode_start: Any = None, deterministic: bool = True
    ) -> tuple[NDArray, Any]:
        """Actions for observations of shape (length,) or (rows, length); `state` passes through unchanged."""
        actions = np.stack(
            [
                self._orders[at // self._each].action(simulation, row)
                for at, (simulation, row) in enumerate(rows_of(self._env))
            ]
        )
        return (actions[0] if observation.ndim == 1 else actions), state
