"""Actor-critics of set networks for sb3-contrib's `MaskablePPO`."""

from __future__ import annotations

from typing import Any

import torch
from sb3_contrib.common.maskable.policies import MaskableActorCriticPolicy
from stable_baselines3.common.type_aliases import Schedule
from torch import Tensor, nn

from edge_llm_agents.networks.set_networks import CLOSED_LOGIT, AdmissionScores, SetValue


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
    `edge_llm_agents.networks.set_networks.ENCODERS`.
    """

    def __init__(self, *args: Any, width: int = 64, encoder: str = "deep-set", **kwargs: Any) -> None:
        self.width, self.encoder = width, encoder
        super().__init__(*args, **kwargs)

    def _build(self, lr_schedule: Schedule) -> None:
        self.mlp_extractor = Observations()  # type: ignore[assignment]
        self.action_net = AdmissionScores(self.width, self.encoder)
        self.value_net = SetValue(self.width, self.encoder)  # type: ignore[assignment]
        self.optimizer = self.optimizer_class(self.parameters(), lr=lr_schedule(1), **self.optimizer_kwargs)  # type: ignore[call-arg]

    def _get_constructor_parameters(self) -> dict[str, Any]:
        return super()._get_constructor_parameters() | {"width": self.width, "encoder": self.encoder}


class AnchoredSetPolicy(SetPolicy):
    """A `SetPolicy` whose entropy is told relative to what its actor was when `drop_anchor` was called.

    `evaluate_actions` gives -KL(actor ‖ anchor) in place of the entropy, so an algorithm's entropy coefficient becomes
    the weight of staying near the anchor. (To a uniform anchor the two differ by a constant.)
    """

    def _build(self, lr_schedule: Schedule) -> None:
        self.anchor = AdmissionScores(self.width, self.encoder).requires_grad_(False)
        super()._build(lr_schedule)

    def drop_anchor(self) -> None:
        """Make the actor as it is now the anchor."""
        self.anchor.load_state_dict(self.action_net.state_dict())

    def evaluate_actions(
        self, obs: Tensor, actions: Tensor, action_masks: Any = None
    ) -> tuple[Tensor, Tensor, Tensor | None]:
        """Values, log-probabilities of the actions, and -KL(actor ‖ anchor) in each state."""
        scores, anchored = self.action_net(obs), self.anchor(obs)
        if action_masks is not None:
            closed = ~torch.as_tensor(action_masks, dtype=torch.bool).reshape(scores.shape)
            scores, anchored = scores.masked_fill(closed, CLOSED_LOGIT), anchored.masked_fill(closed, CLOSED_LOGIT)
        logs, anchored_logs = torch.log_softmax(scores, dim=1), torch.log_softmax(anchored, dim=1)
        divergence = (logs.exp() * (logs - anchored_logs)).sum(dim=1)
        return self.value_net(obs), logs.gather(1, actions.long().reshape(-1, 1)).squeeze(1), -divergence
