"""Observations as sets: what holds for a whole queue, and the requests of all queues packed one after the other."""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor

from edge_llm_env.envs.observation import CONTEXT_FEATURES, SLOT_FEATURES, VARIANT_FEATURES

_CONTEXT, _SLOT, _VARIANT = len(CONTEXT_FEATURES), len(SLOT_FEATURES), len(VARIANT_FEATURES)
_NAMES = [feature.name for feature in SLOT_FEATURES]
_PRESENT, _ADMISSIBLE = _NAMES.index("present"), _NAMES.index("admissible")


class Sets(NamedTuple):
    """Observations, (batch, length), taken apart.

    Of the batch·Q slots only the n that hold a request are kept: most are empty, and would cost a network as much.
    """

    context: Tensor
    """(batch, C): what holds for all requests, with the features of the variants where modules are divided."""
    requests: Tensor
    """(n, S): slot features, with the accuracy requirement where modules are divided; in the order of `place`."""
    owner: Tensor
    """(n,) which observation a request is in."""
    place: Tensor
    """(n,) its slot among all batch·Q, ascending."""
    slots: int
    """Q"""

    @property
    def admissible(self) -> Tensor:
        """(n,) bool."""
        return self.requests[:, _ADMISSIBLE] > 0.5

    @property
    def counts(self) -> Tensor:
        """(batch,) requests in each observation."""
        return torch.bincount(self.owner, minlength=len(self.context))

    def to_requests(self, of_sets: Tensor) -> Tensor:
        """(batch, k) to (n, k): to every request what its observation has."""
        return of_sets.index_select(0, self.owner)

    def total(self, of_requests: Tensor) -> Tensor:
        """(n, k) to (batch, k): sums over the requests of an observation."""
        return of_requests.new_zeros(len(self.context), of_requests.shape[1]).index_add(0, self.owner, of_requests)

    def largest(self, of_requests: Tensor) -> Tensor:
        """(n, k), nothing below 0, to (batch, k): the largest among the requests of an observation, 0 without any."""
        return _Largest.apply(of_requests, self.owner, len(self.context))

    def in_slots(self, of_requests: Tensor, empty: float | Tensor) -> Tensor:
        """(n, k) to (batch, Q, k), with `empty`, a number or (k,), in the slots without a request."""
        batch, size = len(self.context), of_requests.shape[1]
        everywhere = torch.as_tensor(empty).to(of_requests).expand(batch * self.slots, size)
        return everywhere.index_copy(0, self.place, of_requests).unflatten(0, (batch, self.slots))


class _Largest(torch.autograd.Function):
    """As `scatter_reduce` with "amax" from zeros, whose backward pass takes four times as long.

    The gradient goes to every request that has the largest number.
    """

    @staticmethod
    def forward(ctx: Any, of_requests: Tensor, owner: Tensor, batch: int) -> Tensor:
        largest = of_requests.new_zeros(batch, of_requests.shape[1])
        largest.scatter_reduce_(0, owner[:, None].expand_as(of_requests), of_requests, "amax")
        ctx.save_for_backward(of_requests, owner, largest)
        return largest

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        of_requests, owner, largest = ctx.saved_tensors
        is_largest = (of_requests == largest.index_select(0, owner)).to(of_requests.dtype)
        return is_largest.mul_(gradients[0].index_select(0, owner)), None, None


def split(observations: Tensor, variants: int = 0) -> Sets:
    """Observations in which the modules are divided among that many variants, if any, as sets."""
    count = slots_in(observations.shape[1], variants)
    first = _CONTEXT + count * _SLOT
    slots = observations[:, _CONTEXT:first].reshape(-1, _SLOT)
    place = slots[:, _PRESENT].nonzero().squeeze(1)
    owner = place.div(count, rounding_mode="floor")
    context, requests = observations[:, :_CONTEXT], slots.index_select(0, place)
    if variants:
        accuracy = observations[:, first : first + count].reshape(-1, 1)
        context = torch.cat((context, observations[:, first + count :]), dim=1)
        requests = torch.cat((requests, accuracy.index_select(0, place)), dim=1)
    return Sets(context, requests, owner, place, count)


def slots_in(length: int, variants: int = 0) -> int:
    """Visible slots of observations of a length; raises ValueError where it is not that of so many variants."""
    per_slot = _SLOT + (1 if variants else 0)
    slots, rest = divmod(length - _CONTEXT - variants * _VARIANT, per_slot)
    if rest or slots < 1:
        raise ValueError(f"variants = {variants}: observations of length {length} are of another number of them")
    return slots


def sizes(variants: int = 0) -> tuple[int, int]:
    """Features of the context and of a request, as `split` has them."""
    return _CONTEXT + variants * _VARIANT, _SLOT + (1 if variants else 0)
