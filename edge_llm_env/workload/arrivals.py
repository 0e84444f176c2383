"""When requests arrive: sorted times (s) on [0, horizon) of stationary random processes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.scenarios.arrival_settings import (
    DiurnalArrivals,
    GammaArrivals,
    MarkovModulatedArrivals,
    PoissonArrivals,
    RandomArrivals,
)

FloatArray = NDArray[np.float64]


def draw_arrivals(arrivals: RandomArrivals, rng: np.random.Generator, horizon_s: float) -> FloatArray:
    """Arrival times of an episode as a scenario describes them."""
    match arrivals:
        case PoissonArrivals():
            return poisson_arrivals(rng, arrivals.rate_per_s, horizon_s)
        case GammaArrivals():
            return gamma_arrivals(rng, arrivals.rate_per_s, arrivals.coefficient_of_variation, horizon_s)
        case MarkovModulatedArrivals():
            return markov_modulated_arrivals(rng, arrivals.rates_per_s, arrivals.mean_sojourns_s, horizon_s)
        case DiurnalArrivals():
            return diurnal_arrivals(
                rng, arrivals.rate_per_s, arrivals.amplitude, arrivals.period_s, arrivals.phase_rad, horizon_s
            )


def poisson_arrivals(rng: np.random.Generator, rate_per_s: float, horizon_s: float) -> FloatArray:
    """Arrival times of a Poisson process: a Poisson count of uniform times, sorted."""
    count = rng.poisson(rate_per_s * horizon_s)
    times = rng.random(count)
    times *= horizon_s
    times.sort()
    return times


def gamma_arrivals(rng: np.random.Generator, rate_per_s: float, variation: float, horizon_s: float) -> FloatArray:
    """Arrival times with independent gamma times between them, of that coefficient of variation.

    The episode begins at a random moment of the process, so the mean count is rate × horizon from the start: the time
    to the first arrival is a uniform part of a gap that is met in proportion to its length, which is gamma with shape
    1/cv² + 1 (the inspection paradox; Cox, Renewal Theory, 1962).
    """
    shape = 1.0 / variation**2
    scale_s = 1.0 / (rate_per_s * shape)
    times = np.array([rng.random() * rng.gamma(shape + 1.0, scale_s)])
    gaps = 1 + int(rate_per_s * horizon_s)
    while times[-1] < horizon_s:
        times = np.append(times, times[-1] + np.cumsum(rng.gamma(shape, scale_s, size=gaps)))
    return times[times < horizon_s]


def markov_modulated_arrivals(
    rng: np.random.Generator, rates_per_s: tuple[float, ...], mean_sojourns_s: tuple[float, ...], horizon_s: float
) -> FloatArray:
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


def diurnal_arrivals(
    rng: np.random.Generator,
    rate_per_s: float,
    amplitude: float,
    period_s: float,
    phase_rad: float | None,
    horizon_s: float,
) -> FloatArray:
    """Arrival times at the rate r·(1 + a·sin(2πt/P + φ)), a ≤ 1, by thinning a Poisson process at its highest rate.

    Without a phase one is drawn. Thinning: Lewis and Shedler, Naval Research Logistics 26(3), 1979.
    """
    if phase_rad is None:
        phase_rad = 2.0 * np.pi * rng.random()
    times = poisson_arrivals(rng, rate_per_s * (1.0 + amplitude), horizon_s)
    relative_rate = 1.0 + amplitude * np.sin(2.0 * np.pi * times / period_s + phase_rad)
    return times[rng.random(len(times)) * (1.0 + amplitude) < relative_rate]
