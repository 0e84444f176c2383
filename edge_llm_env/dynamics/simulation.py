"""`Simulation`: rows of one scenario, and the Python side of loading workloads into them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.dynamics.params import node_params
from edge_llm_env.dynamics.state import COUNTERS, NOT_ARRIVED, NodeState, allocate
from edge_llm_env.scenarios.schema import Scenario
from edge_llm_env.workload.workload import Workload

_PER_REQUEST = ("arrival_s", "prompt_tokens", "output_tokens", "latency_requirement_s", "accuracy_requirement")
"""What `NodeState` keeps of a workload beside its gains."""


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
        directions = 1 if scenario.radio.reciprocal_fading else 2
        self.state: NodeState = allocate(
            rows, capacity, directions, scenario.fading_blocks, self.slots, self.divided_modules
        )

    def load(self, row: int, workload: Workload) -> None:
        """Put a workload on a row, as a copy; its episode begins with `begin_episode`."""
        uplink, downlink = workload.uplink_gain, workload.downlink_gain
        alike = uplink is downlink or (self.state.gain.shape[2] == 1 and np.array_equal(uplink, downlink))
        per_request = [getattr(workload, name) for name in _PER_REQUEST]
        self._store(row, per_request, (uplink,) if alike else (uplink, downlink))

    def copy_workload(self, row: int, source: Simulation, source_row: int) -> None:
        """Put the workload that a row of another simulation holds on a row of this one, as `load` does."""
        state, count = source.state, source.state.requests[source_row]
        per_request = [getattr(state, name)[source_row, :count] for name in _PER_REQUEST]
        gains = tuple(state.gain[source_row, :count, direction] for direction in range(state.gain.shape[2]))
        self._store(row, per_request, gains)

    def has_room_for(self, workload: Workload) -> bool:
        """Whether `load` would leave the arrays of the other rows where they are."""
        _, capacity, directions, blocks = self.state.gain.shape
        return (
            workload.requests <= capacity
            and workload.uplink_gain.shape[1] <= blocks
            and (directions == 2 or workload.uplink_gain is workload.downlink_gain)
        )

    def _store(self, row: int, per_request: list[NDArray], gains: tuple[NDArray, ...]) -> None:
        """Put the arrays of a workload (_PER_REQUEST) and its gains, one or one for each direction, on a row."""
        count, blocks = gains[0].shape
        self._make_room(count, len(gains), blocks)
        state = self.state
        state.status[row, count : state.requests[row]] = NOT_ARRIVED  # of the last workload, if that was longer
        state.requests[row] = count
        for name, given in zip(_PER_REQUEST, per_request, strict=True):
            getattr(state, name)[row, :count] = given
        for direction in range(state.gain.shape[2]):
            stored, given = state.gain[row, :count, direction], gains[min(direction, len(gains) - 1)]
            stored[:, :blocks] = given
            if blocks < stored.shape[1]:
                stored[:, blocks:] = given[:, -1:]

    def _make_room(self, requests: int, directions: int, blocks: int) -> None:
        """Grow the arrays when a workload has more requests, directions or fading blocks than any before."""
        rows, had_requests, had_directions, had_blocks = self.state.gain.shape
        if requests > had_requests:
            room = max(requests, 2 * had_requests)
            for name in (*_PER_REQUEST, "status", "gain"):  # one by one, so that only one is there twice
                old = getattr(self.state, name)
                grown = np.zeros((rows, room, *old.shape[2:]), dtype=old.dtype)
                grown[:, :had_requests] = old
                self.state = self.state._replace(**{name: grown})
        if directions > had_directions or blocks > had_blocks:
            old = self.state.gain
            gain = np.zeros((*old.shape[:2], max(directions, had_directions), max(blocks, had_blocks)))
            gain[..., :had_blocks] = old
            gain[..., had_blocks:] = old[..., -1:]
            self.state = self.state._replace(gain=gain)

    def counters(self, row: int) -> dict[str, int]:
        """Counters of a row by name (COUNTERS)."""
        return dict(zip(COUNTERS, self.state.counters[row].tolist(), strict=True))

    def utilisation_mean(self) -> NDArray[np.float64]:
        """Mean utilisation over the batches dispatched so far, shape (rows, RESOURCES); 0 before the first."""
        epochs = self.state.counters[:, COUNTERS.index("epochs")]
        return self.state.utilisation_sum / np.maximum(epochs, 1)[:, None]
