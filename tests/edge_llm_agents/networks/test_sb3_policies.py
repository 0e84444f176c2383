"""Set networks in plain Stable-Baselines3's algorithms."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from gymnasium.wrappers.vector import RescaleAction
from stable_baselines3 import DQN, PPO, SAC, TD3

from edge_llm_agents.adapters.sb3_vec_env import EdgeVecEnv
from edge_llm_agents.networks.sb3_policies import SetActorCriticPolicy, SetDQNPolicy, SetSACPolicy, SetTD3Policy
from edge_llm_agents.networks.set_networks import ActionValue
from edge_llm_baselines.allocation.oracle_decoding import VectorOracleDecoding
from edge_llm_env import load_scenario
from edge_llm_env.envs.observation import split_observation, split_variants

SLOTS, VARIANTS = 8, 3
SMALL = {"epoch.visible_slots": SLOTS, "epoch.episode_epochs": 6}
CASES = {
    "decoding": ("EdgeLLM/BatchSelection-v0", "carry-over", 0, VectorOracleDecoding),
    "bandwidth": ("EdgeLLM/Bandwidth-v0", "embedding-uplink", 0, None),
    "compute": ("EdgeLLM/Compute-v0", "accuracy-tiers", VARIANTS, None),
    "joint": ("EdgeLLM/Joint-v0", "accuracy-tiers", VARIANTS, None),
}
ALGORITHMS: dict[str, tuple[Any, Any, dict[str, Any]]] = {
    "ppo": (PPO, SetActorCriticPolicy, {"n_steps": 8, "batch_size": 16, "n_epochs": 1}),
    "sac": (SAC, SetSACPolicy, {"learning_starts": 16, "batch_size": 16, "buffer_size": 1000}),
    "td3": (TD3, SetTD3Policy, {"learning_starts": 16, "batch_size": 16, "buffer_size": 1000}),
}


def environment(case: str) -> EdgeVecEnv:
    env_id, preset, _, wrapper = CASES[case]

    def wrapped(env: Any) -> Any:
        return RescaleAction(env if wrapper is None else wrapper(env), np.float32(-1.0), np.float32(1.0))  # type: ignore[arg-type]

    return EdgeVecEnv(env_id, 4, load_scenario(preset, **SMALL), wrapper=wrapped)


def reordered(observations: np.ndarray, order: np.ndarray, variants: int) -> np.ndarray:
    context, slots = split_observation(observations, variants)
    parts = [context, slots[:, order].reshape(len(observations), -1)]
    if variants:
        accuracy, features = split_variants(observations, variants)
        parts += [accuracy[:, order], features.reshape(len(observations), -1)]
    return np.concatenate(parts, axis=1)


def reordered_actions(actions: np.ndarray, order: np.ndarray) -> np.ndarray:
    kinds = actions.shape[1] // SLOTS
    of_slots = actions[:, : kinds * SLOTS].reshape(len(actions), kinds, SLOTS)[:, :, order].reshape(len(actions), -1)
    return np.concatenate((of_slots, actions[:, kinds * SLOTS :]), axis=1)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("case", CASES)
def test_it_trains_and_reordering_the_requests_reorders_the_action(case: str, algorithm: str, tmp_path: Path) -> None:
    make, policy, settings = ALGORITHMS[algorithm]
    env, variants = environment(case), CASES[case][2]
    keywords = {"width": 8, "encoder": "attention" if algorithm == "ppo" else "deep-set", "variants": variants}
    model = make(policy, env, policy_kwargs=keywords, seed=0, device="cpu", **settings)
    before = [parameter.clone() for parameter in model.policy.parameters()]
    model.learn(64)
    assert any(not torch.equal(one, other) for one, other in zip(before, model.policy.parameters(), strict=True))
    env.seed(5)
    seen = env.reset()
    order = np.random.default_rng(0).permutation(SLOTS)
    actions = model.predict(seen, deterministic=True)[0]
    assert len(np.unique(actions.round(6))) > 1
    np.testing.assert_allclose(
        model.predict(reordered(seen, order, variants), deterministic=True)[0],
        reordered_actions(actions, order),
        rtol=0,
        atol=1e-6,
    )
    model.save(tmp_path / "model")
    again = make.load(tmp_path / "model", device="cpu")
    np.testing.assert_array_equal(again.predict(seen, deterministic=True)[0], actions)


@pytest.mark.parametrize("case", CASES)
def test_a_critic_gives_the_same_value_when_requests_and_actions_are_reordered_alike(case: str) -> None:
    torch.manual_seed(0)
    env, variants = environment(case), CASES[case][2]
    seen = env.reset()
    length = env.action_space.shape[0]  # type: ignore[index]
    critic = ActionValue(8, "attention", variants, per_slot=length // SLOTS, whole=length % SLOTS).double()
    actions = np.random.default_rng(0).uniform(-1, 1, (len(seen), length))
    order = np.random.default_rng(1).permutation(SLOTS)

    def value(observations: np.ndarray, acted: np.ndarray) -> torch.Tensor:
        return critic(torch.tensor(np.concatenate((observations, acted), axis=1)).double())

    expected = value(seen, actions)
    both = value(reordered(seen, order, variants), reordered_actions(actions, order))
    assert torch.allclose(both, expected, rtol=0, atol=1e-12)
    if length >= SLOTS:
        only_actions = value(seen, reordered_actions(actions, order))
        assert not torch.allclose(only_actions, expected, rtol=0, atol=1e-6)


def test_the_deviation_of_ppo_is_one_number_per_kind_of_action() -> None:
    env = environment("joint")
    policy = PPO(SetActorCriticPolicy, env, policy_kwargs={"width": 8, "variants": VARIANTS}, device="cpu").policy
    policy.log_std_of_kinds.data[:] = torch.arange(3.0 + VARIANTS)
    expected = [0.0] * SLOTS + [1.0] * SLOTS + [2.0] * SLOTS + [3.0, 4.0, 5.0]
    assert policy.log_std.tolist() == expected


def test_dqn_learns_to_admit_and_its_greedy_policy_stays_within_the_mask() -> None:
    env = EdgeVecEnv("EdgeLLM/Batching-v0", 4, load_scenario("carry-over", **SMALL))
    model = DQN(
        SetDQNPolicy, env, policy_kwargs={"width": 8}, learning_starts=16, batch_size=16, buffer_size=1000, seed=0,
        device="cpu",
    )  # fmt: skip
    model.learn(200)
    seen = env.reset()
    for _ in range(30):
        actions, _ = model.predict(seen, deterministic=True)
        assert env.action_masks()[np.arange(4), actions].all()
        seen = env.step(actions)[0]
    assert all(torch.isfinite(parameter).all() for parameter in model.policy.parameters())


def test_too_few_slots_and_state_dependent_exploration_are_errors() -> None:
    few = EdgeVecEnv("EdgeLLM/Compute-v0", 1, load_scenario("accuracy-tiers", **{"epoch.visible_slots": 4}))
    with pytest.raises(ValueError, match=r"visible_slots = 4: must be more than variants \+ 2"):
        PPO(SetActorCriticPolicy, few, policy_kwargs={"variants": VARIANTS}, device="cpu")
    with pytest.raises(ValueError, match=r"variants = 2: observations of length .* are of another number"):
        PPO(SetActorCriticPolicy, environment("joint"), policy_kwargs={"variants": 2}, device="cpu")
    for make, policy in ((PPO, SetActorCriticPolicy), (SAC, SetSACPolicy)):
        with pytest.raises(ValueError, match="use_sde = True: must be False"):
            make(policy, environment("bandwidth"), use_sde=True, device="cpu")
