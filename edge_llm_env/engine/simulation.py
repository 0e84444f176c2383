"""`EngineSimulation`: rows of one scenario, and the Python side of loading workloads into them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.engine.beginning import put_on_rows
from edge_llm_env.engine.params import KNOWN, PREDICTED, EngineParams, engine_params
from edge_llm_env.engine.state import COUNTERS, PER_REQUEST, EngineState, allocate
from edge_llm_env.scenarios.schema import Scenario
from edge_llm_env.support.calling import direct
from edge_llm_env.workload.generator import Drawn
from edge_llm_env.workload.workload import Workload


class EngineSimulation:
    """State of `rows` environments of one scenario; kernels step `params` and `state`, this class loads them."""

    counter_names: tuple[str, ...] = COUNTERS
    per_request: tuple[str, ...] = PER_REQUEST

    def __init__(self, scenario: Scenario, rows: int) -> None:
        self.scenario = scenario
        self.params: EngineParams = engine_params(scenario)
        self.slots = self.params.waiting_slots
        expected = scenario.expected_requests
        actions = 2 * self.slots + self.params.running_slots + len(self.params.budgets)
        self.state: EngineState = allocate(
            rows, int(expected + 6 * np.sqrt(expected)) + 1, self.slots, self.params.running_slots, actions
        )

    def load(self, row: int, workload: Workload) -> None:
        """Put a workload on a row, as a copy; its episode begins with `begin_episode`."""
        self.load_rows(np.array([row]), Drawn([workload.requests], workload))

    def load_rows(self, rows: NDArray[np.intp], drawn: Drawn) -> None:
        """Put a workload on each of those rows, as `load` does."""
        workload = drawn.joined
        if workload.task is not None and self.params.tasks is None:
            raise ValueError("workload task: must be left out, the scenario's requests are on their own")
        self._make_room(max(drawn.requests))
        direct(put_on_rows)(
            self.params,
            self.state,
            rows,
            np.array(drawn.requests),
            np.ascontiguousarray(workload.arrival_s, dtype=np.float64),
            np.ascontiguousarray(workload.prompt_tokens, dtype=np.int64),
            np.ascontiguousarray(workload.output_tokens, dtype=np.int64),
            told_tokens(self.params, workload),
            self.scenario.iterations.class_of(workload.latency_requirement_s),
            np.ascontiguousarray(workload.uplink_gain[:, 0], dtype=np.float64),
            np.ascontiguousarray(workload.downlink_gain[:, 0], dtype=np.float64),
        )

    def has_room_for(self, drawn: Drawn) -> bool:
        """Whether `load_rows` would leave the arrays of the other rows where they are."""
        return max(drawn.requests) <= self.state.status.shape[1]

    def _make_room(self, requests: int) -> None:
        """Grow the arrays when a workload has more requests than any before."""
        rows, had = self.state.status.shape
        if requests > had:
            room = max(requests, 2 * had)
            for name in self.per_request:  # one by one, so that only one is there twice
                old = getattr(self.state, name)
                grown = np.zeros((rows, room, *old.shape[2:]), dtype=old.dtype)
                grown[:, :had] = old
                self.state = self.state._replace(**{name: grown})

    def counters(self, row: int) -> dict[str, int]:
        """Counters of a row by name."""
        return dict(zip(self.counter_names, self.state.counters[row].tolist(), strict=True))

    def utilisation_mean(self) -> NDArray[np.float64]:
        """Mean utilisation over the time that has passed, shape (rows, RESOURCES); 0 before any has."""
        return self.state.utilisation_sum / np.maximum(self.state.now_s, 1e-300)[:, None]


def told_tokens(params: EngineParams, workload: Workload) -> NDArray[np.int64]:
    """Output tokens that the agent is told of each request, shape (N,): the length, a class of it, or 0.

    A predicted class is the power of two next to the length times 2^e, e uniform within the scenario's error: drawn
    from a hash of the request's arrival time, so that everybody is told the same of a workload.
    """
    if params.lengths == KNOWN:
        return np.ascontiguousarray(workload.output_tokens, dtype=np.int64)
    if params.lengths != PREDICTED:
        return np.zeros(workload.requests, dtype=np.int64)
    errors = params.prediction_error * (2.0 * uniform_hash(workload.arrival_s) - 1.0)
    octaves = np.rint(np.log2(workload.output_tokens) + errors)
    return np.exp2(np.clip(octaves, 0.0, 30.0)).astype(np.int64)


def uniform_hash(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Numbers in 0..1 that look uniform, from the bits of others: the last two steps of SplitMix64.

    Steele, Lea, Flood: Fast splittable pseudorandom number generators (OOPSLA 2014), figure 13.
    """
    bits = np.ascontiguousarray(values, dtype=np.float64).view(np.uint64)
    bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.ldexp(((bits ^ (bits >> np.uint64(31))) >> np.uint64(11)).astype(np.float64), -53)
