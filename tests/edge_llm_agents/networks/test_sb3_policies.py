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
from edge_llm_env.envs.observation.features import Extent, split_further, split_observation

SLOTS, VARIANTS, MODULES = 8, 3, 10
SMALL = {"epoch.visible_slots": SLOTS, "epoch.episode_epochs": 6}
OF_VARIANTS = Extent(4, 3 * VARIANTS + 2 * MODULES)
CASES: dict[str, tuple[str, str, Extent, int, dict[str, Any]]] = {
    "decoding": ("EdgeLLM/BatchSelection-v0", "carry-over", Extent(), 0, {}),
    "bandwidth": ("EdgeLLM/Bandwidth-v0", "embedding-uplink", Extent(2, 0), 0, {}),
    "bandwidth, shares": ("EdgeLLM/Bandwidth-v0", "embedding-uplink", Extent(2, 0), 2, {"action": "shares"}),
    "compute": ("EdgeLLM/Compute-v0", "accuracy-tiers", OF_VARIANTS, VARIANTS, {}),
    "joint": ("EdgeLLM/Joint-v0", "accuracy-tiers", OF_VARIANTS, VARIANTS, {}),
    "joint, shares": ("EdgeLLM/Joint-v0", "accuracy-tiers", OF_VARIANTS, VARIANTS, {"action": "shares"}),
}
"""Id, preset, what stands behind the slots of an observation and of an action, and arguments of the environment."""

ALGORITHMS: dict[str, tuple[Any, Any, dict[str, Any]]] = {
    "ppo": (PPO, SetActorCriticPolicy, {"n_steps": 8, "batch_size": 16, "n_epochs": 1}),
    "sac": (SAC, SetSACPolicy, {"learning_starts": 16, "batch_size": 16, "buffer_size": 1000}),
    "td3": (TD3, SetTD3Policy, {"learning_starts": 16, "batch_size": 16, "buffer_size": 1000}),
}


def environment(case: str) -> EdgeVecEnv:
    env_id, preset, _, _, options = CASES[case]

    def wrapped(env: Any) -> Any:
        return RescaleAction(VectorOracleDecoding(env), np.float32(-1.0), np.float32(1.0))  # type: ignore[arg-type]

    scenario = load_scenario(preset, **SMALL)
    return EdgeVecEnv(env_id, 4, scenario, wrapper=wrapped if case == "decoding" else None, options=options)


def reordered(observations: np.ndarray, order: np.ndarray, extent: Extent) -> np.ndarray:
    context, slots = split_observation(observations, extent)
    further, whole = split_further(observations, extent)
    parts = [context, slots[:, order].reshape(len(slots), -1), further[:, order].reshape(len(slots), -1), whole]
    return np.concatenate(parts, axis=1)


def reordered_actions(actions: np.ndarray, order: np.ndarray) -> np.ndarray:
    kinds = actions.shape[1] // SLOTS
    of_slots = actions[:, : kinds * SLOTS].reshape(len(actions), kinds, SLOTS)[:, :, order].reshape(len(actions), -1)
    return np.concatenate((of_slots, actions[:, kinds * SLOTS :]), axis=1)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("case", CASES)
def test_it_trains_and_reordering_the_requests_reorders_the_action(case: str, algorithm: str, tmp_path: Path) -> None:
    make, policy, settings = ALGORITHMS[algorithm]
    env, extent, whole = environment(case), CASES[case][2], CASES[case][3]
    encoder = "attention" if algorithm == "ppo" else "deep-set"
    keywords = {"width": 8, "encoder": encoder, "extent": tuple(extent), "whole": whole}
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
        model.predict(reordered(seen, order, extent), deterministic=True)[0],
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
    env, extent, whole = environment(case), CASES[case][2], CASES[case][3]
    seen = env.reset()
    length = env.action_space.shape[0]  # type: ignore[index]
    critic = ActionValue(8, "attention", extent, per_slot=length // SLOTS, whole=whole).double()
    actions = np.random.default_rng(0).uniform(-1, 1, (len(seen), length))
    order = np.random.default_rng(1).permutation(SLOTS)

    def value(observations: np.ndarray, acted: np.ndarray) -> torch.Tensor:
        return critic(torch.tensor(np.concatenate((observations, acted), axis=1)).double())

    expected = value(seen, actions)
    both = value(reordered(seen, order, extent), reordered_actions(actions, order))
    assert torch.allclose(both, expected, rtol=0, atol=1e-12)
    if length >= SLOTS:
        only_actions = value(seen, reordered_actions(actions, order))
        assert not torch.allclose(only_actions, expected, rtol=0, atol=1e-6)


def test_the_deviation_of_ppo_is_one_number_per_kind_of_action() -> None:
    env = environment("joint, shares")
    keywords = {"width": 8, "extent": tuple(OF_VARIANTS), "whole": VARIANTS}
    policy = PPO(SetActorCriticPolicy, env, policy_kwargs=keywords, device="cpu").policy
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


def test_other_sizes_and_state_dependent_exploration_are_errors() -> None:
    joint = environment("joint")
    with pytest.raises(ValueError, match=r"whole = 2: actions of length 11 have another number behind 8 slots"):
        PPO(SetActorCriticPolicy, joint, policy_kwargs={"extent": tuple(OF_VARIANTS), "whole": 2}, device="cpu")
    with pytest.raises(ValueError, match=r"Extent\(per_slot=4, whole=28\): observations of length .* are of another"):
        PPO(SetActorCriticPolicy, joint, policy_kwargs={"extent": (4, 28), "whole": 3}, device="cpu")
    for make, policy in ((PPO, SetActorCriticPolicy), (SAC, SetSACPolicy)):
        with pytest.raises(ValueError, match="use_sde = True: must be False"):
            make(policy, environment("bandwidth"), policy_kwargs={"extent": (2, 0)}, use_sde=True, device="cpu")


def test_few_slots_are_no_trouble() -> None:
    few = EdgeVecEnv("EdgeLLM/Compute-v0", 1, load_scenario("accuracy-tiers", **{"epoch.visible_slots": 2}))
    keywords = {"extent": tuple(OF_VARIANTS), "whole": VARIANTS}
    model = PPO(SetActorCriticPolicy, few, policy_kwargs=keywords, device="cpu")
    assert model.predict(few.reset())[0].shape == (1, VARIANTS)
