"""`Simulation`: rows of one scenario, and the Python side of loading workloads into them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.dynamics.params import node_params
from edge_llm_env.dynamics.state import COUNTERS, NodeState, allocate
from edge_llm_env.scenarios.schema import Scenario
from edge_llm_env.workload.workload import Workload

_WORKLOAD_FIELDS = (
    "arrival_s",
    "prompt_tokens",
    "output_tokens",
    "latency_requirement_s",
    "accuracy_requirement",
    "uplink_gain",
    "downlink_gain",
)


class Simulation:
    """State of `rows` environments of one scenario; kernels step `params` and `state`, this class loads them."""

    def __init__(
        self, scenario: Scenario, rows: int, *, hosts_variants: bool = False, keeps_split: bool = False
    ) -> None:
        self.scenario = scenario
        self.params = node_params(scenario, hosts_variants=hosts_variants, keeps_split=keeps_split)
        self.divided_modules = scenario.node.modules if hosts_variants else 0
        self.slots = scenario.epoch.visible_slots
        expected = scenario.workload.arrivals.mean_rate_per_s * scenario.horizon_s
        capacity = int(expected + 6 * np.sqrt(expected)) + 1
        self.state: NodeState = allocate(rows, capacity, scenario.fading_blocks, self.slots, self.divided_modules)

    def load(self, row: int, workload: Workload) -> None:
        """Put a workload on a row; its episode begins with `begin_episode`."""
        self._store(row, [getattr(workload, name) for name in _WORKLOAD_FIELDS])

    def copy_workload(self, row: int, source: Simulation, source_row: int) -> None:
        """Put the workload that a row of another simulation holds on a row of this one, as `load` does."""
        count = source.state.requests[source_row]
        self._store(row, [getattr(source.state, name)[source_row, :count] for name in _WORKLOAD_FIELDS])

    def _store(self, row: int, arrays: list[NDArray]) -> None:
        """Put the arrays of a workload (_WORKLOAD_FIELDS) on a row."""
        count, blocks = arrays[-1].shape
        self._make_room(count, blocks)
        self.state.requests[row] = count
        for name, given in zip(_WORKLOAD_FIELDS, arrays, strict=True):
            stored = getattr(self.state, name)[row]
            if stored.ndim == 1:
                stored[:count] = given
            else:
                stored[:count, :blocks] = given
                stored[:count, blocks:] = given[:, -1:]

    def _make_room(self, requests: int, workload_blocks: int) -> None:
        """Grow the arrays when a workload has more requests or more fading blocks than any before."""
        capacity, blocks = self.state.uplink_gain.shape[1:]
        if requests <= capacity and workload_blocks <= blocks:
            return
        grown = allocate(
            len(self.state.requests),
            max(requests, 2 * capacity),
            max(workload_blocks, blocks),
            self.slots,
            self.divided_modules,
        )
        for name, old in self.state._asdict().items():
            new = getattr(grown, name)
            new[tuple(slice(0, size) for size in old.shape)] = old
            if old.ndim == 3:
                new[:, :capacity, blocks:] = old[:, :, -1:]
        self.state = grown

    def counters(self, row: int) -> dict[str, int]:
        """Counters of a row by name (COUNTERS)."""
        return dict(zip(COUNTERS, self.state.counters[row].tolist(), strict=True))

    def utilisation_mean(self) -> NDArray[np.float64]:
        """Mean utilisation over the batches dispatched so far, shape (rows, RESOURCES); 0 before the first."""
        epochs = self.state.counters[:, COUNTERS.index("epochs")]
        return self.state.utilisation_sum / np.maximum(epochs, 1)[:, None]
