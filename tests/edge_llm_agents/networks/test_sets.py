"""Packed requests: networks give what they would if they computed every slot and left the empty ones out."""

import numpy as np
import pytest
import torch
from torch import Tensor

from edge_llm_agents.networks.set_networks import Attention, DeepSet
from edge_llm_agents.networks.sets import Sets, sizes, split
from edge_llm_env.envs.observation.features import PLAIN, Extent

BATCH, SLOTS, CONTEXT, FEATURES = 7, 5, 10, 10


FURTHER = Extent(2, 7)


def observations(extent: Extent = PLAIN) -> Tensor:
    """Random, with the requests of each in other slots; the second has none and the third is full."""
    rng = np.random.default_rng(0)
    slots = rng.random((BATCH, SLOTS, FEATURES))
    slots[:, :, 0] = rng.random((BATCH, SLOTS)) < 0.5
    slots[1, :, 0], slots[2, :, 0] = 0.0, 1.0
    slots[slots[:, :, 0] == 0.0] = 0.0
    parts = [rng.random((BATCH, CONTEXT)), slots.reshape(BATCH, -1)]
    if extent.per_slot:
        parts += [rng.random((BATCH, SLOTS * extent.per_slot)), rng.random((BATCH, extent.whole))]
    return torch.tensor(np.concatenate(parts, axis=1))


def every_slot(seen: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Context (batch, C), slots (batch, Q, S), and which of them hold a request (batch, Q, 1)."""
    slots = seen[:, CONTEXT : CONTEXT + SLOTS * FEATURES].unflatten(1, (SLOTS, FEATURES))
    return seen[:, :CONTEXT], slots, slots[:, :, :1]


def test_a_deep_set_is_that_of_every_slot_with_the_empty_ones_left_out() -> None:
    torch.manual_seed(0)
    net = DeepSet(*sizes(), 16).double()
    seen = observations()
    context, slots, present = every_slot(seen)
    hidden = torch.relu(net.slot_in(slots) + net.context_in(context)[:, None]) * present
    mean = hidden.sum(dim=1) / present.sum(dim=1).clamp(min=1.0)
    whole = net.whole(torch.cat((mean, hidden.amax(dim=1), torch.relu(net.context_in(context))), dim=1))
    features = torch.relu(net.slot_out(hidden) + net.whole_to_slot(whole)[:, None]) * present
    same_with_gradients(net, seen, features, whole)


def test_attention_is_that_among_all_slots_with_the_empty_ones_masked() -> None:
    torch.manual_seed(0)
    net = Attention(*sizes(), 16).double()
    seen = observations()
    context, slots, present = every_slot(seen)
    token = net.context_in(context)[:, None]
    tokens = torch.cat((token, net.slot_in(slots) + token), dim=1)
    empty = torch.cat((torch.zeros(BATCH, 1), 1.0 - present[..., 0]), dim=1).bool()
    normed = net.norm(tokens)
    tokens = tokens + net.attention(normed, normed, normed, key_padding_mask=empty, need_weights=False)[0]
    features = torch.relu(tokens + net.feed_forward(tokens))
    same_with_gradients(net, seen, features[:, 1:] * present, features[:, 0])


def same_with_gradients(net: DeepSet | Attention, seen: Tensor, features: Tensor, whole: Tensor) -> None:
    sets = split(seen)
    found, found_whole = net(sets)
    in_slots = sets.in_slots(found, 0.0)
    assert torch.allclose(in_slots, features, rtol=0, atol=1e-12)
    assert torch.allclose(found_whole, whole, rtol=0, atol=1e-12)
    weights = torch.rand_like(features)
    expected = torch.autograd.grad((features * weights).sum() + whole.sum(), list(net.parameters()))
    gradients = torch.autograd.grad((in_slots * weights).sum() + found_whole.sum(), list(net.parameters()))
    for one, other in zip(expected, gradients, strict=True):
        assert torch.allclose(one, other, rtol=0, atol=1e-10)


@pytest.mark.parametrize("extent", [PLAIN, FURTHER])
def test_observations_are_taken_apart_and_requests_find_their_slots_again(extent: Extent) -> None:
    seen = observations(extent)
    context, slots, present = every_slot(seen)
    sets = split(seen, extent)
    assert (sets.context.shape[1], sets.requests.shape[1]) == sizes(extent)
    assert torch.equal(sets.context[:, :CONTEXT], context)
    assert torch.equal(sets.in_slots(sets.requests[:, :FEATURES], 0.0), slots)
    assert torch.equal(sets.counts, present.sum(dim=(1, 2)).long())
    assert (sets.counts[1], sets.counts[2]) == (0, SLOTS)
    if extent.per_slot:
        behind = seen[:, CONTEXT + SLOTS * FEATURES :]
        assert torch.equal(sets.context[:, CONTEXT:], behind[:, SLOTS * extent.per_slot :])
        further = behind[:, : SLOTS * extent.per_slot].unflatten(1, (SLOTS, extent.per_slot))
        assert torch.equal(sets.in_slots(sets.requests[:, FEATURES:], 0.0), further * present)


def test_sums_and_largest_numbers_of_each_observation_and_their_gradients() -> None:
    sets = Sets(torch.zeros(3, 1), torch.zeros(4, 1), torch.tensor([0, 0, 2, 2]), torch.tensor([0, 3, 9, 10]), 4)
    numbers = torch.tensor([[1.0, 5.0], [2.0, 3.0], [0.5, 7.0], [4.0, 6.0]]).double().requires_grad_()
    assert sets.total(numbers).tolist() == [[3.0, 8.0], [0.0, 0.0], [4.5, 13.0]]
    assert sets.largest(numbers).tolist() == [[2.0, 5.0], [0.0, 0.0], [4.0, 7.0]]
    assert sets.to_requests(torch.tensor([[1.0], [2.0], [3.0]])).tolist() == [[1.0], [1.0], [3.0], [3.0]]
    spread = sets.in_slots(numbers, torch.tensor([8.0, 9.0]))
    assert spread[0].tolist() == [[1.0, 5.0], [8.0, 9.0], [8.0, 9.0], [2.0, 3.0]]
    assert spread[1].tolist() == [[8.0, 9.0]] * 4
    for operation in (sets.total, sets.largest, lambda given: sets.in_slots(given, 0.0)):
        assert torch.autograd.gradcheck(operation, numbers)
