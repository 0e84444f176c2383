"""A learned allocation of modules in `EdgeLLM/ServiceLevel-v0`, with the exact levels of each epoch."""

from __future__ import annotations

from typing import Any, ClassVar

from gymnasium.vector import VectorEnv
from numpy.typing import NDArray

from edge_llm_agents.allocations.policy import LearnedAllocation
from edge_llm_baselines.levels.rules import LevelPolicy, exact_levels
from edge_llm_env.envs.suite import COMPUTE, SERVICE_LEVEL
from edge_llm_env.scenarios.schema import Scenario


class LearnedLevels:
    """Modules as a policy of `Compute-v0` divides them, by the observation, which is the same here; and with these the
    most valuable levels of the epoch, which the exact search finds.

    Raises ValueError for an allocation of another environment than `Compute-v0`.
    """

    env_id = SERVICE_LEVEL
    card_fields: ClassVar[dict[str, type]] = LearnedAllocation.card_fields
    """What its cards have beside those of every policy, and the types in JSON."""

    def __init__(self, modules: LearnedAllocation) -> None:
        if modules.env_id != COMPUTE:
            raise ValueError(f"modules: is a policy of {modules.env_id}, must be one of {COMPUTE}")
        self.modules = modules

    @property
    def scenario(self) -> Scenario:
        """Where it acts."""
        return self.modules.scenario

    @classmethod
    def from_card(cls, description: dict[str, Any], arrays: dict[str, NDArray], scenario: Scenario) -> LearnedLevels:
        """What `description` and `arrays` told of; raises ValueError where they do not fit each other."""
        return cls(LearnedAllocation.from_card(description | {"environment": COMPUTE}, arrays, scenario))

    def description(self) -> dict[str, Any]:
        """What a card says of the environment and the function behind the modules."""
        return self.modules.description() | {"environment": self.env_id}

    def arrays(self) -> dict[str, NDArray]:
        """The weights by name."""
        return self.modules.arrays()

    def acting(self, env: VectorEnv) -> LevelPolicy:
        """The policy of the actions of its environment."""
        return LevelPolicy(env, exact_levels(), self.modules)

    def for_scenario(self, scenario: Scenario) -> LearnedLevels:
        """The same weights in another scenario; raises ValueError where that has another number of variants."""
        return LearnedLevels(self.modules.for_scenario(scenario))
