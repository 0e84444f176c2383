"""Advantages for `Batching-v0`, whose epochs take several steps and whose arrivals do not depend on what is done."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import numpy as np
import torch
from gymnasium import spaces
from numpy.typing import NDArray
from sb3_contrib.common.maskable.buffers import MaskableRolloutBuffer, MaskableRolloutBufferSamples


class EpochRolloutBuffer(MaskableRolloutBuffer):
    """A rollout buffer for `MaskablePPO` that knows where epochs end: where the last action, to dispatch, is taken.

    With `discount_by_epoch` the discount is applied there alone, so that an epoch of many admissions lies no further
    ahead than one of few. λ stays per step.

    `rows_per_workload` consecutive rows play the same workloads (`EdgeVecEnv(rows_per_workload=)`). What the others of
    them gain by chance in an epoch, they gain from the same arrivals: the mean advantage of the others in the same
    epoch of the same workload is subtracted from a row's advantages there (an input-dependent baseline, arXiv
    1807.02264). It depends on no action of the row itself, so that the gradient's mean stays what it was. Epochs that
    no other row has reached in the rollout keep their advantages.
    """

    def __init__(
        self,
        buffer_size: int,
        observation_space: spaces.Space,
        action_space: spaces.Space,
        device: torch.device | str = "auto",
        gae_lambda: float = 1.0,
        gamma: float = 0.99,
        n_envs: int = 1,
        *,
        discount_by_epoch: bool = False,
        rows_per_workload: int = 1,
    ) -> None:
        if not isinstance(action_space, spaces.Discrete):
            raise ValueError(f"action_space = {action_space}: must be Discrete, that of EdgeLLM/Batching-v0")
        self.discount_by_epoch, self.rows_per_workload = discount_by_epoch, rows_per_workload
        self._dispatch = int(action_space.n) - 1
        self._episode = np.full(n_envs, -1, dtype=np.int64)
        self._epoch = np.zeros(n_envs, dtype=np.int64)
        super().__init__(buffer_size, observation_space, action_space, device, gae_lambda, gamma, n_envs)

    def compute_returns_and_advantage(self, last_values: torch.Tensor, dones: NDArray[np.bool_]) -> None:
        """As SB3's, with the discount at the ends of epochs, and less what rows of the same workload have in common."""
        dispatched = self.actions[:, :, 0] == self._dispatch
        discount = (
            np.where(dispatched, self.gamma, 1.0) if self.discount_by_epoch else np.full(dispatched.shape, self.gamma)
        )
        going_on = 1.0 - np.concatenate((self.episode_starts[1:], dones.astype(np.float32)[None]))
        next_values = np.concatenate((self.values[1:], last_values.detach().cpu().numpy().reshape(1, -1)))
        advantage: Any = 0.0
        for step in reversed(range(self.buffer_size)):
            ahead = discount[step] * going_on[step]
            error = self.rewards[step] + ahead * next_values[step] - self.values[step]
            advantage = error + ahead * self.gae_lambda * advantage
            self.advantages[step] = advantage
        self.returns = self.advantages + self.values
        episode, epoch = self._when(dispatched)
        if self.rows_per_workload > 1:
            self.advantages -= common_to_workloads(self.advantages, episode, epoch, self.rows_per_workload)

    def get(  # type: ignore[override]
        self, batch_size: int | None = None
    ) -> Generator[MaskableRolloutBufferSamples, None, None]:
        """Minibatches in random order, gathered by torch from one copy of the rollout; by default a single one."""
        names = ("observations", "actions", "values", "log_probs", "advantages", "returns", "action_masks")
        if not self.generator_ready:
            for name in names:
                setattr(self, name, self.swap_and_flatten(getattr(self, name)))
            self.generator_ready = True
        size = self.buffer_size * self.n_envs
        parts = {name: torch.as_tensor(getattr(self, name), device=self.device) for name in names}
        parts |= {name: parts[name].flatten() for name in ("values", "log_probs", "advantages", "returns")}
        for chosen in torch.as_tensor(np.random.permutation(size), device=self.device).split(batch_size or size):  # noqa: NPY002 (SB3 seeds it)
            yield MaskableRolloutBufferSamples(*(parts[name].index_select(0, chosen) for name in names))

    def places(self) -> dict[str, NDArray[np.int64]]:
        """Episode and epoch of each row at the end of the last rollout, as `go_on` takes them."""
        return {"episode": self._episode.copy(), "epoch": self._epoch.copy()}

    def go_on(self, places: dict[str, NDArray[np.int64]]) -> None:
        """Take up where `places` was asked."""
        self._episode, self._epoch = places["episode"].copy(), places["epoch"].copy()

    def _when(self, dispatched: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Number of the episode of each row, and of the epoch in it, at each step: (steps, rows)."""
        episode = np.empty(dispatched.shape, dtype=np.int64)
        epoch = np.empty(dispatched.shape, dtype=np.int64)
        for step in range(self.buffer_size):
            starts = self.episode_starts[step] > 0.0
            self._episode += starts
            self._epoch[starts] = 0
            episode[step], epoch[step] = self._episode, self._epoch
            self._epoch += dispatched[step]
        return episode, epoch


def common_to_workloads(
    advantages: NDArray[np.float32], episode: NDArray[np.int64], epoch: NDArray[np.int64], rows_per_workload: int
) -> NDArray[np.float32]:
    """What the other rows of the same workload have for an advantage, on average, in the same epoch: (steps, rows).

    0 where no other row is in that epoch. A row's advantage in an epoch is the mean over its steps there.
    """
    rows = advantages.shape[1]
    row = np.broadcast_to(np.arange(rows), advantages.shape)
    keys = np.stack((row.ravel(), episode.ravel(), epoch.ravel()))
    met, of_step = np.unique(keys, axis=1, return_inverse=True)
    of_step = of_step.ravel()
    mean = np.bincount(of_step, weights=advantages.ravel()) / np.bincount(of_step)
    _, of_row = np.unique(np.stack((met[0] // rows_per_workload, met[1], met[2])), axis=1, return_inverse=True)
    of_row = of_row.ravel()
    sums, counts = np.bincount(of_row, weights=mean), np.bincount(of_row)
    others = counts[of_row] - 1
    common = np.where(others > 0, (sums[of_row] - mean) / np.maximum(others, 1), 0.0)
    return common[of_step].reshape(advantages.shape).astype(np.float32)
