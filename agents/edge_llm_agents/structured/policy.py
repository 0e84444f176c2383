"""A value function corrected by a network over the set of requests, as a policy of values for oracle decoding."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import torch
from gymnasium.vector import VectorEnv
from numpy.typing import NDArray

from edge_llm_agents.evaluation.playing import DecodedPolicy
from edge_llm_agents.networks.set_networks import ENCODERS
from edge_llm_agents.structured.network import Seen, SetWorth
from edge_llm_agents.value_search.features import request_features
from edge_llm_agents.value_search.policy import ValuePolicy
from edge_llm_agents.value_search.seen import Scales
from edge_llm_baselines.playing.play import Policy
from edge_llm_env.envs.observation.features import slot_feature
from edge_llm_env.envs.suite import BATCH_SELECTION
from edge_llm_env.scenarios.schema import Scenario
from edge_llm_env.support.naming import one_of, shown

_OF_BASE, _OF_NETWORK = "base.", "network."
"""How the names of its arrays begin."""


class StructuredPolicy:
    """What SB3 calls a policy, for `baselines.OracleDecoding` and `VectorOracleDecoding`.

    What serving a request now is worth is what `base` says of it, plus what a network says that sees the whole queue;
    the rest, from levels to decoding, is the base's. With a network that has not been trained it is the base, to the
    last bit. The network computes in 64 bits, so that a value does not depend on how many rows are decided with it.

    Raises ValueError for a base that is a population.
    """

    env_id = BATCH_SELECTION
    card_fields: ClassVar[dict[str, type]] = {"base": dict, "encoder": str, "units": int}
    """What its cards have beside those of every policy, and the types in JSON."""

    def __init__(self, base: ValuePolicy, network: SetWorth, encoder: str) -> None:
        if len(base.parameters) != 1:
            raise ValueError(f"base: has {len(base.parameters)} members, must have 1")
        self.base, self.encoder, self.scenario = base, encoder, base.scenario
        self.units = network.correction.in_features
        self._network = new_network(base, self.units, encoder)
        self._network.load(network.arrays())
        self._network.double().eval()
        self._scales = Scales.of(base.scenario)

    @classmethod
    def from_card(cls, description: dict[str, Any], arrays: dict[str, NDArray], scenario: Scenario) -> StructuredPolicy:
        """What `description` and `arrays` told of; raises ValueError where they do not fit each other."""
        for name, of_type in ValuePolicy.card_fields.items():
            value = description["base"].get(name)
            if not isinstance(value, of_type) or isinstance(value, bool):
                raise ValueError(f"its base.{name} = {shown(value)}: must be of type {of_type.__name__}")
        base = ValuePolicy.from_card(description["base"], _named(arrays, _OF_BASE), scenario)
        network = new_network(base, description["units"], one_of("encoder", description["encoder"], ENCODERS))
        network.load(_named(arrays, _OF_NETWORK))
        return cls(base, network, description["encoder"])

    def description(self) -> dict[str, Any]:
        """What a card says of the base and of the network."""
        return {"base": self.base.description(), "encoder": self.encoder, "units": self.units}

    def arrays(self) -> dict[str, NDArray]:
        """The weights of both, by name."""
        named = {_OF_BASE: self.base.arrays(), _OF_NETWORK: self._network.arrays()}
        return {f"{begins}{name}": array for begins, arrays in named.items() for name, array in arrays.items()}

    def acting(self, env: VectorEnv) -> Policy:
        """The policy of the actions of its environment: batches, by oracle decoding."""
        return DecodedPolicy(self, env)

    def for_scenario(self, scenario: Scenario) -> StructuredPolicy:
        """The same weights in another scenario."""
        return StructuredPolicy(self.base.for_scenario(scenario), self._network, self.encoder)

    def seen(self, observations: NDArray[np.float32]) -> Seen:
        """What its network sees of observations (rows, length)."""
        names = self.base.function.features
        features, present = request_features(observations, self._scales, names)
        worth_now = self.base.function.worth_now(self.base.parameters, features)
        of_slots = np.concatenate((features, worth_now[None])) * present
        return Seen(torch.from_numpy(observations), torch.from_numpy(np.moveaxis(of_slots, 0, -1)))

    def worth_now(self, seen: Seen) -> NDArray[np.float32]:
        """(rows, Q) what serving each request now is worth, before it is rounded to levels."""
        with torch.no_grad():
            corrections = self._network(Seen(*(one.double() for one in seen)))
        return seen.features[..., -1].numpy() + corrections.numpy().astype(np.float32)

    def predict(
        self,
        observation: NDArray[np.float32],
        state: Any = None,
        episode_start: Any = None,
        deterministic: bool = True,
    ) -> tuple[NDArray[np.float32], Any]:
        """Values in 0..1, (Q,) or (rows, Q); `state` passes through unchanged."""
        rows = np.atleast_2d(observation)
        values = self.base.function.on_levels(self.worth_now(self.seen(rows)), present_in(rows))
        return (values[0] if observation.ndim == 1 else values), state


def new_network(base: ValuePolicy, width: int, encoder: str) -> SetWorth:
    """A network that sees what a base does, and has not been trained."""
    return SetWorth(len(base.function.features) + 1, width, encoder)


def present_in(observations: NDArray[np.float32]) -> NDArray[np.float32]:
    """(rows, Q) 1 in slots that hold a request, else 0."""
    return slot_feature(observations, "present")


def _named(arrays: dict[str, NDArray], begins: str) -> dict[str, NDArray]:
    return {name.removeprefix(begins): array for name, array in arrays.items() if name.startswith(begins)}
