"""The policy treats slots as a set."""

import numpy as np
import pytest
import torch
from sb3_contrib import MaskablePPO

from edge_llm_agents.adapters.sb3_vec_env import EdgeVecEnv
from edge_llm_agents.networks.actor_critics import SetPolicy
from edge_llm_agents.networks.set_networks import CLOSED_LOGIT, ENCODERS, AdmissionScores, SetValue
from edge_llm_env.envs.observation.features import CONTEXT_FEATURES, slot_feature, split_observation


@pytest.fixture(scope="module")
def observations() -> np.ndarray:
    """Observations from the middle of episodes, with full, admitted and empty slots."""
    env = EdgeVecEnv("EdgeLLM/Batching-v0", 32, "carry-over")
    env.seed(3)
    seen = env.reset()
    for _ in range(25):
        seen = env.step(env.action_masks().argmax(axis=1))[0]
    assert 0 < slot_feature(seen, "admissible").sum() < slot_feature(seen, "present").sum()
    return seen


def reordered(observations: np.ndarray, order: np.ndarray) -> np.ndarray:
    context, slots = split_observation(observations)
    return np.concatenate((context, slots[:, order].reshape(len(observations), -1)), axis=1)


@pytest.mark.parametrize("encoder", ENCODERS)
def test_reordering_the_slots_reorders_the_scores_and_leaves_dispatch_and_value(
    observations: np.ndarray, encoder: str
) -> None:
    torch.manual_seed(0)
    scores, value = AdmissionScores(16, encoder).double(), SetValue(16, encoder).double()
    slots = split_observation(observations)[1].shape[1]
    order = np.random.default_rng(0).permutation(slots)
    before = scores(torch.tensor(observations).double())
    after = scores(torch.tensor(reordered(observations, order)).double())
    assert torch.allclose(after[:, :-1], before[:, :-1][:, order], rtol=0, atol=1e-12)
    assert torch.allclose(after[:, -1], before[:, -1], rtol=0, atol=1e-12)
    values = [value(torch.tensor(seen).double()) for seen in (observations, reordered(observations, order))]
    assert torch.allclose(*values, rtol=0, atol=1e-12)


def test_the_policy_chooses_the_same_request_in_any_order_of_slots(observations: np.ndarray) -> None:
    model = MaskablePPO(SetPolicy, EdgeVecEnv("EdgeLLM/Batching-v0", 1, "carry-over"), seed=0, device="cpu")
    slots = split_observation(observations)[1].shape[1]
    order = np.random.default_rng(1).permutation(slots)
    chosen, _ = model.predict(observations, deterministic=True)
    chosen_reordered, _ = model.predict(reordered(observations, order), deterministic=True)
    back = np.append(order, slots)
    np.testing.assert_array_equal(back[chosen_reordered], chosen)
    assert len(np.unique(chosen)) > 1


def test_scores_close_the_slots_that_are_not_admissible_and_never_dispatch(observations: np.ndarray) -> None:
    scores = AdmissionScores(8)(torch.tensor(observations)).detach().numpy()
    closed = slot_feature(observations, "admissible") == 0
    assert (scores[:, :-1][closed] == CLOSED_LOGIT).all()
    assert (scores[:, :-1][~closed] > CLOSED_LOGIT).all()
    assert (scores[:, -1] > CLOSED_LOGIT).all()


def test_without_masks_a_prediction_stays_within_the_mask() -> None:
    env = EdgeVecEnv("EdgeLLM/Batching-v0", 8, "carry-over")
    model = MaskablePPO(SetPolicy, env, seed=0, device="cpu")
    env.seed(0)
    seen = env.reset()
    for _ in range(60):
        actions, _ = model.predict(seen, deterministic=False)
        assert env.action_masks()[np.arange(8), actions].all()
        seen = env.step(actions)[0]


def test_actions_are_judged_as_by_the_distributions_of_sb3(observations: np.ndarray) -> None:
    policy = MaskablePPO(SetPolicy, EdgeVecEnv("EdgeLLM/Batching-v0", 1, "carry-over"), seed=0, device="cpu").policy
    with torch.no_grad():
        policy.action_net.admit.weight *= 100.0
    seen = torch.tensor(observations)
    masks = np.append(slot_feature(observations, "admissible") > 0, np.ones((len(observations), 1), bool), axis=1)
    masks[:, :4] = False  # narrower than what the network closes itself
    actions, values, logs = policy(seen, action_masks=masks)
    distribution = policy.get_distribution(seen, masks)
    assert masks[np.arange(len(masks)), actions.numpy()].all()
    assert torch.allclose(logs, distribution.log_prob(actions), atol=1e-6)
    evaluated, logs_again, entropy = policy.evaluate_actions(seen, actions, masks)
    assert torch.allclose(evaluated, values, atol=1e-6)
    assert torch.allclose(logs_again, logs, atol=1e-6)
    assert torch.allclose(entropy, distribution.entropy(), atol=1e-5)
    best, _, _ = policy(seen, deterministic=True, action_masks=masks)
    assert torch.equal(best, distribution.mode())


def test_actor_and_critic_share_no_parameter() -> None:
    policy = MaskablePPO(SetPolicy, EdgeVecEnv("EdgeLLM/Batching-v0", 1, "carry-over"), device="cpu").policy
    actor = {id(parameter) for parameter in policy.action_net.parameters()}
    critic = {id(parameter) for parameter in policy.value_net.parameters()}
    assert actor
    assert critic
    assert not actor & critic
    assert actor | critic == {id(parameter) for parameter in policy.parameters()}


@pytest.mark.parametrize("encoder", ENCODERS)
def test_an_empty_queue_has_finite_scores_and_value(encoder: str) -> None:
    nothing = torch.zeros((2, len(CONTEXT_FEATURES) + 4 * 10))
    assert torch.isfinite(AdmissionScores(8, encoder)(nothing)[:, -1]).all()
    assert torch.isfinite(SetValue(8, encoder)(nothing)).all()


@pytest.mark.parametrize("encoder", ENCODERS)
def test_empty_slots_change_nothing(observations: np.ndarray, encoder: str) -> None:
    torch.manual_seed(0)
    seen = torch.tensor(observations).double()
    longer = torch.cat((seen, torch.zeros((len(seen), 3 * 10)).double()), dim=1)
    scores = AdmissionScores(8, encoder).double()
    assert torch.allclose(scores(longer)[:, : -1 - 3], scores(seen)[:, :-1], rtol=0, atol=1e-12)
    assert torch.allclose(scores(longer)[:, -1], scores(seen)[:, -1], rtol=0, atol=1e-12)


def test_attention_lets_a_request_see_each_other_request(observations: np.ndarray) -> None:
    torch.manual_seed(0)
    scores = AdmissionScores(8, "attention").double()
    seen = torch.tensor(observations[:1]).double().requires_grad_()
    first = slot_feature(observations[:1], "admissible")[0].nonzero()[0][0]
    scores(seen)[0, first].backward()
    assert seen.grad is not None
    _, influence = split_observation(seen.grad.numpy())
    present = slot_feature(observations[:1], "present")[0] > 0
    assert (np.abs(influence[0][present]).sum(axis=1) > 0).all()
    assert (influence[0][~present] == 0).all()


def test_what_no_encoder_can_be_made_of_is_an_error() -> None:
    with pytest.raises(ValueError, match="encoder = 'mlp': must be one of attention, deep-set"):
        AdmissionScores(8, "mlp")
    with pytest.raises(ValueError, match="width = 6: must be a multiple of 4 with attention"):
        AdmissionScores(6, "attention")
