"""How policies compare over several scenarios, and how sure that is: aggregates with intervals by bootstrap.

The aggregates are those of Agarwal et al., "Deep Reinforcement Learning at the Edge of the Statistical Precipice"
(arXiv 2108.13264). Two things differ. All policies play the same workloads, so an improvement is judged workload by
workload and not between independent runs. And a run has two sources of chance, its workload and its training seed, so
the bootstrap draws both: workloads within each scenario (the strata), and training seeds.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from edge_llm_agents.records.intervals import Interval

Scores = NDArray[np.float64]
"""A policy's scores, of shape (training seeds, scenarios, workloads); several draws of them add axes in front."""

RESAMPLES = 2000
"""Draws of a bootstrap, as many as rliable makes for a profile."""


def interquartile_mean(scores: Scores) -> NDArray[np.float64]:
    """Mean of what is left of all runs of all scenarios without the lowest and the highest quarter."""
    return np.asarray(stats.trim_mean(scores.reshape(*scores.shape[:-3], -1), 0.25, axis=-1))


def probability_of_improvement(scores: Scores, other: Scores) -> NDArray[np.float64]:
    """Probability that a policy scores more than another on the same workload of a scenario; an equal score counts
    half.

    Of any training seed of the one and any of the other. Every scenario has the same weight.
    """
    one, two = scores[..., :, None, :, :], other[..., None, :, :, :]
    return np.mean((one > two) + 0.5 * (one == two), axis=(-4, -3, -2, -1))


def performance_profile(scores: Scores, thresholds: NDArray[np.float64]) -> NDArray[np.float64]:
    """Fraction of runs that score more than each threshold: the thresholds are the first axis of the result."""
    return np.stack([np.mean(scores > threshold, axis=(-3, -2, -1)) for threshold in thresholds])


def interval(
    statistic: Callable[..., NDArray[np.float64]], *policies: Scores, resamples: int = RESAMPLES, seed: int = 0
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Lower and upper end of the 95 % percentile interval of a statistic of some policies' scores.

    Every draw takes, with replacement, as many workloads of each scenario as there are, the same for all policies, and
    as many training seeds of each policy as it has. A single training seed is what every draw takes: that it might have
    been another is then not in the interval. Of a single run, not a number. Equal `seed`, equal interval. Raises
    ValueError unless all policies have played the same number of scenarios and workloads.
    """
    played = {scores.shape[1:] for scores in policies}
    if len(played) != 1:
        raise ValueError(f"scores of (scenarios, workloads) {sorted(played)}: must be of the same ones")
    ((scenarios, episodes),) = played
    sizes = [episodes] * scenarios + [len(scores) for scores in policies]
    several = [at for at, size in enumerate(sizes) if size > 1]
    if not several:
        unknown = np.full_like(statistic(*policies), np.nan)
        return unknown, unknown

    def of_draws(*drawn: NDArray[np.int64], axis: int) -> NDArray[np.float64]:
        """The statistic of draws of indices, each of shape (draws, size)."""
        indices = [np.zeros((len(drawn[0]), 1), dtype=np.int64)] * len(sizes)
        for at, one in zip(several, drawn, strict=True):
            indices[at] = one
        by_scenario = np.stack(indices[:scenarios], axis=1)[:, None, :, :]
        every = np.arange(scenarios)[:, None]
        return statistic(
            *(
                scores[seeds[:, :, None, None], every, by_scenario]
                for scores, seeds in zip(policies, indices[scenarios:], strict=True)
            )
        )

    found = stats.bootstrap(
        [np.arange(sizes[at]) for at in several],
        of_draws,
        n_resamples=resamples,
        batch=100,
        method="percentile",
        vectorized=True,
        rng=np.random.default_rng(seed),
    )
    return np.asarray(found.confidence_interval.low), np.asarray(found.confidence_interval.high)


def estimate(statistic: Callable[..., NDArray[np.float64]], *policies: Scores) -> Interval:
    """A statistic that is one number, with its interval."""
    low, high = interval(statistic, *policies)
    return Interval(float(statistic(*policies)), float(low), float(high))


def as_scores(by_scenario: Sequence[Sequence[NDArray]]) -> Scores:
    """Scores of arrays (workloads,) by scenario and training seed; of seeds, as many as every scenario has."""
    seeds = min(len(runs) for runs in by_scenario)
    return np.array([[runs[seed] for runs in by_scenario] for seed in range(seeds)], dtype=np.float64)
