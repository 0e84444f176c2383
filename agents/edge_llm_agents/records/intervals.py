"""95 % confidence intervals over the workloads of one scenario, which all policies play: differences are paired."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from edge_llm_env.support.tables import NO_VALUE

BOOTSTRAP_RESAMPLES = 2000


class Interval(NamedTuple):
    """An estimate, a mean of some kind, with its 95 % interval; not a number where one workload tells nothing of it."""

    mean: float
    low: float
    high: float

    def times(self, factor: float) -> Interval:
        """In another unit; `factor` is positive."""
        return Interval(factor * self.mean, factor * self.low, factor * self.high)

    def plus(self, offset: float) -> Interval:
        """Moved by a number that is certain."""
        return Interval(offset + self.mean, offset + self.low, offset + self.high)

    def text(self, form: str) -> str:
        """For a reader, numbers as `form` formats them: the estimate, and what is known of its interval."""
        if math.isnan(self.mean):
            return NO_VALUE
        mean = format(self.mean, form)
        return mean if math.isnan(self.low) else f"{mean} [{self.low:{form}}, {self.high:{form}}]"


def mean_interval(samples: NDArray[np.float64]) -> Interval:
    """The mean of one sample per workload with its Student-t interval."""
    mean = float(samples.mean())
    if len(samples) < 2:
        return Interval(mean, float("nan"), float("nan"))
    error = float(stats.sem(samples))
    half = error * float(stats.t.ppf(0.975, len(samples) - 1))
    return Interval(mean, mean - half, mean + half)


def paired_difference(one: NDArray[np.float64], other: NDArray[np.float64]) -> Interval:
    """Mean of `one - other` over workloads with its Student-t interval; not a number for a single workload."""
    return mean_interval(one - other)


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
