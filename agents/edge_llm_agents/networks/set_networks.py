"""Networks that treat the pending requests as a set: reordering the slots reorders their outputs, nothing else."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from edge_llm_env.envs.observation import CONTEXT_FEATURES, SLOT_FEATURES, VARIANT_FEATURES
from edge_llm_env.support.naming import one_of

_CONTEXT, _SLOT, _VARIANT = len(CONTEXT_FEATURES), len(SLOT_FEATURES), len(VARIANT_FEATURES)
_NAMES = [feature.name for feature in SLOT_FEATURES]
_PRESENT, _ADMISSIBLE = _NAMES.index("present"), _NAMES.index("admissible")
CLOSED_LOGIT = -1e8
"""Score of an action that the mask closes; sb3-contrib uses the same."""

HEADS = 4
"""Of the attention; a width must be a multiple of it."""


class Sets(NamedTuple):
    """Observations, (batch, length), taken apart."""

    context: Tensor
    """(batch, C): what holds for all requests, with the features of the variants where modules are divided."""
    slots: Tensor
    """(batch, Q, S), with the accuracy requirement where modules are divided."""
    present: Tensor
    """(batch, Q, 1), 1 where a slot holds a request, else 0."""


def split(observations: Tensor, variants: int = 0) -> Sets:
    """Context and slots of observations in which the modules are divided among that many variants, if any."""
    if not variants:
        context, slots = observations[:, :_CONTEXT], observations[:, _CONTEXT:].reshape(len(observations), -1, _SLOT)
    else:
        first = observations.shape[1] - variants * _VARIANT
        count = slots_in(observations.shape[1], variants)
        context = torch.cat((observations[:, :_CONTEXT], observations[:, first:]), dim=1)
        accuracy = observations[:, first - count : first, None]
        slots = torch.cat((observations[:, _CONTEXT : first - count].unflatten(1, (-1, _SLOT)), accuracy), dim=2)
    return Sets(context, slots, slots[:, :, _PRESENT : _PRESENT + 1])


def slots_in(length: int, variants: int = 0) -> int:
    """Visible slots of observations of a length; raises ValueError where it is not that of so many variants."""
    per_slot = _SLOT + (1 if variants else 0)
    slots, rest = divmod(length - _CONTEXT - variants * _VARIANT, per_slot)
    if rest or slots < 1:
        raise ValueError(f"variants = {variants}: observations of length {length} are of another number of them")
    return slots


def sizes(variants: int = 0) -> tuple[int, int]:
    """Features of the context and of a slot, as `split` has them."""
    return _CONTEXT + variants * _VARIANT, _SLOT + (1 if variants else 0)


class DeepSet(nn.Module):
    """Sets to features of each slot (batch, Q, width) and of the whole (batch, width).

    Every slot passes through the same layers. The whole is made of the mean and the maximum over the slots that hold a
    request, so it does not depend on their order (deep sets, arXiv 1703.06114).
    """

    def __init__(self, context: int, slot: int, width: int) -> None:
        super().__init__()
        self.slot_in = nn.Linear(slot, width)
        self.context_in = nn.Linear(context, width)
        self.whole = nn.Sequential(nn.Linear(3 * width, width), nn.ReLU())
        self.slot_out = nn.Linear(width, width)
        self.whole_to_slot = nn.Linear(width, width)

    def forward(self, sets: Sets) -> tuple[Tensor, Tensor]:
        """Features of the slots, 0 where a slot is empty, and of the whole."""
        embedded_context = self.context_in(sets.context)
        hidden = torch.relu(self.slot_in(sets.slots) + embedded_context[:, None]) * sets.present
        mean = hidden.sum(dim=1) / sets.present.sum(dim=1).clamp(min=1.0)
        whole = self.whole(torch.cat((mean, hidden.amax(dim=1), torch.relu(embedded_context)), dim=1))
        features = torch.relu(self.slot_out(hidden) + self.whole_to_slot(whole)[:, None]) * sets.present
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
        """Features of the slots, 0 where a slot is empty, and of the whole."""
        context = self.context_in(sets.context)[:, None]
        tokens = torch.cat((context, self.slot_in(sets.slots) + context), dim=1)
        empty = torch.cat((torch.zeros_like(sets.present[:, :1, 0]), 1.0 - sets.present[..., 0]), dim=1).bool()
        normed = self.norm(tokens)
        tokens = tokens + self.attention(normed, normed, normed, key_padding_mask=empty, need_weights=False)[0]
        features = torch.relu(tokens + self.feed_forward(tokens))
        return features[:, 1:] * sets.present, features[:, 0]


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

    def __init__(self, width: int, encoder: str = "deep-set") -> None:
        super().__init__()
        self.encoder = make_encoder(encoder, *sizes(), width)
        self.admit = nn.Linear(width, 1)
        self.dispatch = nn.Linear(width, 1)
        for layer in (self.admit, self.dispatch):
            nn.init.orthogonal_(layer.weight, gain=0.01)
            nn.init.zeros_(layer.bias)

    def forward(self, observations: Tensor) -> Tensor:
        """Logits."""
        sets = split(observations)
        features, whole = self.encoder(sets)
        closed = sets.slots[:, :, _ADMISSIBLE] < 0.5
        scores = self.admit(features).squeeze(2).masked_fill(closed, CLOSED_LOGIT)
        return torch.cat((scores, self.dispatch(whole)), dim=1)


class SetValue(nn.Module):
    """Observations to state values: (batch, 1)."""

    def __init__(self, width: int, encoder: str = "deep-set", variants: int = 0) -> None:
        super().__init__()
        self.variants = variants
        self.encoder = make_encoder(encoder, *sizes(variants), width)
        self.value = nn.Sequential(nn.Linear(2 * width, width), nn.ReLU(), nn.Linear(width, 1))

    def forward(self, observations: Tensor) -> Tensor:
        """Values."""
        features, whole = self.encoder(split(observations, self.variants))
        return self.value(torch.cat((features.mean(dim=1), whole), dim=1))


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

    def forward(self, encoded: tuple[Tensor, Tensor]) -> Tensor:
        """One row of numbers per observation."""
        features, whole = encoded
        parts = [] if self.of_slots is None else [self.of_slots(features).transpose(1, 2).flatten(1)]
        return torch.cat(parts + ([] if self.of_whole is None else [self.of_whole(whole)]), dim=1)


class ActionValue(nn.Module):
    """Observations with their actions behind, (batch, length + per_slot·Q + whole), to values (batch, 1).

    Each slot sees its own part of the action.
    """

    def __init__(self, width: int, encoder: str, variants: int, per_slot: int, whole: int) -> None:
        super().__init__()
        self.variants, self.per_slot, self.whole = variants, per_slot, whole
        context, slot = sizes(variants)
        self.encoder = make_encoder(encoder, context + whole, slot + per_slot, width)
        self.value = nn.Sequential(nn.Linear(2 * width, width), nn.ReLU(), nn.Linear(width, 1))

    def forward(self, both: Tensor) -> Tensor:
        """Values."""
        per_slot_and_variant = sizes(self.variants)[1] + self.per_slot
        slots = (both.shape[1] - sizes(self.variants)[0] - self.whole) // per_slot_and_variant
        length = both.shape[1] - self.per_slot * slots - self.whole
        sets, actions = split(both[:, :length], self.variants), both[:, length:]
        of_slots = actions[:, : self.per_slot * slots].unflatten(1, (self.per_slot, slots)).transpose(1, 2)
        seen = Sets(
            torch.cat((sets.context, actions[:, self.per_slot * slots :]), dim=1),
            torch.cat((sets.slots, of_slots), dim=2),
            sets.present,
        )
        features, whole = self.encoder(seen)
        return self.value(torch.cat((features.mean(dim=1), whole), dim=1))
