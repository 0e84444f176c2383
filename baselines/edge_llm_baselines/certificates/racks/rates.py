"""How many requests are expected of each epoch, exactly, where arrivals are Poisson given what else is drawn."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.arrivals.diurnal import DiurnalArrivals
from edge_llm_env.arrivals.feeders import FeederArrivals
from edge_llm_env.arrivals.poisson import PoissonArrivals
from edge_llm_env.arrivals.process import ArrivalProcess
from edge_llm_env.scenarios.schema import Scenario


def hidden_by(arrivals: ArrivalProcess) -> str | None:
    """What rates depend on that is drawn anew in each episode; empty if nothing, None of arrivals of other kinds."""
    if isinstance(arrivals, PoissonArrivals):
        return ""
    if isinstance(arrivals, DiurnalArrivals):
        return "the time of day" if arrivals.phase_rad is None else ""
    return "crowds" if isinstance(arrivals, FeederArrivals) else None


def drawn_rates(scenario: Scenario, rng: np.random.Generator) -> NDArray[np.float64]:
    """(T,) requests that each epoch is the first to serve, on average given what `hidden_by` names, which is drawn.

    They arrive in the epoch before it begins. Raises ValueError for arrivals that are not Poisson given anything.
    """
    arrivals, epoch_s = scenario.workload.arrivals, scenario.epoch.epoch_s
    edges_s: NDArray[np.float64] = np.arange(scenario.epoch.episode_epochs + 1, dtype=np.float64) * epoch_s
    if isinstance(arrivals, PoissonArrivals):
        return np.full(len(edges_s) - 1, arrivals.rate_per_s * epoch_s)
    if isinstance(arrivals, DiurnalArrivals):
        return _of_day(arrivals, edges_s, rng)
    if isinstance(arrivals, FeederArrivals):
        return _of_crowds(arrivals, edges_s, scenario.horizon_s, rng)
    raise ValueError(f"arrivals.kind = {arrivals.kind}: must be poisson, diurnal or feeders")


def _of_day(arrivals: DiurnalArrivals, edges_s: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
    """The integral of r·(1 + a·sin(2πt/P + φ)) over each epoch."""
    phase_rad = 2.0 * np.pi * rng.random() if arrivals.phase_rad is None else arrivals.phase_rad
    turn = 2.0 * np.pi / arrivals.period_s
    until = edges_s - arrivals.amplitude * np.cos(turn * edges_s + phase_rad) / turn
    return arrivals.rate_per_s * np.diff(until)


def _of_crowds(
    arrivals: FeederArrivals, edges_s: NDArray[np.float64], horizon_s: float, rng: np.random.Generator
) -> NDArray[np.float64]:
    """The base rate, and the crowds' while they are here."""
    rates = arrivals.rate_per_s * np.diff(edges_s)
    for lag_s, share in zip(arrivals.lags_s, arrivals.shares, strict=True):
        if share > 0.0:
            here_s = arrivals.draw_crowds(rng, horizon_s) + lag_s
            overlaps_s = np.minimum(here_s[:, 1:], edges_s[1:]) - np.maximum(here_s[:, :1], edges_s[:-1])
            rates += share * arrivals.crowd_rate_per_s * np.clip(overlaps_s, 0.0, None).sum(axis=0)
    return rates
