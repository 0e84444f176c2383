"""A penalty by arrivals: what a request that waits is worth falls with what arrives beside it, and weights say how."""

from __future__ import annotations

from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from edge_llm_baselines.certificates.arrivals import LOADS, URGENT_LOADS, ArrivalSignals
from edge_llm_baselines.certificates.waiting import Waiting

OF_REQUEST = 10
"""Factors of a request that waits, known an epoch before."""

WEIGHTS = OF_REQUEST * (5 + len(LOADS) + len(URGENT_LOADS))
"""A weight for each factor and each number of `ArrivalSignals`."""


class Penalty(Protocol):
    """Anything that makes differences of waiting."""

    def differences(self, waiting: Waiting) -> NDArray[np.float64]:
        """(w,) a number known when the epoch begins, of expectation 0 an epoch before; 0 where a request arrives."""
        ...


class NoPenalty:
    """Nothing is paid for knowing the future: the bound is hindsight's."""

    def differences(self, waiting: Waiting) -> NDArray[np.float64]:
        """(w,) zeros: nothing is paid for a request that waits."""
        return np.zeros(len(waiting.epoch))


class ArrivalPenalty(NamedTuple):
    """W(i, e) = Σ_{g, m} θ_{g,m} · g(i, e) · number_m of the arrivals of epoch e, and the penalty W - E[W].

    A value function additive over the requests that wait: each is worth more or less as what arrives beside it is
    little or much. g is known an epoch before, and arrivals are independent of all before them, so that
    E[W | before] = Σ θ·g·E[number_m].
    """

    signals: ArrivalSignals
    weights: NDArray[np.float64]
    """(WEIGHTS,) θ."""

    def differences(self, waiting: Waiting) -> NDArray[np.float64]:
        """W - E[W] of everybody who waits."""
        return products(self.signals, waiting) @ self.weights


def products(signals: ArrivalSignals, waiting: Waiting) -> NDArray[np.float64]:
    """(w, WEIGHTS): the difference that each weight stands for, 0 where a request arrives."""
    surprise = signals.surprise(waiting)
    before = np.vstack([np.zeros((1, surprise.shape[1])), surprise[:-1]])[waiting.epoch]
    margin = signals.margins(waiting)
    size = waiting.alone_s / signals.mean_alone_s
    next_epoch, second = np.clip(margin, 0.0, 1.0), np.clip(margin - 1.0, 0.0, 1.0)
    factors = np.stack(
        [
            np.ones(len(margin)),
            next_epoch,
            second,
            size,
            size * next_epoch,
            size * size,
            before[:, 0],
            next_epoch * before[:, 0],
            size * before[:, 0],
            before[:, 1],
        ],
        axis=1,
    )
    factors[waiting.arrives] = 0.0
    return (factors[:, :, None] * surprise[waiting.epoch][:, None, :]).reshape(len(margin), WEIGHTS)
