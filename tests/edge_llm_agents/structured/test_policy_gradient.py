"""Policy gradient through the search: the step by hand and by autograd, and that it leads to more being served."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from edge_llm_agents.networks.sets import sizes
from edge_llm_agents.structured.branches import Branches, branch
from edge_llm_agents.structured.learning import learn_worths, look_ahead_base
from edge_llm_agents.structured.network import Seen
from edge_llm_agents.structured.perturbation import Perturbation
from edge_llm_agents.structured.policy import StructuredPolicy, new_network
from edge_llm_agents.structured.policy_gradient import climb, mean_and_target
from edge_llm_agents.structured.schedules import fenchel_young_surrogate
from edge_llm_agents.structured.settings import StructuredSettings
from edge_llm_agents.value_search.policy import ValuePolicy
from edge_llm_env import load_scenario
from edge_llm_env.workload.streams import draw_workloads

SCENARIO = load_scenario("embedding-uplink", **{"epoch.episode_epochs": 6})
SETTINGS = StructuredSettings(
    teacher="policy-gradient",
    rounds=3,
    episodes=80,
    rows=20,
    copies=4,
    horizon_epochs=3,
    width=8,
    validation_episodes=40,
    batch_size=16,
    deviation=0.3,
    learning_rate=1e-2,
)


@pytest.fixture(scope="module")
def base() -> ValuePolicy:
    return look_ahead_base(SCENARIO, "channel", 0)


@pytest.fixture(scope="module")
def branches(base: ValuePolicy) -> Branches:
    """Of played workloads."""
    torch.manual_seed(0)
    policy = StructuredPolicy(base, new_network(base, 8, "deep-set"), "deep-set")
    noise = Perturbation(0.3, 1, np.random.default_rng(0))
    return branch(policy, draw_workloads(SCENARIO, 8, 3), noise, copies=3, horizon_epochs=3, first_epoch=0)


def one_state(changed: list[list[float]], advantage: list[float], features: int) -> Branches:
    """A state without observations; the batches that copies choose in it, less the row's own."""
    context, slot = sizes()
    slots = len(changed[0])
    seen = Seen(torch.zeros(1, context + slots * slot), torch.zeros(1, slots, features))
    return Branches(seen, torch.tensor([changed]), torch.tensor([advantage]))


def test_the_step_by_hand() -> None:
    """One copy serves slot 0 instead of 1 and 2·ln 2 requests more, another adds slot 2 and serves as many as the row.

    At temperature 2 they and the row's own batch weigh exp(ln 2) = 2, 1 and 1, of 4 together.
    """
    state = one_state([[1.0, -1.0, 0.0], [0.0, 0.0, 1.0]], [2.0 * math.log(2.0), 0.0], features=1)
    mean_batch, target = mean_and_target(state, temperature=2.0)
    np.testing.assert_allclose(mean_batch, [[1 / 3, -1 / 3, 1 / 3]], atol=1e-6)
    np.testing.assert_allclose(target, [[1 / 2, -1 / 2, 1 / 4]], atol=1e-6)
    worths = torch.tensor([[0.3, 0.4, 0.5]], requires_grad=True)
    fenchel_young_surrogate(worths, mean_batch.numpy(), target.numpy()).backward()
    assert worths.grad is not None
    np.testing.assert_allclose(worths.grad, [[-1 / 6, 1 / 6, 1 / 12]], atol=1e-6)


@pytest.mark.parametrize("temperature", [0.5, 4.0])
def test_the_gradient_is_that_of_a_loss_written_plainly(branches: Branches, temperature: float) -> None:
    """Mean worth of all batches less that of the batches weighted, one state and one batch at a time."""
    states, copies, slots = branches.changed.shape
    worths = torch.rand(states, slots, dtype=torch.float64, requires_grad=True)
    loss = torch.zeros((), dtype=torch.float64)
    for state in range(states):
        batches = [*branches.changed[state].double(), torch.zeros(slots, dtype=torch.float64)]
        powers = [math.exp(float(one) / temperature) for one in branches.advantage[state]] + [1.0]
        for power, changed in zip(powers, batches, strict=True):
            loss = loss + (1.0 / (copies + 1) - power / sum(powers)) * (worths[state] * changed).sum() / states
    (expected,) = torch.autograd.grad(loss, worths)
    mean_batch, target = mean_and_target(branches, temperature)
    surrogate = fenchel_young_surrogate(worths, mean_batch.numpy(), target.numpy())
    (found,) = torch.autograd.grad(surrogate, worths)
    assert float(expected.abs().max()) > 1e-3
    np.testing.assert_allclose(found, expected, atol=1e-7)


def test_at_a_high_temperature_it_is_the_policy_gradient_with_the_mean_as_baseline(branches: Branches) -> None:
    """To first order in 1/temperature: (advantage - mean advantage)/temperature · batch, the mean over batches."""
    mean_batch, target = mean_and_target(branches, 1e4)
    advantage = np.pad(branches.advantage.numpy().astype(float), ((0, 0), (0, 1)))
    changed = np.pad(branches.changed.numpy().astype(float), ((0, 0), (0, 1), (0, 0)))
    centred = advantage - advantage.mean(axis=1, keepdims=True)
    expected = (centred[..., None] * changed).mean(axis=1)
    assert np.abs(expected).max() > 0.1
    np.testing.assert_allclose(1e4 * (target - mean_batch), expected, atol=0.01)


@pytest.mark.parametrize("advantage", [1.0, -1.0])
def test_the_request_that_should_be_served_comes_to_be_worth_more_than_the_other(
    base: ValuePolicy, advantage: float
) -> None:
    """Two requests of which other things are seen; one copy adds the first, one the second, and serves as many less."""
    features = len(base.function.features) + 1
    state = one_state([[1.0, 0.0], [0.0, 1.0]], [advantage, -advantage], features)
    state.seen.observations[:] = 1.0
    state.seen.features[0, 0, :-1] = 1.0
    torch.manual_seed(0)
    network = new_network(base, 8, "deep-set")
    optimizer = torch.optim.Adam(network.parameters(), 1e-2)
    for _ in range(20):
        climb(network, state, optimizer, SETTINGS, np.random.default_rng(0))
    first, second = network(state.seen)[0].tolist()
    assert advantage * (first - second) > 0.3


def test_it_learns_to_wait_as_one_should_from_a_base_that_does_the_reverse(base: ValuePolicy) -> None:
    """A base to which waiting is worth the reverse of what it is to look-ahead; validated on other workloads."""
    opposite = ValuePolicy(base.function, -base.parameters[0], SCENARIO)
    before, *_, after = learn_worths(opposite, SETTINGS).curve
    assert after.validation_percent_of_dftsp > before.validation_percent_of_dftsp + 1.0
