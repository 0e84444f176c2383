"""`RackSimulation`: rows of one scenario, and the Python side of loading workloads into them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.rack.params import RackParams, rack_params
from edge_llm_env.rack.state import COUNTERS, NOT_ARRIVED, PER_REQUEST, RackState, allocate
from edge_llm_env.scenarios.schema import Scenario
from edge_llm_env.workload.generator import Drawn
from edge_llm_env.workload.workload import Workload


class RackSimulation:
    """State of `rows` environments of one scenario; kernels step `params` and `state`, this class loads them."""

    counter_names = COUNTERS
    per_request = PER_REQUEST

    def __init__(self, scenario: Scenario, rows: int) -> None:
        self.scenario = scenario
        self.params: RackParams = rack_params(scenario)
        self.slots = scenario.epoch.visible_slots
        expected = scenario.workload.arrivals.mean_rate_per_s * scenario.horizon_s
        self.state: RackState = allocate(rows, int(expected + 6 * np.sqrt(expected)) + 1, self.params)

    def load(self, row: int, workload: Workload) -> None:
        """Put a workload on a row, as a copy; its episode begins with `begin_episode`.

        Raises ValueError for counts at feeder cells of other periods or feeders than the scenario's.
        """
        self.load_rows(np.array([row]), Drawn([workload.requests], workload))

    def load_rows(self, rows: NDArray[np.intp], drawn: Drawn) -> None:
        """Put a workload on each of those rows, as `load` does."""
        workload, params = drawn.joined, self.params
        counts = self._counts(workload, len(drawn.requests))
        self._make_room(max(drawn.requests))
        suits = (
            (workload.accuracy_requirement <= params.offered_accuracy)
            & (workload.prompt_tokens <= params.longest_prompt_tokens)
            & (workload.output_tokens <= params.longest_output_tokens)
        )
        first = 0
        for at, (row, count) in enumerate(zip(rows.tolist(), drawn.requests, strict=True)):
            mine = slice(first, first + count)
            self.state.requests[row] = count
            self.state.arrival_s[row, :count] = workload.arrival_s[mine]
            self.state.due_s[row, :count] = workload.arrival_s[mine] + workload.latency_requirement_s[mine]
            self.state.output_tokens[row, :count] = workload.output_tokens[mine]
            self.state.served_at_all[row, :count] = suits[mine]
            self.state.status[row, :] = NOT_ARRIVED
            self.state.feeder_counts[row] = counts[at]
            first += count

    def has_room_for(self, drawn: Drawn) -> bool:
        """Whether `load_rows` would leave the arrays of the other rows where they are."""
        return max(drawn.requests) <= self.state.status.shape[1]

    def _counts(self, workload: Workload, episodes: int) -> NDArray[np.integer]:
        """Counts at feeder cells of several episodes, (episodes, T + 1, F); none where a workload has none."""
        shape = (episodes, *self.state.feeder_counts.shape[1:])
        given = workload.feeder_counts
        if given is None or self.params.feeders == 0:
            return np.zeros(shape, dtype=np.int32)
        if given.shape != (shape[0] * shape[1], shape[2]):
            raise ValueError(
                f"workload feeder_counts has shape {given.shape}: must be {shape[1:]}, an entry per epoch and feeder"
            )
        return given.reshape(shape)

    def _make_room(self, requests: int) -> None:
        """Grow the arrays when a workload has more requests than any before."""
        rows, had = self.state.status.shape
        if requests > had:
            room = max(requests, 2 * had)
            for name in PER_REQUEST:
                old = getattr(self.state, name)
                grown = np.zeros((rows, room), dtype=old.dtype)
                grown[:, :had] = old
                self.state = self.state._replace(**{name: grown})

    def counters(self, row: int) -> dict[str, int]:
        """Counters of a row by name."""
        return dict(zip(COUNTERS, self.state.counters[row].tolist(), strict=True))

    def utilisation_mean(self) -> NDArray[np.float64]:
        """Mean utilisation over the epochs so far, shape (rows, RESOURCES); 0 before the first."""
        epochs = self.state.counters[:, COUNTERS.index("epochs")]
        return self.state.utilisation_sum / np.maximum(epochs, 1)[:, None]
