"""Learned uploads as a policy."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_llm_agents.uploads.order import SPREADS, LearnedOrder
from edge_llm_agents.value_search.named_arrays import NamedNumbers
from edge_llm_baselines.playing.play import Policy
from edge_llm_baselines.playing.policy import rows_of
from edge_llm_env.envs.suite import BANDWIDTH
from edge_llm_env.scenarios.schema import Scenario


class LearnedUploads(NamedNumbers):
    """What SB3 calls a policy, for `Bandwidth-v0` where uploads carry over along a road, once it acts (`acting`).

    It serves and sends in the order of `LearnedOrder`. Raises ValueError for a scenario without a road, too.
    """

    env_id = BANDWIDTH
    names = tuple(SPREADS)

    def __init__(self, numbers: NDArray, scenario: Scenario) -> None:
        super().__init__(np.asarray(numbers, dtype=np.float64), scenario)
        self.orders = [LearnedOrder(of_member, scenario) for of_member in self.numbers]

    def acting(self, env: Any) -> Policy:
        """The policy of the actions of an environment, whose rows it reads."""
        return _Acting(self, env)


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
