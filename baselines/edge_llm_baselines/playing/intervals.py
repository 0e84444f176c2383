"""95 % confidence intervals over workloads."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import stats

BOOTSTRAP_RESAMPLES = 2000


class Interval(NamedTuple):
    """An estimate with its 95 % confidence interval; not a number where one workload tells nothing of it."""

    mean: float
    low: float
    high: float


def mean_interval(samples: NDArray[np.float64]) -> Interval:
    """The mean of one sample per workload with its Student-t interval."""
    mean = float(samples.mean())
    if len(samples) < 2:
        return Interval(mean, float("nan"), float("nan"))
    error = float(stats.sem(samples))
    half = error * float(stats.t.ppf(0.975, len(samples) - 1))
    return Interval(mean, mean - half, mean + half)


def ratio_interval(numerators: NDArray[np.float64], denominators: NDArray[np.float64]) -> Interval:
    """Σ numerators / Σ denominators, of pairs one per workload, with its percentile bootstrap interval over workloads.

    The same resamples each time. Infinite where the denominators are all 0, and not a number where both are.
    """

    def ratio(above: NDArray[np.float64], below: NDArray[np.float64], axis: int = -1) -> NDArray[np.float64]:
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.divide(above.sum(axis=axis), below.sum(axis=axis))

    estimate = float(ratio(numerators, denominators))
    if len(numerators) < 2 or not np.isfinite(estimate):
        return Interval(estimate, float("nan"), float("nan"))
    rng = np.random.default_rng(0)
    taken = rng.integers(len(numerators), size=(BOOTSTRAP_RESAMPLES, len(numerators)))
    low, high = np.quantile(ratio(numerators[taken], denominators[taken]), (0.025, 0.975))
    return Interval(estimate, float(low), float(high))
