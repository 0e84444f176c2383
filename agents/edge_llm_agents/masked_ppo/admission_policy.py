"""A trained admission network as a policy of its own, without the algorithm that trained it."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import torch
from gymnasium.vector import VectorEnv
from numpy.typing import NDArray

from edge_llm_agents.networks.set_networks import AdmissionScores
from edge_llm_baselines.playing.play import Policy
from edge_llm_env.envs.batching.environment import MECHANISM, OF_CALLS
from edge_llm_env.envs.suite import BATCHING
from edge_llm_env.scenarios.schema import Scenario
from edge_llm_env.support.naming import shown

WIDEST = 4096
"""Units of a layer."""


class AdmissionPolicy:
    """What SB3 calls a policy, for `EdgeLLM/Batching-v0`: the best-scored of the admissible slots, or to dispatch.

    No solver is in the loop and no mask is needed: the observation tells what is admissible. It decides by the
    observation alone; the scenario only says what it was trained for. Scores are computed in float64: in float32 two
    that are close may change places with the number of rows, or with the machine.
    """

    env_id = BATCHING
    card_fields: ClassVar[dict[str, type]] = {"width": int, "encoder": str}
    """What its cards have beside those of every policy, and the types in JSON."""

    def __init__(self, width: int, encoder: str, scenario: Scenario) -> None:
        if not 1 <= width <= WIDEST:
            raise ValueError(f"width = {width}: must be in 1..{WIDEST}")
        self.width, self.encoder, self.scenario = width, encoder, scenario
        mechanism = MECHANISM if scenario.workload.tasks is None else OF_CALLS
        self.network = AdmissionScores(width, encoder, mechanism.extent(scenario)).double().eval().requires_grad_(False)

    @classmethod
    def of_model(cls, model: Any, scenario: Scenario) -> AdmissionPolicy:
        """The actor of a model whose policy is a `SetPolicy`, copied."""
        policy = cls(model.policy.width, model.policy.encoder, scenario)
        policy.network.load_state_dict(model.policy.action_net.state_dict())
        return policy

    @classmethod
    def from_card(cls, description: dict[str, Any], arrays: dict[str, NDArray], scenario: Scenario) -> AdmissionPolicy:
        """What `description` and `arrays` told of; raises ValueError where they do not fit each other."""
        policy = cls(description["width"], description["encoder"], scenario)
        wanted = {name: tuple(one.shape) for name, one in policy.network.state_dict().items()}
        found = {name: array.shape for name, array in arrays.items()}
        if found != wanted:
            raise ValueError(f"weights have the shapes {shown(found)}: must be {shown(wanted)}")
        policy.network.load_state_dict({name: torch.from_numpy(array.copy()) for name, array in arrays.items()})
        return policy

    def description(self) -> dict[str, Any]:
        """What a card says of the network."""
        return {"width": self.width, "encoder": self.encoder}

    def arrays(self) -> dict[str, NDArray]:
        """The weights by name."""
        return {name: one.float().numpy() for name, one in self.network.state_dict().items()}

    def for_scenario(self, scenario: Scenario) -> AdmissionPolicy:
        """The same weights in another scenario."""
        return self.from_card(self.description(), self.arrays(), scenario)

    def acting(self, env: VectorEnv) -> Policy:
        """The policy of the actions of its environment: itself."""
        return self

    def predict(
        self,
        observation: NDArray[np.float32],
        state: Any = None,
        episode_start: Any = None,
        deterministic: bool = True,
    ) -> tuple[Any, Any]:
        """The action, or actions (rows,), of observations (length,) or (rows, length); `state` passes through."""
        with torch.inference_mode():
            actions = self.network(torch.from_numpy(np.atleast_2d(observation)).double()).argmax(dim=1).numpy()
        return (actions[0] if observation.ndim == 1 else actions), state
