"""Networks that treat the pending requests as a set: reordering the slots reorders their outputs, nothing else."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from edge_llm_agents.networks.sets import Sets, sizes, split
from edge_llm_env.envs.observation.features import PLAIN, Extent
from edge_llm_env.support.naming import one_of

CLOSED_LOGIT = -1e8
"""Score of an action that the mask closes; sb3-contrib uses the same."""

HEADS = 4
"""Of the attention; a width must be a multiple of it."""


class DeepSet(nn.Module):
    """Sets to features of each request (n, width) and of the whole (batch, width).

    Every request passes through the same layers. The whole is made of the mean and the maximum over the requests of an
    observation, so it does not depend on their order (deep sets, arXiv 1703.06114).
    """

    def __init__(self, context: int, slot: int, width: int) -> None:
        super().__init__()
        self.slot_in = nn.Linear(slot, width)
        self.context_in = nn.Linear(context, width)
        self.whole = nn.Sequential(nn.Linear(3 * width, width), nn.ReLU())
        self.slot_out = nn.Linear(width, width)
        self.whole_to_slot = nn.Linear(width, width)

    def forward(self, sets: Sets) -> tuple[Tensor, Tensor]:
        """Features of the requests and of the whole."""
        context = self.context_in(sets.context)
        # In place: these are the largest arrays, and no backward pass needs what they held before.
        hidden = self.slot_in(sets.requests).add_(sets.to_requests(context)).relu_()
        mean = sets.total(hidden) / sets.counts.clamp(min=1)[:, None]
        whole = self.whole(torch.cat((mean, sets.largest(hidden), torch.relu(context)), dim=1))
        features = self.slot_out(hidden).add_(sets.to_requests(self.whole_to_slot(whole))).relu_()
        return features, whole


class Attention(nn.Module):
    """As `DeepSet`, with multi-head attention among the slots and the context (arXiv 1706.03762, 1810.00825).

    One pre-norm block. The context is a token of its own, so that an empty queue has something to attend to; what
    becomes of it is the whole.
    """

    def __init__(self, context: int, slot: int, width: int) -> None:
        super().__init__()
        if width % HEADS:
            raise ValueError(f"width = {width}: must be a multiple of {HEADS} with attention")
        self.slot_in = nn.Linear(slot, width)
        self.context_in = nn.Linear(context, width)
        self.norm = nn.LayerNorm(width)
        self.attention = nn.MultiheadAttention(width, HEADS, batch_first=True)
        self.feed_forward = nn.Sequential(
            nn.LayerNorm(width), nn.Linear(width, width), nn.ReLU(), nn.Linear(width, width)
        )

    def forward(self, sets: Sets) -> tuple[Tensor, Tensor]:
        """Features of the requests and of the whole."""
        context, counts = self.context_in(sets.context), sets.counts
        batch, longest = len(context), int(counts.max())
        # Tokens of an observation: its context, its requests, and nothing up to the longest.
        first = torch.arange(batch, device=counts.device) * (longest + 1) - (counts.cumsum(0) - counts) + 1
        at = torch.arange(len(sets.owner), device=counts.device) + first[sets.owner]
        tokens = context.repeat_interleave(longest + 1, dim=0)
        tokens = tokens.index_add(0, at, self.slot_in(sets.requests)).unflatten(0, (batch, longest + 1))
        nothing = torch.arange(longest + 1, device=counts.device) > counts[:, None]
        normed = self.norm(tokens)
        tokens = tokens + self.attention(normed, normed, normed, key_padding_mask=nothing, need_weights=False)[0]
        features = torch.relu(tokens + self.feed_forward(tokens))
        return features.flatten(0, 1).index_select(0, at), features[:, 0]


ENCODERS: dict[str, type[DeepSet] | type[Attention]] = {"deep-set": DeepSet, "attention": Attention}
"""What a policy can look at its requests with, by name."""


def make_encoder(name: str, context: int, slot: int, width: int) -> nn.Module:
    """An encoder of sets with that many features; raises ValueError for an unknown name."""
    return ENCODERS[one_of("encoder", name, ENCODERS)](context, slot, width)


class AdmissionScores(nn.Module):
    """Observations to the logits of admitting each slot and, last, of dispatching: (batch, Q + 1).

    Slots whose `admissible` feature is 0 score CLOSED_LOGIT, so the actor never leaves the mask even where its caller
    has none to give.
    """

    def __init__(self, width: int, encoder: str = "deep-set", extent: Extent = PLAIN) -> None:
        super().__init__()
        self.extent = extent
        self.encoder = make_encoder(encoder, *sizes(extent), width)
        self.admit = nn.Linear(width, 1)
        self.dispatch = nn.Linear(width, 1)
        for layer in (self.admit, self.dispatch):
            nn.init.orthogonal_(layer.weight, gain=0.01)
            nn.init.zeros_(layer.bias)

    def forward(self, observations: Tensor) -> Tensor:
        """Logits."""
        sets = split(observations, self.extent)
        features, whole = self.encoder(sets)
        scores = self.admit(features).masked_fill(~sets.admissible[:, None], CLOSED_LOGIT)
        return torch.cat((sets.in_slots(scores, CLOSED_LOGIT).squeeze(2), self.dispatch(whole)), dim=1)


class SetValue(nn.Module):
    """Observations to state values: (batch, 1)."""

    def __init__(self, width: int, encoder: str = "deep-set", extent: Extent = PLAIN) -> None:
        super().__init__()
        self.extent = extent
        self.encoder = make_encoder(encoder, *sizes(extent), width)
        self.value = nn.Sequential(nn.Linear(2 * width, width), nn.ReLU(), nn.Linear(width, 1))

    def forward(self, observations: Tensor) -> Tensor:
        """Values."""
        sets = split(observations, self.extent)
        features, whole = self.encoder(sets)
        return self.value(torch.cat((sets.total(features) / sets.slots, whole), dim=1))


class Encoding(NamedTuple):
    """Sets with the features that an encoder has of them."""

    sets: Sets
    requests: Tensor
    """(n, width)"""
    whole: Tensor
    """(batch, width)"""


class ActionOutputs(nn.Module):
    """An encoder's features to `per_slot` numbers of each slot, kind by kind, and then `whole` numbers of the queue.

    That is the layout of every continuous action of the suite: (batch, per_slot·Q + whole).
    """

    def __init__(self, width: int, per_slot: int, whole: int) -> None:
        super().__init__()
        self.of_slots = nn.Linear(width, per_slot) if per_slot else None
        self.of_whole = nn.Linear(width, whole) if whole else None
        for layer in (self.of_slots, self.of_whole):
            if layer is not None:
                nn.init.orthogonal_(layer.weight, gain=0.01)
                nn.init.zeros_(layer.bias)

    def forward(self, encoded: Encoding) -> Tensor:
        """One row of numbers per observation; those of an empty slot are those of features that are 0."""
        sets, features, whole = encoded
        parts = []
        if self.of_slots is not None:
            of_slots = sets.in_slots(self.of_slots(features), self.of_slots.bias)
            parts.append(of_slots.transpose(1, 2).flatten(1))
        return torch.cat(parts + ([] if self.of_whole is None else [self.of_whole(whole)]), dim=1)


class ActionValue(nn.Module):
    """Observations with their actions behind, (batch, length + per_slot·Q + whole), to values (batch, 1).

    Each slot sees its own part of the action.
    """

    def __init__(self, width: int, encoder: str, extent: Extent, per_slot: int, whole: int) -> None:
        super().__init__()
        self.extent, self.per_slot, self.whole = extent, per_slot, whole
        context, slot = sizes(extent)
        self.encoder = make_encoder(encoder, context + whole, slot + per_slot, width)
        self.value = nn.Sequential(nn.Linear(2 * width, width), nn.ReLU(), nn.Linear(width, 1))

    def forward(self, both: Tensor) -> Tensor:
        """Values."""
        per_request = sizes(self.extent)[1] + self.per_slot
        slots = (both.shape[1] - sizes(self.extent)[0] - self.whole) // per_request
        length = both.shape[1] - self.per_slot * slots - self.whole
        sets, actions = split(both[:, :length], self.extent), both[:, length:]
        of_slots = actions[:, : self.per_slot * slots].unflatten(1, (self.per_slot, slots)).transpose(1, 2)
        seen = sets._replace(
            context=torch.cat((sets.context, actions[:, self.per_slot * slots :]), dim=1),
            requests=torch.cat((sets.requests, of_slots.flatten(0, 1).index_select(0, sets.place)), dim=1),
        )
        features, whole = self.encoder(seen)
        return self.value(torch.cat((sets.total(features) / slots, whole), dim=1))
