"""A penalty for knowing the future: differences of waiting, of mean zero, and what they are made of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from edge_llm_baselines.certificates.clairvoyant.waiting import Waiting
from edge_llm_env.workload.workload import Workload


class Penalty(Protocol):
    """Anything that makes differences of waiting."""

    def differences(self, workload: Workload, waiting: Waiting) -> NDArray[np.float64]:
        """(w,) a number known when the epoch begins, of expectation 0 an epoch before; 0 where a request arrives."""
        ...


class NoPenalty:
    """Nothing is paid for knowing the future: the bound is hindsight's."""

    def differences(self, workload: Workload, waiting: Waiting) -> NDArray[np.float64]:
        """(w,) zeros: nothing is paid for a request that waits."""
        return np.zeros(len(waiting.epoch))


class Source(Protocol):
    """Something that is learned by waiting, told by several numbers."""

    @property
    def size(self) -> int:
        """How many there are."""
        ...

    def products(self, workload: Workload, waiting: Waiting) -> NDArray[np.float64]:
        """(w, size) each number less its expectation an epoch before, times what was known then; 0 on arrival."""
        ...


class WeightedPenalty(NamedTuple):
    """D(i, e) = Σ_k θ_k · (number_k - its expectation an epoch before), of one or several sources."""

    sources: Sequence[Source]
    weights: NDArray[np.float64]
    """(sum of sizes,) θ."""

    def differences(self, workload: Workload, waiting: Waiting) -> NDArray[np.float64]:
        """(w,) of everybody who waits."""
        return products_of(self.sources, workload, waiting) @ self.weights


def products_of(sources: Sequence[Source], workload: Workload, waiting: Waiting) -> NDArray[np.float64]:
    """(w, sum of sizes) those of all sources, side by side."""
    return np.concatenate([source.products(workload, waiting) for source in sources], axis=1)


def multiplied(
    factors: Sequence[NDArray[np.float64]], surprise: NDArray[np.float64], arrives: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """(w, factors · m) every product of a factor (w,) and a surprise (w, m), 0 where a request arrives."""
    known = np.stack(factors, axis=1)
    known[arrives] = 0.0
    return (known[:, :, None] * surprise[:, None, :]).reshape(len(arrives), len(factors) * surprise.shape[1])
