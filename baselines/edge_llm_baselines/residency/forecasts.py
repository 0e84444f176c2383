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
    """What foretells how many of the next arrivals are of each class."""

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


class PhaseBelief:
    """Bayes' rule over the phase that demand is in and its age, told how long phases last and what each is like.

    With `knows_order` it is told which phase follows which, too; without, any other is as likely. Beliefs are arrays of
    shape (..., phases, ages), ages in epochs.
    """

    def __init__(self, given: ClassMix | None, epoch_s: float, knows_order: bool) -> None:
        given = given or ClassMix(names=("all", "none"), mixes=((1.0, 0.0),), mean_lengths_s=(1.0,))
        mix = given if knows_order else given.model_copy(update={"followed_by": None})
        self._chain, self._shares = mix.chain(), mix.shares()
        means = np.array(mix.mean_lengths_s) / epoch_s
        spread = mix.length_variation
        ages = max(2, int(np.ceil(means.max() * (1.0 + 5.0 * spread))))
        shape = 1.0 / spread**2
        lasts = 1.0 - gammainc(shape, np.arange(ages + 1) * shape / means[:, None])  # (P, ages + 1)
        self._stays = np.divide(
            lasts[:, 1:], lasts[:, :-1], out=np.zeros_like(lasts[:, 1:]), where=lasts[:, :-1] > 1e-12
        )
        # A phase that is met at random has any age in proportion to how likely it lasts so long.
        self.prior: NDArray[np.float64] = (
            mix.time_shares()[:, None] * lasts[:, :-1] / lasts[:, :-1].sum(axis=1, keepdims=True)
        )

    def passed(self, belief: NDArray[np.float64]) -> NDArray[np.float64]:
        """The belief an epoch later."""
        after = np.zeros_like(belief)
        staying = belief * self._stays
        after[..., 1:] = staying[..., :-1]
        after[..., 0] = (belief - staying).sum(axis=-1) @ self._chain
        after[..., -1] += staying[..., -1]
        return after

    def after(self, belief: NDArray[np.float64], counted: NDArray[np.number]) -> NDArray[np.float64]:
        """The belief when so many requests of each class, (..., K), have arrived in the epoch."""
        likely = counted @ np.log(np.maximum(self._shares, 1e-9)).T
        # Against the likeliest phase, so that many requests do not make all of them impossible.
        belief = belief * np.exp(likely - likely.max(axis=-1, keepdims=True))[..., None]
        found: NDArray[np.float64] = belief / belief.sum(axis=(-2, -1), keepdims=True)
        return found

    def mix_of(self, belief: NDArray[np.float64]) -> NDArray[np.float64]:
        """Shares of each class that a belief expects, (..., K)."""
        expected: NDArray[np.float64] = belief.sum(axis=-1) @ self._shares
        return expected


class Phases:
    """The mix by `PhaseBelief` of a scenario's phases. Keeps a belief per row, which begins anew with the episode."""

    def __init__(self, scenario: Scenario, knows_order: bool) -> None:
        self._phases = PhaseBelief(scenario.workload.classes, scenario.epoch.epoch_s, knows_order)
        self._beliefs: dict[tuple[int, int], tuple[int, NDArray[np.float64]]] = {}

    def shares(self, simulation: Simulation, row: int, epochs: int) -> NDArray[np.float64]:
        """Shares of each class, of shape (epochs, K)."""
        belief, shares = self._belief(simulation, row), []
        for _ in range(epochs):
            belief = self._phases.passed(belief)
            shares.append(self._phases.mix_of(belief))
        return np.array(shares)

    def _belief(self, simulation: Simulation, row: int) -> NDArray[np.float64]:
        """Of the epoch that has just ended, after what arrived in it."""
        state, key = simulation.state, (id(simulation), row)
        arrived, epoch = int(state.counters[row, N_ARRIVED]), int(state.counters[row, N_EPOCHS])
        before, belief = self._beliefs.get(key, (0, self._phases.prior))
        if epoch == 0:
            before, belief = 0, self._phases.prior
        else:
            belief = self._phases.passed(belief)
        counted = np.bincount(state.request_class[row, before:arrived], minlength=len(self._phases.mix_of(belief)))
        belief = self._phases.after(belief, counted)
        self._beliefs[key] = arrived, belief
        return belief
