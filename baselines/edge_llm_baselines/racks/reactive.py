"""Rules that follow the load: the horizontal pod autoscaler's, and keeping modules alive."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_llm_baselines.racks.policy import RackRule
from edge_llm_env.rack.state import N_ON

TOLERANCE = 0.1
"""Of the horizontal pod autoscaler: no change while load is within 1 ± 0.1 of the target (its default)."""


class Threshold(RackRule):
    """Kubernetes' horizontal pod autoscaler: ⌈on · load / target⌉, its tolerance, and stabilisation of scaling down.

    The metric is what waits, per module that is on. Never below one module. It scales up at once, and down to the
    largest number that it wanted in the last `stabilisation_epochs` (Kubernetes documentation, "Horizontal Pod
    Autoscaling": by default five minutes, here a number that is tuned).
    """

    def __init__(self, env: Any, target: float, stabilisation_epochs: int) -> None:
        super().__init__(env)
        self._target = target
        self._recent = np.ones((stabilisation_epochs + 1, len(self._rows)), dtype=np.int64)

    def begin(self, rows: NDArray[np.bool_]) -> None:
        """Nothing was wanted before."""
        self._recent[:, rows] = 1

    def wanted(self) -> NDArray[np.int64]:
        """(R,) how many modules each row should have on."""
        on = np.maximum(1, self.state.counters[:, N_ON])
        ratio = self.waiting() / (on * self._target)
        desired = np.where(np.abs(ratio - 1.0) <= TOLERANCE, on, np.ceil(on * ratio - 1e-9)).astype(np.int64)
        self._recent = np.roll(self._recent, 1, axis=0)
        self._recent[0] = np.clip(desired, 1, self.params.modules)
        stabilised: NDArray[np.int64] = self._recent.max(axis=0)
        return stabilised


class KeepAlive(RackRule):
    """As many as the load asks for, and a module that has nothing to do is kept for so many epochs."""

    def __init__(self, env: Any, kept_epochs: int) -> None:
        super().__init__(env)
        self._recent = np.zeros((kept_epochs + 1, len(self._rows)), dtype=np.int64)

    def begin(self, rows: NDArray[np.bool_]) -> None:
        """Nothing was asked for before."""
        self._recent[:, rows] = 0

    def wanted(self) -> NDArray[np.int64]:
        """(R,) how many modules each row should have on."""
        self._recent = np.roll(self._recent, 1, axis=0)
        self._recent[0] = np.ceil(self.waiting() - 1e-9)
        kept: NDArray[np.int64] = self._recent.max(axis=0)
        return kept
