"""Rules that smooth what is seen: own load with its trend, with what feeder cells count, or for the best groups."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_llm_baselines.racks.economics import profits
from edge_llm_baselines.racks.policy import RackRule
from edge_llm_env.rack.state import N_EPOCHS

ANY = -1
"""Of a rule that chooses the size itself."""


class Trend(RackRule):
    """Exponential smoothing of level and trend (Holt 1957, in International Journal of Forecasting 20(1), 2004).

    Modules for `margin` times the load that is expected when a module switched on now has started.
    """

    def __init__(self, env: Any, level: float, trend: float, margin: float) -> None:
        super().__init__(env)
        self._weights, self._margin = (level, trend), margin
        self._level, self._trend = np.zeros(len(self._rows)), np.zeros(len(self._rows))

    def begin(self, rows: NDArray[np.bool_]) -> None:
        """The first load is the level."""
        self._level[rows] = self.arrived()[rows]
        self._trend[rows] = 0.0

    def wanted(self) -> NDArray[np.int64]:
        """(R,) how many modules each row should have on."""
        level, trend = self._weights
        before = self._level
        self._level = level * self.arrived() + (1.0 - level) * (before + self._trend)
        self._trend = trend * (self._level - before) + (1.0 - trend) * self._trend
        expected = np.maximum(0.0, self._level + self.money.start_epochs * self._trend)
        return np.ceil(self._margin * expected - 1e-9).astype(np.int64)


class OwnAndFeeders(RackRule):
    """A smoothed own load, a constant, and what all feeder cells together counted some epochs ago, smoothed.

    What has left the feeder cells departs for here, so that what they counted a while ago is what comes; which of them
    and when each is not told, and this rule takes all alike. A number of modules is kept for `kept_epochs` before it
    falls.
    """

    def __init__(
        self,
        env: Any,
        smoothed: float,
        own: float,
        constant: float,
        feeders: float,
        lag_epochs: int,
        kept_epochs: int,
    ) -> None:
        super().__init__(env)
        self._smoothed, self._own, self._constant = smoothed, own, constant
        self._feeders, self._lag_epochs, self._kept_epochs = feeders, lag_epochs, kept_epochs
        rows = len(self._rows)
        self._level, self._counted = np.zeros(rows), np.zeros(rows)
        self._on, self._fallen = np.zeros(rows, dtype=np.int64), np.zeros(rows, dtype=np.int64)

    def begin(self, rows: NDArray[np.bool_]) -> None:
        """The first load is the level."""
        self._level[rows] = self.arrived()[rows]
        self._counted[rows] = 0.0
        self._on[rows] = 0
        self._fallen[rows] = 0

    def wanted(self) -> NDArray[np.int64]:
        """(R,) how many modules each row should have on."""
        self._level += self._smoothed * (self.arrived() - self._level)
        seen = self.counted(self._lag_epochs).sum(axis=1) / (self.params.count_scale / 2.0)
        self._counted += self._smoothed * (seen - self._counted)
        expected = self._own * self._level + self._constant + self._feeders * self._counted
        desired = np.clip(np.ceil(expected - 1e-9), 0, self.params.modules).astype(np.int64)
        self._fallen = np.where(desired < self._on, self._fallen + 1, 0)
        falls = self._fallen > self._kept_epochs
        self._on = np.where((desired >= self._on) | falls, desired, self._on)
        self._fallen[falls] = 0
        return self._on


class Grouped(RackRule):
    """Modules, and their size of groups, that earn most of `margin` times the smoothed load of each epoch.

    The size is that at `place`, or chosen: a new one where what it earns more in `payback_epochs` exceeds what starting
    all modules anew costs. A number of modules is kept for `kept_epochs` before it falls.
    """

    def __init__(
        self, env: Any, smoothed: float, margin: float, kept_epochs: int, place: int, payback_epochs: float
    ) -> None:
        super().__init__(env)
        self._smoothed, self._margin, self._place, self._payback_epochs = smoothed, margin, place, payback_epochs
        params = self.params
        loads = np.arange(2 * params.capacity + 1)
        worth = np.stack([profits(params, loads, size) for size in params.group_sizes.tolist()])
        worth -= self.money.idle_price * np.arange(params.modules + 1)
        self._modules = worth.argmax(axis=2)
        """(S, loads) that earn most in the long run."""
        self._worth = worth.max(axis=2)
        rows = len(self._rows)
        self._level, self._chosen = np.zeros(rows), np.zeros(rows, dtype=np.int64)
        self._recent = np.zeros((kept_epochs + 1, rows), dtype=np.int64)

    def begin(self, rows: NDArray[np.bool_]) -> None:
        """The first load is the level."""
        self._level[rows] = self._arrived()[rows]
        self._recent[:, rows] = 0

    def wanted(self) -> NDArray[np.int64]:
        """(R,) how many modules each row should have on."""
        self._level += self._smoothed * (self._arrived() - self._level)
        load = np.minimum(np.ceil(self._margin * self._level - 1e-9), self._worth.shape[1] - 1).astype(np.int64)
        now = self.places()
        self._chosen = np.full_like(now, self._place)
        if self._place == ANY:
            best = self._worth[:, load].argmax(axis=0)
            more = self._worth[best, load] - self._worth[now, load]
            start = self._worth[now, load] + self.money.idle_price * self._modules[best, load]
            pays = more * self._payback_epochs > start * self.money.start_epochs
            self._chosen = np.where(pays, best, now)
        self._recent = np.roll(self._recent, 1, axis=0)
        self._recent[0] = self._modules[self._chosen, load]
        kept: NDArray[np.int64] = self._recent.max(axis=0)
        return kept

    def wanted_places(self) -> NDArray[np.int64]:
        """(R,) which of the group sizes each row should have, by its place among them."""
        return self._chosen

    def _arrived(self) -> NDArray[np.float64]:
        """(R,) requests that arrived in the epoch that has ended."""
        arrived = self.state.arrived_in[self._rows, self.state.counters[:, N_EPOCHS]]
        return arrived.astype(np.float64)
