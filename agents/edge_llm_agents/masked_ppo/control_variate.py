"""DFTSP on the workloads that the rows play, as a control variate of their rewards."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.vector import AutoresetMode, VectorEnv, VectorWrapper
from numpy.typing import NDArray

from edge_llm_baselines.allocation.oracle_decoding import decode
from edge_llm_env.dynamics.simulation import Simulation
from edge_llm_env.dynamics.state import N_EPOCHS
from edge_llm_env.envs.suite import BATCH_SELECTION


class AgainstDFTSP(VectorWrapper):
    """Rewards less those of the largest batch in the same epoch of the same workload, taken off where the epoch ends.

    What is taken off depends on the workload alone, so the best policy stays the best; what an episode yields by the
    luck of its arrivals is mostly gone. For the vector form of `EdgeLLM/Batching-v0`, reset within the step.
    """

    def __init__(self, env: VectorEnv) -> None:
        super().__init__(env)
        self._simulation: Simulation = env.unwrapped.simulation  # type: ignore[attr-defined]
        self._taken_off = np.zeros((self.num_envs, self._simulation.params.episode_epochs))

    def reset(self, *, seed: Any = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        """Begin; see `EpochVectorEnv.reset`."""
        result = self.env.reset(seed=seed, options=options)
        self._play(np.ones(self.num_envs, dtype=np.bool_))
        return result

    def step(self, actions: Any) -> tuple[Any, Any, Any, Any, dict[str, Any]]:
        """One step; a new episode's workload is played by DFTSP at once."""
        epoch = self._simulation.state.counters[:, N_EPOCHS].copy()
        observations, rewards, terminated, truncated, infos = self.env.step(actions)
        ended = np.flatnonzero(truncated | (self._simulation.state.counters[:, N_EPOCHS] > epoch))
        rewards = rewards.copy()
        rewards[ended] -= self._taken_off[ended, epoch[ended]]
        if truncated.any():
            self._play(truncated)
        return observations, rewards, terminated, truncated, infos

    def state(self) -> dict[str, NDArray]:
        """That of the environment: what is taken off follows from its workloads."""
        return self.env.unwrapped.state()  # type: ignore[attr-defined]

    def restore(self, state: dict[str, NDArray]) -> None:
        """Go on from what `state` returned."""
        self.env.unwrapped.restore(state)  # type: ignore[attr-defined]
        self._play(np.ones(self.num_envs, dtype=np.bool_))

    def _play(self, chosen: NDArray[np.bool_]) -> None:
        rows = np.flatnonzero(chosen)
        self._taken_off[rows] = dftsp_rewards(self._simulation, rows)


def dftsp_rewards(simulation: Simulation, rows: NDArray[np.intp]) -> NDArray[np.float64]:
    """Rewards in every epoch, (rows, epochs), of serving a largest batch on the workloads that those rows hold."""
    env: Any = gym.make_vec(
        BATCH_SELECTION,
        num_envs=len(rows),
        vectorization_mode="vector_entry_point",
        scenario=simulation.scenario,
        autoreset_mode=AutoresetMode.DISABLED,
    )
    # `play` begins with workloads of its own; these are copied from rows that are halfway through theirs.
    env.reset(seed=0)
    playing: Simulation = env.unwrapped.simulation
    for at, row in enumerate(rows):
        playing.copy_workload(at, simulation, int(row))
    unseen = np.zeros(env.observation_space.shape or (), dtype=np.float32)
    env.unwrapped.mechanism.begin_rows(playing.params, playing.state, np.arange(len(rows)), unseen)
    alike = np.ones((len(rows), simulation.slots))
    return np.stack([env.step(decode(playing, alike))[1] for _ in range(simulation.params.episode_epochs)], axis=1)
