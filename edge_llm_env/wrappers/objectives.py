"""What a step of simulated rows brings in each of several objectives."""

from __future__ import annotations

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from edge_llm_env.dynamics.simulation import Simulation
from edge_llm_env.dynamics.state import N_SERVED
from edge_llm_env.scenarios import Scenario
from edge_llm_env.scenarios.sections.reward_settings import R_EXPIRED, R_SERVED, R_TOKENS
from edge_llm_env.wrappers.fairness import ServiceFairness

OBJECTIVES = ("throughput", "energy", "accuracy", "fairness")
"""Entries of a reward vector, all to be maximised."""


class Objectives:
    """Reward vectors of the rows of a simulation, from their state before and after a step.

    throughput: the scenario's weights times requests served, tokens served and requests expired. In the presets, which
    pay 1 per request served and nothing else, that is requests; summed over an episode, those that it serves.

    energy: minus what the step adds to the energy of the batch (J, ≤ 0).

    accuracy: Σ over the requests served of what the variant that serves each offers to its class, in 0..Q. Summed over
    an episode it is the requests served times the mean accuracy of their answers. Where the node has one precision,
    that is throughput times a constant.

    fairness: the change of Jain's index (`edge_llm_env.wrappers.fairness`), in -1..1. Summed over an episode it is the
    index at the end, in 0..1.
    """

    def __init__(self, simulation: Simulation) -> None:
        self._simulation = simulation
        self._fairness = ServiceFairness(simulation)
        rows = len(simulation.state.requests)
        self._served = np.zeros(rows, dtype=np.int64)
        self._energy_j = np.zeros(rows)
        self._index = np.zeros(rows)

    def begin(self, beginning: NDArray[np.bool_]) -> None:
        """Begin an episode on the rows of a mask, bool of shape (R,), which have been reset."""
        self._fairness.begin(beginning)
        self._served[beginning] = 0
        self._energy_j[beginning] = 0.0
        self._index[beginning] = 0.0

    def resume(self) -> None:
        """Go on from the rows as they stand, none of whose reward is still to be told."""
        self._fairness.begin(np.ones(len(self._served), dtype=np.bool_))
        state = self._simulation.state
        self._served, self._energy_j = state.counters[:, N_SERVED].copy(), state.energy_j.copy()
        self._index = self._fairness.index()

    def rewards(self) -> NDArray[np.float64]:
        """The reward vectors of the last step, shape (R, 4)."""
        state, params = self._simulation.state, self._simulation.params
        served, energy_j, index = state.counters[:, N_SERVED], state.energy_j, self._fairness.index()
        if len(params.variant_accuracy):
            accuracy = state.served_accuracy.copy()
        else:
            accuracy = params.offered_accuracy[0] * (served - self._served)
        paid = state.reward_terms[:, [R_SERVED, R_TOKENS, R_EXPIRED]].sum(axis=1)
        rewards = np.stack([paid, self._energy_j - energy_j, accuracy, index - self._index], axis=1)
        self._served, self._energy_j, self._index = served.copy(), energy_j.copy(), index
        return rewards


def reward_space(scenario: Scenario) -> spaces.Box:
    """Box of shape (4,), float64, that holds every reward vector of a scenario; a step serves at most Q requests."""
    weights, slots = scenario.reward, scenario.epoch.visible_slots
    paid = [weights.served + weights.tokens * tokens for tokens in (0, scenario.workload.longest_output_tokens)]
    low = -np.inf if weights.expired < 0.0 else slots * min(0.0, *paid)
    high = np.inf if weights.expired > 0.0 else slots * max(0.0, *paid)
    return spaces.Box(np.array([low, -np.inf, 0.0, -1.0]), np.array([high, 0.0, slots, 1.0]), dtype=np.float64)


def own_weights(scenario: Scenario) -> NDArray[np.float64]:
    """The weights, shape (4,), whose scalar product with a reward vector is the environment's own reward."""
    return np.array([1.0, -scenario.reward.energy, 0.0, 0.0])
