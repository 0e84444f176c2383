"""A learned order of calls as a policy."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from edge_llm_agents.calls.order import ORDER, RULE, SPREADS
from edge_llm_agents.value_search.named_arrays import NamedNumbers
from edge_llm_baselines.playing.play import Policy
from edge_llm_baselines.playing.policy import rows_of
from edge_llm_baselines.schedulers.policy import SchedulerPolicy
from edge_llm_env.envs.suite import CONTINUOUS_BATCHING
from edge_llm_env.scenarios.schema import Scenario
from edge_llm_env.task_dynamics.params import tasks_of


class LearnedOrder(NamedNumbers):
    """What SB3 calls a policy, for `ContinuousBatching-v0` where requests are calls of tasks, once it acts (`acting`).

    It admits them in the order of `edge_llm_agents.calls.order` around *fewest calls left* with the numbers `rule`.
    Raises ValueError for a scenario without tasks, and for a rule whose numbers are not finite or of another count too.
    """

    env_id = CONTINUOUS_BATCHING
    names = tuple(SPREADS)
    card_fields: ClassVar[dict[str, type]] = NamedNumbers.card_fields | {"rule": list}

    def __init__(self, numbers: NDArray, rule: Sequence[float], scenario: Scenario) -> None:
        super().__init__(np.asarray(numbers, dtype=np.float64), scenario)
        tasks_of(scenario)
        finite = [isinstance(one, int | float) and not isinstance(one, bool) and isfinite(one) for one in rule]
        if len(rule) != len(RULE) or not all(finite):
            raise ValueError(f"its numbers are {list(rule)}: must be {', '.join(RULE)}, all finite")
        self.rule = tuple(map(float, rule))

    @classmethod
    def from_card(cls, description: dict[str, Any], arrays: dict[str, NDArray], scenario: Scenario) -> Self:
        """What `description` and `arrays` told of; raises ValueError where they do not fit each other."""
        return cls(cls.numbers_of(description, arrays), description["rule"], scenario)

    def description(self) -> dict[str, Any]:
        """What a card says of the environment, the numbers and the rule."""
        return super().description() | {"rule": list(self.rule)}

    def for_scenario(self, scenario: Scenario) -> Self:
        """The same numbers in another scenario; raises ValueError for one without tasks."""
        return type(self)(self.numbers, self.rule, scenario)

    def acting(self, env: Any) -> Policy:
        """The policy of the actions of an environment, whose rows it reads.

        Raises ValueError for another multiple of rows than there are members.
        """
        rows, members = len(rows_of(env)), len(self.numbers)
        if rows % members:
            raise ValueError(f"env of {rows} rows: must have a multiple of {members}, the policy's members")
        numbers = np.hstack((np.tile(self.rule, (members, 1)), self.numbers))
        return SchedulerPolicy(ORDER, np.repeat(numbers, rows // members, axis=0), env)
