"""Both ends of a certified interval: what policies do, and what none exceeds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_llm_baselines.certificates.certificate import Certificates


class Played(NamedTuple):
    """What a policy does on each workload."""

    gained: NDArray[np.float64]
    """(E,) requests served, tasks completed, or the reward where that counts."""
    plans: Sequence[NDArray[Any]]
    """The epoch of each request where batches are what is decided, what is sent and served where uploads carry over;
    else none.
    """

    def kept(self, certified: Certificates) -> NDArray[np.float64]:
        """(E,) what it gains, less its penalty."""
        return np.array([one.value(plan) for one, plan in zip(certified.penalised, self.plans, strict=True)])


class Bounded(NamedTuple):
    """What no policy exceeds, with and without a penalty."""

    without: NDArray[np.float64]
    """(E,) of each workload."""
    certified: Certificates | None = None
    """With one, where one was fitted."""
    with_penalty: NDArray[np.float64] | None = None
    """(E,) bounds and what the best policy pays on the same workloads: its mean penalty is 0, so these have the mean
    of the bounds, and vary less, as both pay for what happens to arrive. Of a rack, bounds alone."""
    weights: tuple[float, ...] = ()
    paid_for: str | None = None
    """What the penalty is made of, where there is one."""
    because: str | None = None
    """Why the bound is that without; None where it is the other."""

    @property
    def limits(self) -> NDArray[np.float64]:
        """(E,) those whose mean is the bound."""
        if self.with_penalty is None or self.because is not None:
            return self.without
        return self.with_penalty

    def missing(self, one: Played) -> NDArray[np.float64]:
        """(E,) what a policy lacks to the bound, the penalty being paid where one was fitted: at least 0, but of a rack
        whose planner is not told the loads, where only the mean is.
        """
        if self.certified is None or self.because is not None:
            return self.limits - one.gained
        return self.certified.bounds - one.kept(self.certified)
