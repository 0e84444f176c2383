"""Set networks in the places where plain Stable-Baselines3 has multilayer perceptrons: PPO, SAC, TD3 and DQN.

Each is given as the policy class of its algorithm. `width` is that of all hidden layers, `encoder` one of
`edge_llm_agents.networks.set_networks.ENCODERS`, and `extent` the two numbers of
`edge_llm_env.envs.observation.Extent`, (0, 0) where observations have nothing behind their slots; `whole` is how many
numbers of an action stand behind those of the slots. Other keywords are SB3's; what they say of hidden layers has no
effect.
"""

from __future__ import annotations

from typing import Any

import torch
from gymnasium import spaces
from stable_baselines3.common.policies import ActorCriticPolicy, ContinuousCritic
from stable_baselines3.common.type_aliases import Schedule
from stable_baselines3.dqn.policies import DQNPolicy, QNetwork
from stable_baselines3.sac.policies import Actor as SACActor
from stable_baselines3.sac.policies import SACPolicy
from stable_baselines3.td3.policies import Actor as TD3Actor
from stable_baselines3.td3.policies import TD3Policy
from torch import Tensor, nn

from edge_llm_agents.networks.actor_critics import Observations
from edge_llm_agents.networks.set_networks import (
    ActionOutputs,
    ActionValue,
    AdmissionScores,
    Encoding,
    SetValue,
    make_encoder,
)
from edge_llm_agents.networks.sets import sizes, split
from edge_llm_env.envs.observation.features import Extent


class Encoded(nn.Module):
    """Observations (batch, length) to an encoder's features."""

    def __init__(self, width: int, encoder: str, extent: Extent) -> None:
        super().__init__()
        self.extent = extent
        self.encoder = make_encoder(encoder, *sizes(extent), width)

    def forward(self, observations: Tensor) -> Encoding:
        """Features of the requests and of the whole."""
        sets = split(observations, self.extent)
        return Encoding(sets, *self.encoder(sets))


class SetKeywords:
    """The keywords that all of these policies have in common, and the networks made from them."""

    observation_space: spaces.Space
    action_space: spaces.Space

    def __init__(
        self,
        *args: Any,
        width: int = 64,
        encoder: str = "deep-set",
        extent: tuple[int, int] = (0, 0),
        whole: int = 0,
        **kwargs: Any,
    ) -> None:
        self.set_keywords: dict[str, Any] = {"width": width, "encoder": encoder, "extent": Extent(*extent)}
        self.whole = whole
        super().__init__(*args, **kwargs)

    def _get_constructor_parameters(self) -> dict[str, Any]:
        return super()._get_constructor_parameters() | self.set_keywords | {"whole": self.whole}  # type: ignore[misc]

    @property
    def action_parts(self) -> tuple[int, int]:
        """Numbers of an action per slot, and behind them those of the whole.

        Raises ValueError where an action is not made of as many for each slot and `whole` others.
        """
        slots = self.set_keywords["extent"].slots((self.observation_space.shape or (0,))[0])
        entries = (self.action_space.shape or (0,))[0]
        per_slot, rest = divmod(entries - self.whole, slots)
        if rest or per_slot < 0:
            raise ValueError(
                f"whole = {self.whole}: actions of length {entries} have another number behind {slots} slots"
            )
        return per_slot, self.whole

    def encoded(self) -> Encoded:
        """A new encoder."""
        return Encoded(**self.set_keywords)

    def outputs(self) -> ActionOutputs:
        """New outputs of an action's size."""
        return ActionOutputs(self.set_keywords["width"], *self.action_parts)

    def with_action_values(self, critic: ContinuousCritic) -> ContinuousCritic:
        """An SB3 critic with new networks."""
        parts = self.action_parts
        critic.q_networks = []
        for index in range(critic.n_critics):
            network = ActionValue(**self.set_keywords, per_slot=parts[0], whole=parts[1])
            critic.add_module(f"qf{index}", network)
            critic.q_networks.append(network)
        return critic


class SetActorCriticPolicy(SetKeywords, ActorCriticPolicy):
    """For `PPO` with continuous actions: one deviation for each kind of number, the same in every slot."""

    def _build(self, lr_schedule: Schedule) -> None:
        if self.use_sde:
            raise ValueError("use_sde = True: must be False, set policies have no state-dependent exploration")
        per_slot, whole = self.action_parts
        self.mlp_extractor = Observations()  # type: ignore[assignment]
        self.action_net = nn.Sequential(self.encoded(), self.outputs())
        self.log_std_of_kinds = nn.Parameter(torch.full((per_slot + whole,), float(self.log_std_init)))
        self.value_net = SetValue(**self.set_keywords)  # type: ignore[assignment]
        self.optimizer = self.optimizer_class(self.parameters(), lr=lr_schedule(1), **self.optimizer_kwargs)  # type: ignore[call-arg]

    @property
    def log_std(self) -> Tensor:  # type: ignore[override]
        """Of every number of an action."""
        per_slot, whole = self.action_parts
        slots = ((self.action_space.shape or (0,))[0] - whole) // max(1, per_slot)
        kinds = self.log_std_of_kinds
        return torch.cat((kinds[:per_slot].repeat_interleave(slots), kinds[per_slot:]))


class SetSACPolicy(SetKeywords, SACPolicy):
    """For `SAC`."""

    def make_actor(self, features_extractor: Any = None) -> SACActor:
        """An actor of set networks."""
        if self.actor_kwargs["use_sde"]:
            raise ValueError("use_sde = True: must be False, set policies have no state-dependent exploration")
        actor = super().make_actor(features_extractor)
        actor.latent_pi, actor.mu, actor.log_std = self.encoded(), self.outputs(), self.outputs()  # type: ignore[assignment]
        return actor

    def make_critic(self, features_extractor: Any = None) -> ContinuousCritic:
        """Critics of set networks."""
        return self.with_action_values(super().make_critic(features_extractor))


class SetTD3Policy(SetKeywords, TD3Policy):
    """For `TD3`."""

    def make_actor(self, features_extractor: Any = None) -> TD3Actor:
        """An actor of set networks."""
        actor = super().make_actor(features_extractor)
        actor.mu = nn.Sequential(self.encoded(), self.outputs(), nn.Tanh())
        return actor

    def make_critic(self, features_extractor: Any = None) -> ContinuousCritic:
        """Critics of set networks."""
        return self.with_action_values(super().make_critic(features_extractor))


class SetDQNPolicy(SetKeywords, DQNPolicy):
    """For `DQN` on `EdgeLLM/Batching-v0`: the value of every admission and of dispatching.

    SB3's DQN knows no masks; values of closed slots are those of `AdmissionScores`, so that the greedy policy never
    chooses one, and random exploration that does dispatches.
    """

    def make_q_net(self) -> QNetwork:
        """A network of admission scores."""
        network = super().make_q_net()
        network.q_net = AdmissionScores(self.set_keywords["width"], self.set_keywords["encoder"])  # type: ignore[assignment]
        return network
