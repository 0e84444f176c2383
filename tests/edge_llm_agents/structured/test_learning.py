"""Learning through the exact search: gradients by hand, advantages that are what was played, seeds that decide."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from edge_llm_agents.networks.sets import sizes
from edge_llm_agents.structured.advantages import advantage_loss, fit
from edge_llm_agents.structured.branches import Branches, branch
from edge_llm_agents.structured.learning import learn_worths, look_ahead_base
from edge_llm_agents.structured.network import Seen
from edge_llm_agents.structured.perturbation import Perturbation
from edge_llm_agents.structured.policy import StructuredPolicy, new_network
from edge_llm_agents.structured.schedules import fenchel_young_surrogate, replay
from edge_llm_agents.structured.settings import TEACHERS, StructuredSettings, Teacher
from edge_llm_agents.value_search.policy import ValuePolicy
from edge_llm_baselines.hindsight.episode import NEVER
from edge_llm_baselines.playing.roll_out import vector_of
from edge_llm_env import load_scenario
from edge_llm_env.workload.streams import draw_workloads

SCENARIO = load_scenario("embedding-uplink", **{"epoch.episode_epochs": 6})
WORKLOADS = draw_workloads(SCENARIO, 8, 3)
SETTINGS = StructuredSettings(
    rounds=1, episodes=4, rows=4, copies=2, horizon_epochs=3, width=8, validation_episodes=3, batch_size=8
)


@pytest.fixture(scope="module")
def base() -> ValuePolicy:
    return look_ahead_base(SCENARIO, "channel", 0)


def untrained(base: ValuePolicy) -> StructuredPolicy:
    torch.manual_seed(0)
    return StructuredPolicy(base, new_network(base, 8, "deep-set"), "deep-set")


def test_the_gradient_of_the_fenchel_young_loss_by_hand() -> None:
    """Of two epochs with three slots. In the first, four draws serve {0, 1}, {0, 1}, {0}, {0, 2}, and the schedule {1}:

    the mean batch is (4, 2, 1)/4, less (0, 1, 0) it is (1, -1/2, 1/4), over two epochs (1/2, -1/4, 1/8). In the second
    every draw serves what the schedule does, so that nothing is to be learned.
    """
    drawn = np.array([[[1, 1, 0], [1, 1, 0], [1, 0, 0], [1, 0, 1]], [[0, 1, 1]] * 4])
    target = np.array([[False, True, False], [False, True, True]])
    worths = torch.tensor([[0.9, 0.8, 0.7], [0.1, 0.5, 0.6]], requires_grad=True)
    fenchel_young_surrogate(worths, drawn.mean(axis=1), target).backward()
    assert worths.grad is not None
    np.testing.assert_allclose(worths.grad, [[0.5, -0.25, 0.125], [0.0, 0.0, 0.0]], atol=1e-7)


def test_the_loss_of_advantages_by_hand(base: ValuePolicy) -> None:
    """Worths 0.5 and 0.25 of two slots; one copy serves the first instead of the second, one both instead of none."""
    features = torch.zeros(1, 2, len(base.function.features) + 1)
    features[0, :, -1] = torch.tensor([0.5, 0.25])
    context, slot = sizes()
    seen = Seen(torch.zeros(1, context + 2 * slot), features)
    branches = Branches(seen, torch.tensor([[[1.0, -1.0], [1.0, 1.0]]]), torch.tensor([[1.0, 0.0]]))
    # (1 - 0.25)² and (0 - 0.75)²
    assert float(advantage_loss(new_network(base, 8, "deep-set"), branches).detach()) == pytest.approx(0.5625)


def test_a_copy_that_is_not_perturbed_serves_what_its_row_does(base: ValuePolicy) -> None:
    still = Perturbation(0.0, 1, np.random.default_rng(0))
    found = branch(untrained(base), WORKLOADS, still, copies=2, horizon_epochs=2, first_epoch=1)
    assert not found.changed.any()
    assert not found.advantage.any()
    assert len(found.advantage) == 2 * len(WORKLOADS)  # at epochs 1 and 3 of 6, with two of each before the end


def test_advantages_begin_in_the_very_state_of_the_row(base: ValuePolicy) -> None:
    """With a horizon of one epoch an advantage is how many requests more a batch has."""
    noise = Perturbation(0.5, 1, np.random.default_rng(0))
    found = branch(untrained(base), WORKLOADS, noise, copies=3, horizon_epochs=1, first_epoch=0)
    assert len(found.advantage) == SCENARIO.epoch.episode_epochs * len(WORKLOADS)
    assert (found.changed.abs().sum(dim=2) > 0).float().mean() > 0.3
    torch.testing.assert_close(found.advantage, found.changed.sum(dim=2))


def test_fitting_lowers_the_loss_of_advantages(base: ValuePolicy) -> None:
    noise = Perturbation(0.3, 1, np.random.default_rng(0))
    found = branch(untrained(base), WORKLOADS, noise, copies=3, horizon_epochs=3, first_epoch=0)
    torch.manual_seed(0)
    network = new_network(base, 8, "deep-set")
    before = float(advantage_loss(network, found).detach())
    fit(network, found, replace(SETTINGS, passes=30, learning_rate=5e-3), np.random.default_rng(0))
    assert float(advantage_loss(network, found).detach()) < 0.95 * before


def schedules_of(policy: ValuePolicy) -> list[np.ndarray]:
    """What a policy serves on the workloads, as schedules."""
    env = vector_of(policy.env_id, SCENARIO, WORKLOADS)
    acting, simulation = policy.acting(env), env.unwrapped.simulation
    schedules = [np.full(one.requests, NEVER) for one in WORKLOADS]
    observations, _ = env.reset(options={"workloads": WORKLOADS})
    for epoch in range(SCENARIO.epoch.episode_epochs):
        batches = acting.predict(observations)[0] > 0
        for row, schedule in enumerate(schedules):
            schedule[simulation.state.slot_request[row, batches[row]]] = epoch
        observations, *_ = env.step(batches.astype(np.int8))
    env.close()
    return schedules


def test_imitation_comes_closer_to_schedules_in_their_own_states(base: ValuePolicy) -> None:
    """Of a policy to which waiting is worth the reverse of what it is to the network's base."""
    opposite = ValuePolicy(base.function, -3.0 * base.parameters[0] - 0.3, SCENARIO)
    schedules, policy = schedules_of(opposite), untrained(base)
    torch.manual_seed(0)
    network = new_network(base, 8, "deep-set")
    optimizer = torch.optim.Adam(network.parameters(), 1e-2)
    noise = Perturbation(0.15, 2, np.random.default_rng(0))
    apart = [replay(schedules, WORKLOADS, policy, network, optimizer, noise) for _ in range(12)]
    assert apart[-1] < 0.8 * apart[0]


@pytest.mark.parametrize("teacher", TEACHERS)
def test_equal_seeds_learn_the_same(base: ValuePolicy, teacher: Teacher) -> None:
    settings = replace(SETTINGS, teacher=teacher)
    first, again, other = (learn_worths(base, settings, seed) for seed in (0, 0, 1))
    assert first.curve == again.curve
    for name, array in first.policy.arrays().items():
        np.testing.assert_array_equal(array, again.policy.arrays()[name])
    assert first.curve != other.curve
    assert len(first.curve) == 2
    assert max(one.validation_percent_of_dftsp for one in first.curve) >= first.curve[0].validation_percent_of_dftsp


def test_settings_that_cannot_be_are_refused(base: ValuePolicy) -> None:
    cases: tuple[tuple[dict[str, Any], str], ...] = (
        ({"encoder": "nobody"}, "encoder"),
        ({"copies": 0}, "copies = 0: must be at least 1"),
        ({"width": 9999}, "width = 9999: must be in"),
        ({"deviation": 0.0}, "deviation = 0.0: must be greater than 0"),
        ({"temperature": 0.0}, "temperature = 0.0: must be greater than 0"),
        ({"weight_decay": -1.0}, "weight_decay = -1.0: must be at least 0"),
    )
    for changed, expected in cases:
        with pytest.raises(ValueError, match=expected):
            replace(SETTINGS, **changed)
    with pytest.raises(ValueError, match="horizon_epochs = 7: must be at most the 6"):
        learn_worths(base, replace(SETTINGS, horizon_epochs=7))
