"""`Simulation`: rows of one scenario, and the Python side of loading tapes into them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.dynamics.state import COUNTERS, Rows, allocate, constants_of
from edge_llm_env.scenarios.schema import Scenario
from edge_llm_env.workload.tape import Workload

_TAPE_FIELDS = (
    "arrival_s",
    "prompt_tokens",
    "output_tokens",
    "latency_requirement_s",
    "accuracy_requirement",
    "uplink_gain",
    "downlink_gain",
)


class Simulation:
    """State of `rows` environments of one scenario; kernels step `constants` and `rows`, this class loads them."""

    def __init__(
        self, scenario: Scenario, rows: int, *, hosts_variants: bool = False, keeps_split: bool = False
    ) -> None:
        self.scenario = scenario
        self.constants = constants_of(scenario, hosts_variants=hosts_variants, keeps_split=keeps_split)
        self.divided_modules = scenario.node.modules if hosts_variants else 0
        self.slots = scenario.epoch.visible_slots
        expected = scenario.workload.arrivals.mean_rate_per_s * scenario.horizon_s
        capacity = int(expected + 6 * np.sqrt(expected)) + 1
        self.rows: Rows = allocate(rows, capacity, scenario.fading_blocks, self.slots, self.divided_modules)

    def load(self, row: int, workload: Workload) -> None:
        """Put a tape on a row; its episode begins with `begin_episode`."""
        self._store(row, [getattr(workload, name) for name in _TAPE_FIELDS])

    def copy_tape(self, row: int, source: Simulation, source_row: int) -> None:
        """Put the tape that a row of another simulation holds on a row of this one, as `load` does."""
        count = source.rows.requests[source_row]
        self._store(row, [getattr(source.rows, name)[source_row, :count] for name in _TAPE_FIELDS])

    def _store(self, row: int, arrays: list[NDArray]) -> None:
        """Put the arrays of a tape (_TAPE_FIELDS) on a row."""
        count, blocks = arrays[-1].shape
        self._make_room(count, blocks)
        self.rows.requests[row] = count
        for name, given in zip(_TAPE_FIELDS, arrays, strict=True):
            stored = getattr(self.rows, name)[row]
            if stored.ndim == 1:
                stored[:count] = given
            else:
                stored[:count, :blocks] = given
                stored[:count, blocks:] = given[:, -1:]

    def _make_room(self, requests: int, tape_blocks: int) -> None:
        """Grow the arrays when a tape has more requests or more fading blocks than any before."""
        capacity, blocks = self.rows.uplink_gain.shape[1:]
        if requests <= capacity and tape_blocks <= blocks:
            return
        grown = allocate(
            len(self.rows.requests),
            max(requests, 2 * capacity),
            max(tape_blocks, blocks),
            self.slots,
            self.divided_modules,
        )
        for name, old in self.rows._asdict().items():
            new = getattr(grown, name)
            new[tuple(slice(0, size) for size in old.shape)] = old
            if old.ndim == 3:
                new[:, :capacity, blocks:] = old[:, :, -1:]
        self.rows = grown

    def counters(self, row: int) -> dict[str, int]:
        """Counters of a row by name (COUNTERS)."""
        return dict(zip(COUNTERS, self.rows.counters[row].tolist(), strict=True))

    def utilisation_mean(self) -> NDArray[np.float64]:
        """Mean utilisation over the batches dispatched so far, shape (rows, RESOURCES); 0 before the first."""
        epochs = self.rows.counters[:, COUNTERS.index("epochs")]
        return self.rows.utilisation_sum / np.maximum(epochs, 1)[:, None]
