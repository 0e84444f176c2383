"""What residuals of one machine tell of each other: their best linear prediction (kriging; Cressie, 1993, chapter 3).

A residual is the logarithm of a measured to a predicted time. On one machine those of one phase have two parts in
common: all of one decoder and precision, and more the nearer batches and contexts are.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.linalg import lstsq

REACH = 3.0
"""Ratio of batches, or of contexts, in logarithms, at which the second part has fallen to 1/e: some 20 times.

Chosen once by errors on devices left out, which half and twice of it change by less than 0.5 %.
"""


def decode_phase(batch: int) -> str:
    """What decode of a batch is called: that of one sequence waits for memory, and tells nothing of larger ones."""
    return "decode, batch > 1" if batch > 1 else "decode"


class Place(NamedTuple):
    """Where a time was measured, or is asked about, on some machine."""

    phase: str
    """prefill, or as of `decode_phase`."""
    model: tuple[str, str]
    """Decoder and precision."""
    batch: int
    tokens: int
    """Of a prompt, or at the end of each context."""


class Alike(NamedTuple):
    """Variances of the two parts that residuals of one machine and phase have in common."""

    of_model: float
    of_lengths: float

    def covariance(self, one: Place, other: Place) -> float:
        """The covariance of the residuals of two places: none where the phases differ."""
        shares = shared(one, other)
        return self.of_model * shares[0] + self.of_lengths * shares[1]


def shared(one: Place, other: Place) -> tuple[float, float]:
    """How much of each part of `Alike` two places share, 0..1."""
    if one.phase != other.phase:
        return 0.0, 0.0
    apart = abs(math.log(one.batch / other.batch)) + abs(math.log(one.tokens / other.tokens))
    return float(one.model == other.model), math.exp(-apart / REACH)


def foretold(asked: Place, given: Sequence[Place], residuals: Sequence[float], alike: Alike) -> float:
    """The residual that those of the given places let expect at another one of the same machine.

    Of places that were measured more than once it is their mean.
    """
    among = np.array([[alike.covariance(one, other) for other in given] for one in given])
    with_asked = np.array([alike.covariance(asked, one) for one in given])
    weights = lstsq(among, with_asked)[0]  # not unique where two places are the same: the smallest
    return float(weights @ np.asarray(residuals))
