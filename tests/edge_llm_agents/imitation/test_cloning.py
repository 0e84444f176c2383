"""Imitation: the loss worked out by hand, cloning, and staying near the clone."""

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from sb3_contrib import MaskablePPO

from edge_llm_agents.adapters.sb3_vec_env import EdgeVecEnv
from edge_llm_agents.imitation.cloning import clone, cloning_loss, imitate
from edge_llm_agents.imitation.demonstrations import BestCompletion, Demonstrations, demonstrate, look_ahead_values
from edge_llm_agents.networks.actor_critics import AnchoredSetPolicy, SetPolicy
from edge_llm_env import load_scenario
from edge_llm_env.workload.streams import Stream, draw_workloads

SCENARIO = load_scenario("carry-over", **{"epoch.episode_epochs": 5})
WORKLOADS = draw_workloads(SCENARIO, 4, seed=1, stream=Stream.DEMONSTRATION)


def model_of(policy: type[SetPolicy]) -> MaskablePPO:
    env = EdgeVecEnv("EdgeLLM/Batching-v0", 4, SCENARIO)
    return MaskablePPO(policy, env, n_steps=16, batch_size=32, seed=0, policy_kwargs={"width": 16})


@pytest.mark.parametrize(
    ("remaining", "expected"),
    [
        # Slot 2 is closed: slots 0, 1 and dispatch have exp(0), exp(ln 2) and exp(0) of 1 + 2 + 1.
        ([True, False, False], -math.log(1 / 4)),
        ([True, True, False], -math.log(3 / 4)),
        ([False, False, False], -math.log(1 / 4)),
    ],
)
def test_the_loss_by_hand(remaining: list[bool], expected: float) -> None:
    scores = torch.tensor([[0.0, math.log(2.0), 5.0, 0.0]])
    masks = torch.tensor([[True, True, False, True]])
    assert float(cloning_loss(scores, masks, torch.tensor([remaining]))) == pytest.approx(expected, rel=1e-6)


def test_cloning_fits_the_demonstrations_and_leaves_the_critic() -> None:
    model = model_of(SetPolicy)
    critic = [parameter.clone() for parameter in model.policy.value_net.parameters()]
    found = demonstrate(BestCompletion(look_ahead_values(0.0)), SCENARIO, WORKLOADS[:1])
    losses = clone(model.policy, found, passes=200, learning_rate=1e-2, seed=0)
    assert losses[-1] < 0.5 * losses[0]
    assert all(torch.equal(*pair) for pair in zip(critic, model.policy.value_net.parameters(), strict=True))


def test_demonstrations_from_a_file_are_cloned_and_others_refused(tmp_path: Path) -> None:
    model = model_of(SetPolicy)
    found = demonstrate(BestCompletion(look_ahead_values(0.0)), SCENARIO, WORKLOADS[:1])
    found.save(tmp_path / "found.npz")
    (loss,) = imitate(model, SCENARIO, str(tmp_path / "found.npz"), episodes=1, seed=0)
    assert 0.0 < loss < math.log(SCENARIO.epoch.visible_slots + 1)
    Demonstrations(np.zeros((1, 30), np.float32), np.ones((1, 3), bool), np.ones((1, 2), bool)).save(tmp_path / "o.npz")
    with pytest.raises(ValueError, match="has observations of length 30, must be 330"):
        imitate(model, SCENARIO, str(tmp_path / "o.npz"), episodes=1, seed=0)


def test_the_divergence_from_the_anchor_takes_the_place_of_the_entropy() -> None:
    model = model_of(AnchoredSetPolicy)
    model.policy.drop_anchor()
    found = demonstrate(BestCompletion(look_ahead_values(0.0)), SCENARIO, WORKLOADS[:1])
    observations, masks = torch.from_numpy(found.observations), torch.from_numpy(found.action_masks)
    actions = torch.full((len(observations),), SCENARIO.epoch.visible_slots)
    plain = SetPolicy.evaluate_actions(model.policy, observations, actions, found.action_masks)
    values, logs, divergence = model.policy.evaluate_actions(observations, actions, found.action_masks)
    assert torch.allclose(values, plain[0])
    assert torch.allclose(logs, plain[1], atol=1e-5)
    assert torch.allclose(divergence, torch.zeros_like(divergence), atol=1e-6)
    with torch.no_grad():
        model.policy.action_net.dispatch.bias += 1.0
    _, _, divergence = model.policy.evaluate_actions(observations, actions, found.action_masks)
    with torch.no_grad():
        now, then = (
            torch.distributions.Categorical(logits=net(observations).masked_fill(~masks, -1e8))
            for net in (model.policy.action_net, model.policy.anchor)
        )
        expected = torch.distributions.kl_divergence(now, then)
    assert torch.allclose(-divergence, expected, atol=1e-5)
    assert float(expected.max()) > 0.01
