"""A task's size, learned from signals, with the index rule, as a policy of `EdgeLLM/BatchSelection-v0`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from edge_llm_agents.tasks.scores import LearnedScores
from edge_llm_baselines.playing.play import Policy
from edge_llm_baselines.playing.policy import rows_of
from edge_llm_baselines.tasks.index import checked_numbers, index_values
from edge_llm_baselines.tasks.signals.scores import Scores, announced
from edge_llm_baselines.tasks.tuning import valued
from edge_llm_env.envs.suite import BATCH_SELECTION
from edge_llm_env.scenarios.schema import Scenario


class LearnedTasks:
    """What SB3 calls a policy, for scenarios whose calls come with signals, once it acts on an environment (`acting`).

    Perceptrons tell the size of a task from the signals of its calls; by that, its kind and the calls done, tasks have
    the indices of `edge_llm_baselines.tasks.index`, counted on the scenario's training workloads of `examples_seed`,
    and `numbers` of that rule are tuned.

    Raises ScenarioError for a scenario without signals, and ValueError for arrays of other shapes and for numbers that
    are not finite or of another count.
    """

    env_id = BATCH_SELECTION
    card_fields: ClassVar[dict[str, type]] = {"numbers": list, "examples_seed": int}
    """What its cards have beside those of every policy, and the types in JSON."""

    def __init__(
        self,
        arrays: Mapping[str, NDArray[np.float32]],
        numbers: Sequence[float],
        examples_seed: int,
        scenario: Scenario,
    ) -> None:
        tasks, _ = announced(scenario)
        self.scores = LearnedScores(arrays, len(tasks.kinds), tasks.signal_size)
        self.numbers, self.examples_seed, self.scenario = checked_numbers(numbers), examples_seed, scenario

    @classmethod
    def from_card(cls, description: dict[str, Any], arrays: dict[str, NDArray], scenario: Scenario) -> LearnedTasks:
        """What `description` and `arrays` told of; raises ValueError where they do not fit each other."""
        return cls(arrays, description["numbers"], description["examples_seed"], scenario)

    def description(self) -> dict[str, Any]:
        """What a card says of the rule."""
        return {"numbers": [float(one) for one in self.numbers], "examples_seed": self.examples_seed}

    def arrays(self) -> dict[str, NDArray]:
        """The weights."""
        return dict(self.scores.arrays)

    def make_scores(self, scenario: Scenario, seed: int) -> Scores:
        """What was learned, whatever the scenario and the seed."""
        return self.scores

    def acting(self, env: Any) -> Policy:
        """The policy of the actions of an environment.

        Raises ValueError where there are more or fewer kinds of tasks, or numbers of a signal, than were learned from.
        """
        scenario = rows_of(env)[0][0].scenario
        tasks, learned = scenario.workload.tasks, self.scores.arrays["weight0"].shape[:2]
        found = (0, 0) if tasks is None else (len(tasks.kinds), tasks.signal_size)
        if found != learned:
            there = f"scenario {scenario.name}: workload.tasks has {found[0]} kinds and signals of {found[1]} numbers"
            raise ValueError(f"{there}: must be {learned[0]} and {learned[1]}, as learned")
        return valued(index_values, env, self.numbers, self.examples_seed, self.make_scores)

    def for_scenario(self, scenario: Scenario) -> LearnedTasks:
        """The same weights in another scenario of as many kinds."""
        return LearnedTasks(self.scores.arrays, self.numbers, self.examples_seed, scenario)
