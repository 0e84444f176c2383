"""What is expected to be asked for in the next epochs, by class."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammainc

from edge_llm_env.arrivals.class_mix import ClassMix
from edge_llm_env.dynamics.simulation import Simulation
from edge_llm_env.dynamics.state import N_ARRIVED, N_EPOCHS
from edge_llm_env.scenarios.schema import Scenario


class Forecast(Protocol):
    """Anything that foretells demand."""

    def shares(self, simulation: Simulation, row: int, epochs: int) -> NDArray[np.float64]:
        """Shares of each class in the arrivals of each of the next epochs, of shape (epochs, K)."""
        ...


def mean_shares(scenario: Scenario) -> NDArray[np.float64]:
    """Share of each class in all requests, of shape (K,)."""
    classes = scenario.workload.classes
    return np.ones(1) if classes is None else classes.time_shares() @ classes.shares()


class Fading:
    """The mix of recent arrivals, which comes closer to the mean mix by a factor `kept` in every epoch."""

    def __init__(self, scenario: Scenario, kept: float) -> None:
        self.kept = kept
        self._mean = mean_shares(scenario)

    def shares(self, simulation: Simulation, row: int, epochs: int) -> NDArray[np.float64]:
        """Shares of each class, of shape (epochs, K)."""
        recent = simulation.state.recent_arrivals[row]
        now = recent / recent.sum() if recent.size and recent.any() else self._mean
        kept = self.kept ** np.arange(epochs)[:, None]
        return kept * now + (1.0 - kept) * self._mean


class Phases:
    """The mix by Bayes' rule over the phase and its age, told how long phases last and what each is like.

    With `knows_order` it is told which phase follows which, too; without, any other is as likely. Keeps a belief per
    row, which begins anew with the episode.
    """

    def __init__(self, scenario: Scenario, knows_order: bool) -> None:
        given = scenario.workload.classes or ClassMix(names=("all", "none"), mixes=((1.0, 0.0),), mean_lengths_s=(1.0,))
        mix = given if knows_order else given.model_copy(update={"followed_by": None})
        self._chain, self._shares = mix.chain(), mix.shares()
        means = np.array(mix.mean_lengths_s) / scenario.epoch.epoch_s
        spread = mix.length_variation
        ages = max(2, int(np.ceil(means.max() * (1.0 + 5.0 * spread))))
        shape = 1.0 / spread**2
        lasts = 1.0 - gammainc(shape, np.arange(ages + 1) * shape / means[:, None])  # (P, ages + 1)
        self._stays = np.divide(
            lasts[:, 1:], lasts[:, :-1], out=np.zeros_like(lasts[:, 1:]), where=lasts[:, :-1] > 1e-12
        )
        # A phase that is met at random has any age in proportion to how likely it lasts so long.
        self._prior = mix.time_shares()[:, None] * lasts[:, :-1] / lasts[:, :-1].sum(axis=1, keepdims=True)
        self._beliefs: dict[tuple[int, int], tuple[int, NDArray[np.float64]]] = {}

    def shares(self, simulation: Simulation, row: int, epochs: int) -> NDArray[np.float64]:
        """Shares of each class, of shape (epochs, K)."""
        belief = self._belief(simulation, row)
        shares = np.zeros((epochs, self._shares.shape[1]))
        for epoch in range(epochs):
            belief = self._passed(belief)
            shares[epoch] = belief.sum(axis=1) @ self._shares
        return shares

    def _passed(self, belief: NDArray[np.float64]) -> NDArray[np.float64]:
        """The belief an epoch later, of shape (phases, ages)."""
        after = np.zeros_like(belief)
        staying = belief * self._stays
        after[:, 1:] = staying[:, :-1]
        after[:, 0] = (belief - staying).sum(axis=1) @ self._chain
        after[:, -1] += staying[:, -1]
        return after

    def _belief(self, simulation: Simulation, row: int) -> NDArray[np.float64]:
        """Of the epoch that has just ended, after what arrived in it."""
        state, key = simulation.state, (id(simulation), row)
        arrived, epoch = int(state.counters[row, N_ARRIVED]), int(state.counters[row, N_EPOCHS])
        before, belief = self._beliefs.get(key, (0, self._prior))
        if epoch == 0:
            before, belief = 0, self._prior
        else:
            belief = self._passed(belief)
        classes = state.request_class[row, before:arrived]
        counted = np.bincount(classes, minlength=self._shares.shape[1])
        likely = np.exp(counted @ np.log(np.maximum(self._shares, 1e-9)).T)
        belief = belief * likely[:, None]
        belief = belief / belief.sum()
        self._beliefs[key] = arrived, belief
        return belief
