"""Actor-critics of set networks for sb3-contrib's `MaskablePPO`."""

from __future__ import annotations

from typing import Any

import torch
from sb3_contrib.common.maskable.policies import MaskableActorCriticPolicy
from stable_baselines3.common.type_aliases import Schedule
from torch import Tensor, nn

from edge_llm_agents.networks.set_networks import CLOSED_LOGIT, AdmissionScores, SetValue
from edge_llm_env.envs.observation.features import Extent


class Observations(nn.Module):
    """Hands the observation to actor and critic as it is, in the place of SB3's shared network."""

    latent_dim_pi = latent_dim_vf = 0

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """For actor and critic."""
        return features, features

    def forward_actor(self, features: Tensor) -> Tensor:
        """For the actor."""
        return features

    def forward_critic(self, features: Tensor) -> Tensor:
        """For the critic."""
        return features


class SetPolicy(MaskableActorCriticPolicy):
    """Actor-critic for `EdgeLLM/Batching-v0` with permutation-equivariant scores, for sb3-contrib's `MaskablePPO`.

    Actor and critic have encoders of their own: with a shared one the critic's loss, while returns are large, drowns
    the actor's gradient. `width` is that of all hidden layers, `encoder` one of
    `edge_llm_agents.networks.set_networks.ENCODERS`, `extent` what stands behind the slots
    (`edge_llm_env.envs.observation.features.Extent`), as it does of agent tasks.
    """

    def __init__(
        self,
        *args: Any,
        width: int = 64,
        encoder: str = "deep-set",
        extent: tuple[int, ...] = (0, 0),
        **kwargs: Any,
    ) -> None:
        self.width, self.encoder, self.extent = width, encoder, tuple(extent)
        super().__init__(*args, **kwargs)

    def _build(self, lr_schedule: Schedule) -> None:
        self.mlp_extractor = Observations()  # type: ignore[assignment]
        self.action_net = AdmissionScores(self.width, self.encoder, Extent(*self.extent))
        self.value_net = SetValue(self.width, self.encoder, Extent(*self.extent))  # type: ignore[assignment]
        self.optimizer = self.optimizer_class(self.parameters(), lr=lr_schedule(1), **self.optimizer_kwargs)  # type: ignore[call-arg]

    def set_training_mode(self, mode: bool) -> None:
        """As SB3's, without going through all modules at every prediction: none of them knows of training."""
        self.training = mode

    def forward(
        self, obs: Tensor, deterministic: bool = False, action_masks: Any = None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Actions, values and log-probabilities of the actions."""
        logs = log_probabilities(self.action_net, obs, action_masks)
        actions = _chosen(logs, deterministic)
        return actions, self.value_net(obs), _of_actions(logs, actions)

    def evaluate_actions(
        self, obs: Tensor, actions: Tensor, action_masks: Any = None
    ) -> tuple[Tensor, Tensor, Tensor | None]:
        """Values, log-probabilities of the actions, and the entropy in each state."""
        logs = log_probabilities(self.action_net, obs, action_masks)
        return self.value_net(obs), _of_actions(logs, actions), -(logs.exp() * logs).sum(dim=1)

    def _predict(self, observation: Any, deterministic: bool = False, action_masks: Any = None) -> Tensor:
        return _chosen(log_probabilities(self.action_net, observation, action_masks), deterministic)

    def _get_constructor_parameters(self) -> dict[str, Any]:
        ours = {"width": self.width, "encoder": self.encoder, "extent": self.extent}
        return super()._get_constructor_parameters() | ours


class AnchoredSetPolicy(SetPolicy):
    """A `SetPolicy` whose entropy is told relative to what its actor was when `drop_anchor` was called.

    `evaluate_actions` gives -KL(actor ‖ anchor) in place of the entropy, so an algorithm's entropy coefficient becomes
    the weight of staying near the anchor. (To a uniform anchor the two differ by a constant.)
    """

    def _build(self, lr_schedule: Schedule) -> None:
        self.anchor = AdmissionScores(self.width, self.encoder, Extent(*self.extent)).requires_grad_(False)
        super()._build(lr_schedule)

    def drop_anchor(self) -> None:
        """Make the actor as it is now the anchor."""
        self.anchor.load_state_dict(self.action_net.state_dict())

    def evaluate_actions(
        self, obs: Tensor, actions: Tensor, action_masks: Any = None
    ) -> tuple[Tensor, Tensor, Tensor | None]:
        """Values, log-probabilities of the actions, and -KL(actor ‖ anchor) in each state."""
        logs, anchored = (log_probabilities(net, obs, action_masks) for net in (self.action_net, self.anchor))
        divergence = (logs.exp() * (logs - anchored)).sum(dim=1)
        return self.value_net(obs), _of_actions(logs, actions), -divergence


def log_probabilities(net: nn.Module, observations: Tensor, action_masks: Any = None) -> Tensor:
    """(batch, Q + 1) of every action by a network of scores; SB3's distributions check and normalise several times."""
    scores = net(observations)
    if action_masks is not None:
        open_ = torch.as_tensor(action_masks, dtype=torch.bool, device=scores.device).reshape(scores.shape)
        scores = scores.masked_fill(~open_, CLOSED_LOGIT)
    return torch.log_softmax(scores, dim=1)


def _of_actions(logs: Tensor, actions: Tensor) -> Tensor:
    return logs.gather(1, actions.long().reshape(-1, 1)).squeeze(1)


def _chosen(logs: Tensor, deterministic: bool) -> Tensor:
    return logs.argmax(dim=1) if deterministic else logs.exp().multinomial(1).squeeze(1)
