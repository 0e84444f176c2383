"""What every kind of path loss is: settings of a scenario that draw users' attenuation."""

from __future__ import annotations

import math
from abc import abstractmethod
from typing import ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.radio.draws import Draws
from edge_llm_env.support.section import Section


class Attenuation(NamedTuple):
    """Path loss and shadowing of U users."""

    gain: NDArray[np.float64]
    """(U,) linear power gain, at most 1."""
    line_of_sight: NDArray[np.bool_]
    """(U,) who sees the base station; all do where the model does not say."""


class PathLoss(Section):
    """A kind of path loss; its `kind`, a literal, is its name in scenarios."""

    carrier_range_hz: ClassVar[tuple[float, float] | None] = None
    """Carriers that the model is made for; None for any."""
    distance_range_m: ClassVar[tuple[float, float] | None] = None
    """Distances that the model is made for; None for any."""

    kind: str

    @property
    def nearest_m(self) -> float:
        """Distance (m) within which the model's loss, without shadowing, would be a gain."""
        return 0.0

    @abstractmethod
    def draw(self, draws: Draws, distance_m: NDArray[np.float64], carrier_hz: float) -> Attenuation:
        """The attenuation of users at those distances, of shape (users,)."""

    @abstractmethod
    def usual_gain(self, distance_m: NDArray[np.float64], carrier_hz: float) -> NDArray[np.float64]:
        """Mean linear power gain of all users at those distances (m), of shape (users,)."""


def gain_of_loss(loss_db: NDArray[np.float64]) -> NDArray[np.float64]:
    """Linear power gain 10^(-L/10) of a loss in dB, L no less than 0."""
    return np.asarray(10.0 ** (-np.maximum(loss_db, 0.0) / 10.0), dtype=np.float64)


def mean_of_shadowing(deviation_db: float) -> float:
    """Mean linear gain of log-normal shadowing, exp((σ·ln 10 / 10)² / 2) for a standard deviation σ in dB."""
    return math.exp((deviation_db * math.log(10.0) / 10.0) ** 2 / 2.0)
