"""Policies that treat the pending requests as a set: reordering the slots reorders their scores, nothing else."""

from __future__ import annotations

from typing import Any

import torch
from sb3_contrib.common.maskable.policies import MaskableActorCriticPolicy
from stable_baselines3.common.type_aliases import Schedule
from torch import Tensor, nn

from edge_llm_env.envs.observation import CONTEXT_FEATURES, SLOT_FEATURES

_CONTEXT, _SLOT = len(CONTEXT_FEATURES), len(SLOT_FEATURES)
_NAMES = [feature.name for feature in SLOT_FEATURES]
_PRESENT, _ADMISSIBLE = _NAMES.index("present"), _NAMES.index("admissible")
CLOSED_LOGIT = -1e8
"""Score of an action that the mask closes; sb3-contrib uses the same."""


class SetEncoder(nn.Module):
    """Observations (batch, length) to features of each slot (batch, Q, width) and of the whole (batch, width).

    Every slot passes through the same layers. The whole is made of the mean and the maximum over the slots that hold a
    request, so it does not depend on their order (deep sets, arXiv 1703.06114).
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.slot_in = nn.Linear(_SLOT, width)
        self.context_in = nn.Linear(_CONTEXT, width)
        self.whole = nn.Sequential(nn.Linear(3 * width, width), nn.ReLU())
        self.slot_out = nn.Linear(width, width)
        self.whole_to_slot = nn.Linear(width, width)

    def forward(self, observations: Tensor) -> tuple[Tensor, Tensor]:
        """Features of the slots, 0 where a slot is empty, and of the whole."""
        context, slots = observations[:, :_CONTEXT], observations[:, _CONTEXT:].unflatten(1, (-1, _SLOT))
        present = slots[:, :, _PRESENT : _PRESENT + 1]
        embedded_context = self.context_in(context)
        hidden = torch.relu(self.slot_in(slots) + embedded_context[:, None]) * present
        mean = hidden.sum(dim=1) / present.sum(dim=1).clamp(min=1.0)
        whole = self.whole(torch.cat((mean, hidden.amax(dim=1), torch.relu(embedded_context)), dim=1))
        features = torch.relu(self.slot_out(hidden) + self.whole_to_slot(whole)[:, None]) * present
        return features, whole


class AdmissionScores(nn.Module):
    """Observations to the logits of admitting each slot and, last, of dispatching: (batch, Q + 1).

    Slots whose `admissible` feature is 0 score CLOSED_LOGIT, so the actor never leaves the mask even where its caller
    has none to give.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.encoder = SetEncoder(width)
        self.admit = nn.Linear(width, 1)
        self.dispatch = nn.Linear(width, 1)
        for layer in (self.admit, self.dispatch):
            nn.init.orthogonal_(layer.weight, gain=0.01)
            nn.init.zeros_(layer.bias)

    def forward(self, observations: Tensor) -> Tensor:
        """Logits."""
        features, whole = self.encoder(observations)
        admissible = observations[:, _CONTEXT + _ADMISSIBLE :: _SLOT] > 0.5
        scores = self.admit(features).squeeze(2).masked_fill(~admissible, CLOSED_LOGIT)
        return torch.cat((scores, self.dispatch(whole)), dim=1)


class SetValue(nn.Module):
    """Observations to state values: (batch, 1)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.encoder = SetEncoder(width)
        self.value = nn.Sequential(nn.Linear(2 * width, width), nn.ReLU(), nn.Linear(width, 1))

    def forward(self, observations: Tensor) -> Tensor:
        """Values."""
        features, whole = self.encoder(observations)
        return self.value(torch.cat((features.mean(dim=1), whole), dim=1))


class _Observations(nn.Module):
    """Hands the observation to actor and critic as it is, in the place of SB3's shared network."""

    latent_dim_pi = latent_dim_vf = 0

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        return features, features

    def forward_actor(self, features: Tensor) -> Tensor:
        return features

    def forward_critic(self, features: Tensor) -> Tensor:
        return features


class SetPolicy(MaskableActorCriticPolicy):
    """Actor-critic for `EdgeLLM/Batching-v0` with permutation-equivariant scores, for sb3-contrib's `MaskablePPO`.

    Actor and critic have encoders of their own: with a shared one the critic's loss, while returns are large, drowns
    the actor's gradient. `width` is that of all hidden layers.
    """

    def __init__(self, *args: Any, width: int = 64, **kwargs: Any) -> None:
        self.width = width
        super().__init__(*args, **kwargs)

    def _build(self, lr_schedule: Schedule) -> None:
        self.mlp_extractor = _Observations()  # type: ignore[assignment]
        self.action_net = AdmissionScores(self.width)
        self.value_net = SetValue(self.width)  # type: ignore[assignment]
        self.optimizer = self.optimizer_class(self.parameters(), lr=lr_schedule(1), **self.optimizer_kwargs)  # type: ignore[call-arg]

    def _get_constructor_parameters(self) -> dict[str, Any]:
        return super()._get_constructor_parameters() | {"width": self.width}


class AnchoredSetPolicy(SetPolicy):
    """A `SetPolicy` whose entropy is told relative to what its actor was when `drop_anchor` was called.

    `evaluate_actions` gives -KL(actor ‖ anchor) in place of the entropy, so an algorithm's entropy coefficient becomes
    the weight of staying near the anchor. (To a uniform anchor the two differ by a constant.)
    """

    def _build(self, lr_schedule: Schedule) -> None:
        self.anchor = AdmissionScores(self.width).requires_grad_(False)
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
