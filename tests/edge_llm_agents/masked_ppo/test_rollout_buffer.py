"""Advantages by epochs and of shared workloads, worked out by hand."""

import numpy as np
import pytest
import torch
from gymnasium import spaces
from sb3_contrib.common.maskable.buffers import MaskableRolloutBuffer
from stable_baselines3.common.buffers import RolloutBuffer

from edge_llm_agents.masked_ppo.rollout_buffer import EpochRolloutBuffer, common_to_workloads

OBSERVATIONS, ACTIONS = spaces.Box(0.0, 1.0, shape=(1,), dtype=np.float32), spaces.Discrete(3)
DISPATCH = 2


def filled(buffer: RolloutBuffer, actions: list[list[int]], starts: list[list[int]]) -> RolloutBuffer:
    """Rewards 1, 2, ... step by step, the same in all rows; values 0.5."""
    rows = len(actions[0])
    for step, (acted, begun) in enumerate(zip(actions, starts, strict=True)):
        buffer.add(
            np.zeros((rows, 1)), np.array(acted)[:, None], np.full(rows, step + 1.0), np.array(begun),
            torch.full((rows, 1), 0.5), torch.zeros(rows),
        )  # fmt: skip
    return buffer


def test_by_steps_it_is_the_buffer_of_sb3() -> None:
    actions = [[0, 1], [DISPATCH, 0], [1, DISPATCH], [0, 0]]
    starts = [[1, 1], [0, 0], [1, 0], [0, 0]]
    last, dones = torch.tensor([[3.0], [4.0]]), np.array([False, True])
    found = []
    for make in (RolloutBuffer, EpochRolloutBuffer):
        buffer = filled(make(4, OBSERVATIONS, ACTIONS, "cpu", gae_lambda=0.8, gamma=0.9, n_envs=2), actions, starts)
        buffer.compute_returns_and_advantage(last, dones)
        found.append((buffer.advantages, buffer.returns))
    np.testing.assert_allclose(found[1], found[0], rtol=1e-6)


def test_minibatches_are_those_of_sb3() -> None:
    actions, starts = [[0, 1], [DISPATCH, 0], [1, DISPATCH]], [[1, 1], [0, 0], [1, 0]]
    found = []
    for make in (MaskableRolloutBuffer, EpochRolloutBuffer):
        buffer = filled(make(3, OBSERVATIONS, ACTIONS, "cpu", gae_lambda=0.8, gamma=0.9, n_envs=2), actions, starts)
        buffer.observations[:] = np.arange(6.0).reshape(buffer.observations.shape)
        buffer.action_masks[:, :, 1] = np.arange(6).reshape(3, 2) % 2
        buffer.compute_returns_and_advantage(torch.tensor([[3.0], [4.0]]), np.array([False, True]))
        np.random.seed(0)  # noqa: NPY002 (SB3 draws from it)
        found.append([*buffer.get(4), *buffer.get(4), *buffer.get()])
    assert [len(minibatch.actions) for minibatch in found[0]] == [4, 2, 4, 2, 6]
    for theirs, mine in zip(*found, strict=True):
        for one, other in zip(theirs, mine, strict=True):
            torch.testing.assert_close(other, one)


def test_by_epochs_only_a_dispatch_is_discounted() -> None:
    """One row admits, dispatches, admits; γ = 0.5, λ = 1, values 0.5, the state after it is worth 4."""
    buffer = EpochRolloutBuffer(
        3, OBSERVATIONS, ACTIONS, "cpu", gae_lambda=1.0, gamma=0.5, n_envs=1, discount_by_epoch=True
    )
    filled(buffer, [[0], [DISPATCH], [1]], [[1], [0], [0]])
    buffer.compute_returns_and_advantage(torch.tensor([[4.0]]), np.array([False]))
    # Returns: 3 + 4 = 7; 2 + 0.5 * 7 = 5.5; 1 + 5.5 = 6.5.
    np.testing.assert_allclose(buffer.returns[:, 0], [6.5, 5.5, 7.0], rtol=1e-6)
    np.testing.assert_allclose(buffer.advantages[:, 0], [6.0, 5.0, 6.5], rtol=1e-6)


def test_what_rows_of_a_workload_have_in_common_is_the_mean_of_the_others_in_the_same_epoch() -> None:
    """NodeState 0 to 2 share workloads, row 3 begins other ones; by row and step its episode and epoch."""
    advantages = np.array([[1.0, 10.0, 4.0, 8.0], [3.0, 20.0, 6.0, 8.0]], dtype=np.float32)
    epoch = np.array([[0, 0, 0, 0], [0, 1, 1, 0]])
    episode = np.zeros((2, 4), dtype=np.int64)
    # Epoch 0: row 0 has (1 + 3)/2 = 2, row 1 has 10, row 2 has 4. Epoch 1: row 1 has 20, row 2 has 6.
    expected = [[(10 + 4) / 2, (2 + 4) / 2, (2 + 10) / 2, 0], [(10 + 4) / 2, 6, 20, 0]]
    np.testing.assert_allclose(common_to_workloads(advantages, episode, epoch, 3), expected, rtol=1e-6)
    episode[1, 2] = 1  # row 2 is in the next episode's epoch 1 now: nobody else is
    expected[1] = [7, 0, 0, 0]
    np.testing.assert_allclose(common_to_workloads(advantages, episode, epoch, 3), expected, rtol=1e-6)


def test_the_buffer_takes_off_what_is_common_and_knows_the_epochs_over_rollouts() -> None:
    buffer = EpochRolloutBuffer(
        2, OBSERVATIONS, ACTIONS, "cpu", gae_lambda=0.0, gamma=1.0, n_envs=2, rows_per_workload=2
    )
    filled(buffer, [[0, DISPATCH], [DISPATCH, 0]], [[1, 1], [0, 0]])
    buffer.compute_returns_and_advantage(torch.zeros((2, 1)), np.array([False, False]))
    # One-step errors: 1 + 0.5 - 0.5 = 1, then 2 - 0.5 = 1.5. Row 0 is twice in epoch 0 (mean 1.25), row 1 in 0 and 1.
    np.testing.assert_allclose(buffer.advantages, [[1 - 1, 1 - 1.25], [1.5 - 1, 1.5]], rtol=1e-6)
    np.testing.assert_allclose(buffer.returns, [[1.5, 1.5], [2.0, 2.0]], rtol=1e-6)
    places = buffer.places()
    assert places["episode"].tolist() == [0, 0]
    assert places["epoch"].tolist() == [1, 1]
    other = EpochRolloutBuffer(2, OBSERVATIONS, ACTIONS, "cpu", n_envs=2, rows_per_workload=2)
    other.go_on(places)
    filled(other, [[0, 0], [0, 0]], [[0, 0], [0, 1]])
    other.compute_returns_and_advantage(torch.zeros((2, 1)), np.array([False, False]))
    assert other.places()["episode"].tolist() == [0, 1]
    assert other.places()["epoch"].tolist() == [1, 0]


def test_another_action_space_is_an_error() -> None:
    with pytest.raises(ValueError, match="must be Discrete, that of EdgeLLM/Batching-v0"):
        EpochRolloutBuffer(2, OBSERVATIONS, spaces.MultiBinary(3), "cpu")
