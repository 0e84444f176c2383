"""Networks over an engine's two sets, who waits and who runs: reordering the slots reorders their scores, nothing else.

Every slot of a set passes through the same layers; the whole is made of the means and the maxima over both sets (deep
sets, arXiv 1703.06114), and goes back to every slot.
"""

from __future__ import annotations

from typing import Any

import torch
from sb3_contrib.common.maskable.policies import MaskableActorCriticPolicy
from stable_baselines3.common.type_aliases import Schedule
from torch import Tensor, nn

from edge_llm_agents.networks.actor_critics import Observations, SetPolicy
from edge_llm_env.envs.continuous_batching.observation import ENGINE_FEATURES, RUNNING_FEATURES, WAITING_FEATURES

Extent = tuple[int, int, int]
"""Waiting slots, running slots, and budgets to run on with."""

_ENGINE, _WAITING, _RUNNING = len(ENGINE_FEATURES), len(WAITING_FEATURES), len(RUNNING_FEATURES)


class TwoSets(nn.Module):
    """Observations to features of waiting (batch, Q, width) and running slots (batch, B, width), and of the whole."""

    def __init__(self, extent: Extent, width: int) -> None:
        super().__init__()
        self.waiting_slots, self.running_slots, _ = extent
        self.context_in = nn.Linear(_ENGINE, width)
        self.in_ = nn.ModuleList([nn.Linear(_WAITING, width), nn.Linear(_RUNNING, width)])
        self.whole = nn.Sequential(nn.Linear(5 * width, width), nn.ReLU())
        self.out = nn.ModuleList([nn.Linear(width, width), nn.Linear(width, width)])
        self.whole_to = nn.ModuleList([nn.Linear(width, width), nn.Linear(width, width)])

    def forward(self, observations: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Features of both sets and of the whole; those of empty slots are of no meaning."""
        behind = _ENGINE + self.waiting_slots * _WAITING
        context = self.context_in(observations[:, :_ENGINE])
        sets = (
            observations[:, _ENGINE:behind].unflatten(1, (self.waiting_slots, _WAITING)),
            observations[:, behind:].unflatten(1, (self.running_slots, _RUNNING)),
        )
        hidden, pooled = [], [torch.relu(context)]
        for layer, slots in zip(self.in_, sets, strict=True):
            there = slots[:, :, :1]  # both begin with whether the slot is used
            one = torch.relu(layer(slots) + context[:, None]) * there
            pooled += [one.sum(dim=1) / there.sum(dim=1).clamp(min=1.0), one.amax(dim=1)]
            hidden.append(one)
        whole = self.whole(torch.cat(pooled, dim=1))
        waiting, running = (
            torch.relu(layer(one) + again(whole)[:, None])
            for layer, again, one in zip(self.out, self.whole_to, hidden, strict=True)
        )
        return waiting, running, whole


class EngineScores(nn.Module):
    """Observations to the logits of all actions: admit, preempt, drop, run on; (batch, 2·Q + B + C)."""

    def __init__(self, extent: Extent, width: int) -> None:
        super().__init__()
        self.sets = TwoSets(extent, width)
        self.of_waiting, self.of_running = nn.Linear(width, 2), nn.Linear(width, 1)
        self.of_whole = nn.Linear(width, extent[2])
        for layer in (self.of_waiting, self.of_running, self.of_whole):
            nn.init.orthogonal_(layer.weight, gain=0.01)
            nn.init.zeros_(layer.bias)

    def forward(self, observations: Tensor) -> Tensor:
        """Logits, whatever the mask."""
        waiting, running, whole = self.sets(observations)
        admit, drop = self.of_waiting(waiting).unbind(dim=2)
        return torch.cat((admit, self.of_running(running).squeeze(2), drop, self.of_whole(whole)), dim=1)


class EngineValue(nn.Module):
    """Observations to state values, (batch, 1)."""

    def __init__(self, extent: Extent, width: int) -> None:
        super().__init__()
        self.sets = TwoSets(extent, width)
        self.value = nn.Sequential(nn.Linear(width, width), nn.ReLU(), nn.Linear(width, 1))

    def forward(self, observations: Tensor) -> Tensor:
        """Values."""
        value: Tensor = self.value(self.sets(observations)[2])
        return value


class EngineSetPolicy(SetPolicy):
    """Actor-critic for `EdgeLLM/ContinuousBatching-v0` over both of its sets, for sb3-contrib's `MaskablePPO`.

    Actor and critic have encoders of their own, as in `SetPolicy`. `extent` are waiting slots, running slots and
    budgets; `width` is that of all hidden layers.
    """

    def __init__(self, *args: Any, extent: Extent, width: int = 64, **kwargs: Any) -> None:
        super().__init__(*args, width=width, extent=extent, **kwargs)

    def _build(self, lr_schedule: Schedule) -> None:
        self.mlp_extractor = Observations()  # type: ignore[assignment]
        self.action_net = EngineScores(self.extent, self.width)  # type: ignore[arg-type]
        self.value_net = EngineValue(self.extent, self.width)  # type: ignore[assignment,arg-type]
        self.optimizer = self.optimizer_class(self.parameters(), lr=lr_schedule(1), **self.optimizer_kwargs)  # type: ignore[call-arg]

    def _get_constructor_parameters(self) -> dict[str, Any]:
        return MaskableActorCriticPolicy._get_constructor_parameters(self) | {
            "width": self.width,
            "extent": self.extent,
        }
