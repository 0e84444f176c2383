"""Poisson arrivals whose rate is that of a hidden state."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from edge_llm_env.arrivals.poisson import poisson_arrivals
from edge_llm_env.arrivals.process import ArrivalProcess, Arrived
from edge_llm_env.support.naming import shown
from edge_llm_env.support.quantities import DurationS, PhaseRatePerS

MOST_CHANGES = 10**6
"""Of the state, in an episode; each is drawn on its own."""


class MarkovModulatedArrivals(ArrivalProcess):
    """Poisson arrivals whose rate is that of a hidden state; each next state is any other with equal probability."""

    kind: Literal["markov_modulated"]
    rates_per_s: tuple[PhaseRatePerS, ...] = Field(
        min_length=2, max_length=1000, description="arrival rate in each state"
    )
    mean_sojourns_s: tuple[DurationS, ...] = Field(
        min_length=2, max_length=1000, description="mean time in each state, exponentially distributed"
    )

    @model_validator(mode="after")
    def _every_state_has_both(self) -> MarkovModulatedArrivals:
        if len(self.rates_per_s) != len(self.mean_sojourns_s):
            raise ValueError(
                f"rates_per_s has {len(self.rates_per_s)} states: "
                f"must have as many as mean_sojourns_s, which has {len(self.mean_sojourns_s)}"
            )
        if not any(self.rates_per_s):
            raise ValueError("rates_per_s: must be greater than 0 in one state at least")
        return self

    @property
    def mean_rate_per_s(self) -> float:
        """Mean arrival rate over all episodes: a state is met in proportion to its mean sojourn."""
        weighted = sum(rate * stay for rate, stay in zip(self.rates_per_s, self.mean_sojourns_s, strict=True))
        return weighted / sum(self.mean_sojourns_s)

    def check_episode(self, horizon_s: float) -> None:
        """Raise ValueError where states change too often for an episode of that length."""
        check_changes("mean_sojourns_s", self.mean_sojourns_s, horizon_s)

    def draw(self, rng: np.random.Generator, horizon_s: float) -> Arrived:
        """The requests of one episode of that length."""
        return Arrived(markov_modulated_arrivals(rng, self.rates_per_s, self.mean_sojourns_s, horizon_s))


def check_changes(field: str, mean_sojourns_s: tuple[float, ...], horizon_s: float) -> None:
    """Raise ValueError, naming the field of these sojourns, where states change too often in an episode."""
    changes = horizon_s * len(mean_sojourns_s) / sum(mean_sojourns_s)
    if changes > MOST_CHANGES:
        raise ValueError(
            f"{field} = {shown(mean_sojourns_s)}: the state would change {changes:.4g} times in the "
            f"{horizon_s:.4g} s of an episode, must be at most {MOST_CHANGES:,} times"
        )


def markov_modulated_arrivals(
    rng: np.random.Generator, rates_per_s: tuple[float, ...], mean_sojourns_s: tuple[float, ...], horizon_s: float
) -> NDArray[np.float64]:
    """Arrival times of a Poisson process whose rate is that of a hidden Markov chain's state.

    The first state is drawn from the chain's stationary distribution, proportional to the mean sojourns since every
    other state is equally likely next; an exponential sojourn has no memory of when it began.
    """
    states = len(rates_per_s)
    sojourns_s = np.array(mean_sojourns_s)
    state = int(rng.choice(states, p=sojourns_s / sojourns_s.sum()))  # sum() rounds differently since Python 3.12
    start_s = 0.0
    pieces = []
    while start_s < horizon_s:
        end_s = min(start_s + rng.exponential(mean_sojourns_s[state]), horizon_s)
        pieces.append(start_s + poisson_arrivals(rng, rates_per_s[state], end_s - start_s))
        start_s = end_s
        state = (state + 1 + int(rng.integers(states - 1))) % states
    return np.concatenate(pieces)
