"""Learned values of calls as a policy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from edge_llm_agents.calls.worth import SPREADS, corrected_values
from edge_llm_agents.value_search.named_arrays import NamedNumbers
from edge_llm_baselines.playing.play import Policy
from edge_llm_baselines.playing.policy import rows_of
from edge_llm_baselines.tasks.index import checked_numbers
from edge_llm_baselines.tasks.remaining import remaining_of
from edge_llm_baselines.tasks.valued import ValuedCalls
from edge_llm_env.envs.suite import BATCH_SELECTION
from edge_llm_env.scenarios.schema import Scenario
from edge_llm_env.task_dynamics.params import tasks_of


class LearnedCalls(NamedNumbers):
    """What SB3 calls a policy, for `BatchSelection-v0` where requests are calls of tasks, once it acts (`acting`).

    It serves the most valuable calls by `corrected_values` around the index rule of the numbers `rule`, which counts
    what is left of tasks on the scenario's training workloads of `counted_seed`. Raises ValueError for a scenario
    without tasks, and for a rule whose numbers are not finite or of another count, too.
    """

    env_id = BATCH_SELECTION
    names = tuple(SPREADS)
    card_fields: ClassVar[dict[str, type]] = NamedNumbers.card_fields | {"rule": list, "counted_seed": int}

    def __init__(self, numbers: NDArray, rule: Sequence[float], counted_seed: int, scenario: Scenario) -> None:
        super().__init__(np.asarray(numbers, dtype=np.float64), scenario)
        tasks_of(scenario)
        self.rule, self.counted_seed = checked_numbers(rule), counted_seed

    @classmethod
    def from_card(cls, description: dict[str, Any], arrays: dict[str, NDArray], scenario: Scenario) -> Self:
        """What `description` and `arrays` told of; raises ValueError where they do not fit each other."""
        numbers = cls.numbers_of(description, arrays)
        return cls(numbers, description["rule"], description["counted_seed"], scenario)

    def description(self) -> dict[str, Any]:
        """What a card says of the environment, the numbers and the rule."""
        return super().description() | {"rule": [float(one) for one in self.rule], "counted_seed": self.counted_seed}

    def for_scenario(self, scenario: Scenario) -> Self:
        """The same numbers in another scenario; raises ValueError for one without tasks."""
        return type(self)(self.numbers, self.rule, self.counted_seed, scenario)

    def acting(self, env: Any) -> Policy:
        """The policy of the actions of an environment, whose rows it reads.

        Raises ValueError for another multiple of rows than there are members, and as `ValuedCalls` does.
        """
        rows, members = rows_of(env), len(self.numbers)
        if len(rows) % members:
            raise ValueError(f"env of {len(rows)} rows: must have a multiple of {members}, the policy's members")
        scenario = rows[0][0].scenario
        remaining = remaining_of(scenario, self.counted_seed)
        return ValuedCalls(corrected_values(remaining, self.rule, self.numbers), env)
