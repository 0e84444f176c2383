"""The cross-entropy method: a Gaussian over parameters, moved towards the best of what it draws."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class CrossEntropySettings:
    """How it searches (Rubinstein and Kroese 2004, ch. 4; the lower limit on the deviation: Szita and Lőrincz 2006)."""

    population: int = 24
    """Candidates of a generation."""
    elites: int = 6
    """The best of them, which the Gaussian is fitted to."""
    step: float = 0.5
    """How far the Gaussian moves to the fit, in 0..1."""
    first_deviation: float = 0.15
    """Standard deviation of every parameter at the start."""
    least_deviation: float = 0.02
    """It never falls below, so that the search does not come to rest too early."""

    def __post_init__(self) -> None:
        if not 2 <= self.elites <= self.population:
            raise ValueError(f"elites = {self.elites}: must be at least 2 and at most population = {self.population}")
        if not 0.0 < self.step <= 1.0:
            raise ValueError(f"step = {self.step}: must be greater than 0 and at most 1")
        if not 0.0 < self.least_deviation <= self.first_deviation:
            raise ValueError(f"least_deviation = {self.least_deviation}: must be in 0..first_deviation and not 0")


def check_generations(settings: Any) -> None:
    """Raises ValueError for counts of a search by generations that are not positive."""
    for name in ("generations", "episodes", "validate_every", "validation_episodes"):
        if getattr(settings, name) < 1:
            raise ValueError(f"{name} = {getattr(settings, name)}: must be at least 1")


class CrossEntropy:
    """A search for the highest score: `ask` for candidates, `tell` their scores, and so on; `mean` is the answer."""

    def __init__(self, mean: NDArray[np.float64], settings: CrossEntropySettings, rng: np.random.Generator) -> None:
        self.mean = np.array(mean, dtype=np.float64)
        self.deviation = np.full(self.mean.shape, settings.first_deviation)
        self._settings, self._rng = settings, rng

    def ask(self) -> NDArray[np.float64]:
        """Candidates, (population, parameters); the first is the mean."""
        noise = self._rng.standard_normal((self._settings.population, len(self.mean)))
        noise[0] = 0.0
        return self.mean + self.deviation * noise

    def tell(self, candidates: NDArray[np.float64], scores: NDArray[np.float64]) -> None:
        """Move towards the elites. Raises ValueError when there is not one finite score per candidate."""
        if scores.shape != (len(candidates),) or not np.isfinite(scores).all():
            raise ValueError(f"scores of shape {scores.shape}: must be one finite number per candidate")
        step = self._settings.step
        elites = candidates[np.argsort(-scores, kind="stable")[: self._settings.elites]]
        self.mean = (1.0 - step) * self.mean + step * elites.mean(axis=0)
        variance = (1.0 - step) * self.deviation**2 + step * ((elites - self.mean) ** 2).mean(axis=0)
        self.deviation = np.maximum(np.sqrt(variance), self._settings.least_deviation)
