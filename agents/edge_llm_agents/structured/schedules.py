"""Imitation of schedules made in hindsight, by a Fenchel-Young loss through the exact search."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from edge_llm_agents.imitation.demonstrations import KnownSchedules
from edge_llm_agents.structured.network import SetWorth
from edge_llm_agents.structured.perturbation import Perturbation
from edge_llm_agents.structured.policy import StructuredPolicy
from edge_llm_baselines.playing.play import play
from edge_llm_baselines.playing.roll_out import vector_of
from edge_llm_env.dynamics.simulation import Simulation
from edge_llm_env.workload.workload import Workload


def fenchel_young_surrogate(worths: Tensor, mean_batch: NDArray[Any], target: NDArray[Any]) -> Tensor:
    """A number whose gradient in worths (n, Q) is that of the mean Fenchel-Young loss, (mean batch - target)/n.

    The loss is least where the decoder, its values perturbed, serves the target on average (Berthet et al. 2020,
    arXiv 2002.08676, section 4).
    """
    return (worths * torch.from_numpy(mean_batch - target).to(worths.dtype)).sum() / len(worths)


def replay(
    schedules: Sequence[NDArray[np.int64]],
    workloads: Sequence[Workload],
    policy: StructuredPolicy,
    network: SetWorth,
    optimizer: torch.optim.Optimizer,
    perturbation: Perturbation,
) -> float:
    """Play the schedules of workloads, so that the states are their own, with a step towards them in every epoch.

    A step is of all workloads together. `policy` says what the network sees and how its values are decoded. Returns
    the mean of |mean batch - target| over epochs, in requests.
    """
    env = vector_of(policy.env_id, policy.scenario, workloads)
    replaying = _Replaying(KnownSchedules(schedules), env, policy, network, optimizer, perturbation)
    for _ in play(env, replaying, workloads=workloads):
        pass
    env.close()
    return float(np.mean(replaying.apart))


class _Replaying:
    """Acts as the schedules say; before each step the network is moved towards that."""

    def __init__(
        self,
        teacher: KnownSchedules,
        env: Any,
        policy: StructuredPolicy,
        network: SetWorth,
        optimizer: torch.optim.Optimizer,
        perturbation: Perturbation,
    ) -> None:
        self.apart: list[float] = []
        self._simulation: Simulation = env.unwrapped.simulation
        self._teacher, self._policy, self._network = teacher, policy, network
        self._optimizer, self._perturbation = optimizer, perturbation

    def predict(
        self, observation: Any, state: Any = None, episode_start: Any = None, deterministic: bool = True
    ) -> tuple[Any, Any]:
        """What the schedules serve now."""
        target = self._teacher.remaining(self._simulation)
        seen = self._policy.seen(observation)
        worths = seen.features[..., -1] + self._network(seen)
        mean_batch = self._perturbation.mean_batch(self._policy, self._simulation, observation, worths.detach().numpy())
        self._optimizer.zero_grad()
        fenchel_young_surrogate(worths, mean_batch, target).backward()
        self._optimizer.step()
        self.apart.append(float(np.abs(mean_batch - target).sum(axis=1).mean()))
        return target.astype(np.int8), state
