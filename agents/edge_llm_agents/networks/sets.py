"""Observations as sets: what holds for a whole queue, and the requests of all queues packed one after the other."""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor

from edge_llm_env.envs.observation.features import CONTEXT_FEATURES, PLAIN, SLOT_FEATURES, Extent

_CONTEXT, _SLOT = len(CONTEXT_FEATURES), len(SLOT_FEATURES)
_NAMES = [feature.name for feature in SLOT_FEATURES]
_PRESENT, _ADMISSIBLE = _NAMES.index("present"), _NAMES.index("admissible")


class Sets(NamedTuple):
    """Observations, (batch, length), taken apart.

    Of the batch·Q slots only the n that hold a request are kept: most are empty, and would cost a network as much.
    """

    context: Tensor
    """(batch, C): what holds for all requests, with the features of variants and modules where these are divided."""
    requests: Tensor
    """(n, S): slot features, with the further ones where bands or modules are divided; in the order of `place`."""
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


def split(observations: Tensor, extent: Extent = PLAIN) -> Sets:
    """Observations as sets; raises ValueError where they are not of that extent."""
    count = extent.slots(observations.shape[1])
    first = _CONTEXT + count * _SLOT
    slots = observations[:, _CONTEXT:first].reshape(-1, _SLOT)
    place = slots[:, _PRESENT].nonzero().squeeze(1)
    owner = place.div(count, rounding_mode="floor")
    context, requests = observations[:, :_CONTEXT], slots.index_select(0, place)
    if extent.per_slot:
        behind = first + count * extent.per_slot
        further = observations[:, first:behind].reshape(-1, extent.per_slot)
        context = torch.cat((context, observations[:, behind:]), dim=1)
        requests = torch.cat((requests, further.index_select(0, place)), dim=1)
    return Sets(context, requests, owner, place, count)


def sizes(extent: Extent = PLAIN) -> tuple[int, int]:
    """Features of the context and of a request, as `split` has them."""
    return _CONTEXT + extent.whole, _SLOT + extent.per_slot
