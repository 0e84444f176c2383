"""What every kind of path loss is: settings of a scenario that draw users' attenuation."""

from __future__ import annotations

import math
from abc import abstractmethod
from typing import ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.radio.draws import Draws
from edge_llm_env.support import elementary
from edge_llm_env.support.naming import shown
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
    along_roads: ClassVar[bool] = False
    """It can follow users who move: `draw_along` and `along_road_db`."""

    kind: str

    @property
    def nearest_m(self) -> float:
        """Distance (m) within which the model's loss, without shadowing, would be a gain."""
        return 0.0

    @abstractmethod
    def draw(self, draws: Draws, distance_m: NDArray[np.float64], carrier_hz: float) -> Attenuation:
        """The attenuation of users at those distances, of shape (users,)."""

    def draw_along(self, distance_m: NDArray[np.float64], shadowing: NDArray[np.float64]) -> Attenuation:
        """The attenuation of users who move, at distances (m) of shape (users, blocks).

        `shadowing`, of that shape, is in standard deviations.
        """
        raise NotImplementedError(f"path_loss.kind = {shown(self.kind)}: follows nobody along a road")

    @property
    def along_road_db(self) -> float:
        """Standard deviation of shadowing along a road (dB)."""
        raise NotImplementedError(f"path_loss.kind = {shown(self.kind)}: follows nobody along a road")

    @abstractmethod
    def usual_gain(self, distance_m: NDArray[np.float64], carrier_hz: float) -> NDArray[np.float64]:
        """Mean linear power gain of all users at those distances (m), of the shape of these."""


def gain_of_loss(loss_db: NDArray[np.float64]) -> NDArray[np.float64]:
    """Linear power gain 10^(-L/10) of a loss in dB, L no less than 0."""
    return elementary.power(10.0, -np.maximum(loss_db, 0.0) / 10.0)


def mean_of_shadowing(deviation_db: float) -> float:
    """Mean linear gain of log-normal shadowing, exp((σ·ln 10 / 10)² / 2) for a standard deviation σ in dB."""
    return math.exp(variance_of_shadowing(deviation_db) / 2.0)


def variance_of_shadowing(deviation_db: float) -> float:
    """Variance of the natural logarithm of log-normal shadowing of a standard deviation in dB."""
    return (deviation_db * math.log(10.0) / 10.0) ** 2
