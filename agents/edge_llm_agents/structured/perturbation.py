"""Batches that the exact search decodes from perturbed worths: how a decoder is learned through."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_llm_agents.structured.policy import StructuredPolicy, present_in
from edge_llm_baselines.allocation.oracle_decoding import decode
from edge_llm_env.dynamics.simulation import Simulation


class Perturbation:
    """Gaussian noise of a standard deviation on every worth."""

    def __init__(self, deviation: float, draws: int, rng: np.random.Generator) -> None:
        self.deviation, self.draws, self._rng = deviation, draws, rng

    def noise(self, shape: tuple[int, ...]) -> NDArray[np.float32]:
        """Noise of that shape."""
        return (self.deviation * self._rng.standard_normal(shape)).astype(np.float32)

    def mean_batch(
        self,
        policy: StructuredPolicy,
        simulation: Simulation,
        observations: NDArray[np.float32],
        worth_now: NDArray[np.float32],
    ) -> NDArray[np.float64]:
        """(rows, Q) the part of `draws` draws in which each slot is served.

        The gradient of the perturbed maximum in the worths (Berthet et al. 2020, arXiv 2002.08676, proposition 3.1).
        """
        served = np.zeros(worth_now.shape)
        for _ in range(self.draws):
            served += batch(policy, simulation, observations, worth_now + self.noise(worth_now.shape))
        return served / self.draws


def batch(
    policy: StructuredPolicy,
    simulation: Simulation,
    observations: NDArray[np.float32],
    worth_now: NDArray[np.float32],
) -> NDArray[np.int8]:
    """The batch of each row, (rows, Q), that worths (rows, Q) come to by the policy's levels and the exact search."""
    values = policy.base.function.on_levels(worth_now, present_in(observations))
    return decode(simulation, values.astype(np.float64))
