"""Advantages from paired workloads: what another batch, now, would have served in the epochs that follow.

Copies of a row go on from its very state with the same arrivals and channels, differ by one batch, and then play as the
row does. What they serve more or less is that batch's advantage, free of all that luck has in common.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from edge_llm_agents.structured.network import Seen
from edge_llm_agents.structured.perturbation import Perturbation, batch
from edge_llm_agents.structured.policy import StructuredPolicy
from edge_llm_baselines.playing.play import play
from edge_llm_baselines.playing.roll_out import vector_of
from edge_llm_env.dynamics.simulation import Simulation
from edge_llm_env.dynamics.state import COUNTERS, N_EPOCHS
from edge_llm_env.workload.workload import Workload

_N_SERVED = COUNTERS.index("served")


class Branches(NamedTuple):
    """n states in which C copies each chose another batch."""

    seen: Seen
    """What a network sees of the states."""
    changed: Tensor
    """(n, C, Q) the copy's batch less the row's own: 1, 0 or -1."""
    advantage: Tensor
    """(n, C) requests that the copy serves more than the row within the horizon."""

    def of(self, chosen: Tensor) -> Branches:
        """Some of the states."""
        return Branches(self.seen.of(chosen), self.changed[chosen], self.advantage[chosen])


def joined(parts: Sequence[Branches]) -> Branches:
    """All of them, one after the other."""
    seen = Seen(*(torch.cat(arrays) for arrays in zip(*(part.seen for part in parts), strict=True)))
    return Branches(seen, torch.cat([part.changed for part in parts]), torch.cat([part.advantage for part in parts]))


def branch(
    policy: StructuredPolicy,
    workloads: Sequence[Workload],
    perturbation: Perturbation,
    copies: int,
    horizon_epochs: int,
    first_epoch: int,
) -> Branches:
    """Play workloads by a policy, and from `first_epoch` on, every `horizon_epochs`, try `copies` perturbed batches.

    A state counts that has a whole horizon before it; at least one must.
    """
    rows = [workload for workload in workloads for _ in range(1 + copies)]
    env = vector_of(policy.env_id, policy.scenario, rows)
    branching = _Branching(policy, env, perturbation, copies, horizon_epochs, first_epoch)
    for _ in play(env, branching, workloads=rows):
        if branching.enough:
            break
    branching.end()
    env.close()
    return joined(branching.met)


class _Branching:
    """The policy's batches, of which the copies of each row try perturbed ones now and then."""

    def __init__(
        self,
        policy: StructuredPolicy,
        env: Any,
        perturbation: Perturbation,
        copies: int,
        horizon_epochs: int,
        first_epoch: int,
    ) -> None:
        self.met: list[Branches] = []
        self.enough = False
        """Whether no state follows that has a whole horizon before it."""
        self._simulation: Simulation = env.unwrapped.simulation
        self._policy, self._perturbation = policy, perturbation
        self._horizon_epochs, self._first_epoch = horizon_epochs, first_epoch
        self._last_epoch = policy.scenario.epoch.episode_epochs - horizon_epochs
        groups = np.arange(env.num_envs).reshape(-1, 1 + copies)
        self._rows, self._copies = groups[:, 0], groups[:, 1:]
        self._begun: tuple[Seen, NDArray[np.int8], NDArray[np.int64]] | None = None

    def predict(
        self, observation: Any, state: Any = None, episode_start: Any = None, deterministic: bool = True
    ) -> tuple[Any, Any]:
        """Batches of all rows."""
        epoch = int(self._simulation.state.counters[0, N_EPOCHS])
        branches = epoch >= self._first_epoch and (epoch - self._first_epoch) % self._horizon_epochs == 0
        if branches:
            self.end()
            observation = self._joined_again(observation)
        seen = self._policy.seen(observation)
        worth_now = self._policy.worth_now(seen)
        self.enough = branches and epoch > self._last_epoch
        if not branches or self.enough:
            return self._batch(observation, worth_now), state
        noise = self._perturbation.noise(worth_now.shape)
        noise[self._rows] = 0.0
        batches = self._batch(observation, worth_now + noise)
        self._begun = (seen.of(torch.from_numpy(self._rows)), batches, self._served())
        return batches, state

    def end(self) -> None:
        """Note what the copies that went on served more than their rows, if there are any."""
        if self._begun is None:
            return
        seen, batches, before = self._begun
        served = self._served() - before
        changed = batches[self._copies] - batches[self._rows, None]
        advantage = served[self._copies] - served[self._rows, None]
        self.met.append(
            Branches(seen, torch.from_numpy(changed.astype(np.float32)), torch.from_numpy(advantage.astype(np.float32)))
        )
        self._begun = None

    def _batch(self, observation: NDArray[np.float32], worth_now: NDArray[np.float32]) -> NDArray[np.int8]:
        return batch(self._policy, self._simulation, observation, worth_now)

    def _joined_again(self, observation: NDArray[np.float32]) -> NDArray[np.float32]:
        """Put the copies into the states of their rows; the observations of these states."""
        observation = observation.copy()
        for array in (*self._simulation.state, observation):
            array[self._copies] = array[self._rows, None]
        return observation

    def _served(self) -> NDArray[np.int64]:
        return self._simulation.state.counters[:, _N_SERVED].copy()
