"""`Simulation`: rows of one scenario, and the Python side of loading workloads into them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.dynamics.loading import put_on_rows
from edge_llm_env.dynamics.params import node_params, rule_of
from edge_llm_env.dynamics.state import COUNTERS, NodeState, allocate
from edge_llm_env.feasibility.rule import Rule
from edge_llm_env.scenarios.schema import Scenario
from edge_llm_env.support.calling import direct
from edge_llm_env.workload.generator import Drawn
from edge_llm_env.workload.workload import Workload

_PER_REQUEST = (
    "arrival_s", "prompt_tokens", "output_tokens", "latency_requirement_s", "accuracy_requirement", "request_class",
)  # fmt: skip
"""What `NodeState` keeps of a workload beside its gains."""


class Simulation:
    """State of `rows` environments of one scenario; kernels step `params` and `state`, this class loads them."""

    counter_names: tuple[str, ...] = COUNTERS
    kept_slots = 0
    """Caches that an action can drop, at most."""

    def __init__(
        self,
        scenario: Scenario,
        rows: int,
        *,
        hosts_variants: bool = False,
        keeps_split: bool = False,
        grants_bands: bool = False,
        foresees: bool = False,
    ) -> None:
        self.scenario = scenario
        self.params = node_params(scenario, hosts_variants=hosts_variants, keeps_split=keeps_split, foresees=foresees)
        self.grants_bands = grants_bands
        """Actions grant shares of the bands; without it transfers take the least that suffices."""
        self.divided_modules = scenario.node.modules if hosts_variants else 0
        self.slots = scenario.epoch.visible_slots
        expected = scenario.workload.arrivals.mean_rate_per_s * scenario.horizon_s
        capacity = int(expected + 6 * np.sqrt(expected)) + 1
        directions = 1 if scenario.radio.reciprocal_fading else 2
        self.classes = scenario.workload.class_count
        self.state: NodeState = allocate(
            rows,
            capacity,
            directions,
            scenario.fading_blocks,
            self.slots,
            self.divided_modules,
            foreseen_blocks=(scenario.fading_blocks if self.params.users_move else 1) if foresees else 0,
            carries_over=self.params.carries_over,
            classes=self.classes,
            mixes_images=scenario.mixes_images,
            believes=self.params.believes,
        )

    def rule(self, row: int) -> Rule:
        """The rule of feasibility of a row's next batch."""
        return rule_of(self.params)

    def load(self, row: int, workload: Workload) -> None:
        """Put a workload on a row, as a copy; its episode begins with `begin_episode`."""
        self.load_rows(np.array([row]), Drawn([workload.requests], workload))

    def load_rows(self, rows: NDArray[np.intp], drawn: Drawn) -> None:
        """Put a workload on each of those rows, as `load` does."""
        workload = drawn.joined
        if workload.task is not None and self.counter_names is COUNTERS:
            raise ValueError("workload task: must be left out, the scenario's requests are on their own")
        believed = as_believed(workload) if self.params.believes else workload
        per_request = [getattr(believed, name) for name in _PER_REQUEST]
        self._store(rows, drawn.requests, per_request, self._gains_of(believed))
        self._store_images(rows, drawn)
        if self.params.believes:
            self._store_truth(rows, drawn.requests, workload.output_tokens, self._gains_of(workload))
        if self.params.foresees:
            radio, first = self.scenario.radio, 0
            usual = radio.path_loss.usual_gain(workload.distance_m, radio.carrier_frequency_hz)
            if margin_db := self.scenario.beliefs.gain_margin_db:
                usual = usual * 10.0 ** (-margin_db / 10.0)
            usual = self._in_blocks(usual if usual.ndim == 2 else usual[:, None])
            for row, count in zip(rows.tolist(), drawn.requests, strict=True):
                self.state.usual_gain[row, :count] = usual[first : first + count]
                first += count

    def copy_workload(self, row: int, source: Simulation, source_row: int) -> None:
        """Put the workload that a row of another simulation holds on a row of this one, as `load` does.

        Both must foresee channels, or neither, and be of the same beliefs.
        """
        state, count = source.state, source.state.requests[source_row]
        per_request = [getattr(state, name)[source_row, :count] for name in _PER_REQUEST]
        if source.classes == 1:
            per_request[-1] = np.zeros(count, dtype=np.int8)
        self._store(np.array([row]), [int(count)], per_request, state.gain[source_row, :count].swapaxes(0, 1))
        if self.scenario.mixes_images:
            self.state.has_image[row, :count] = state.has_image[source_row, :count]
        if self.params.foresees:
            self.state.usual_gain[row, :count] = state.usual_gain[source_row, :count]
        if self.params.believes:
            tokens, gains = state.true_output_tokens[source_row, :count], state.true_gain[source_row, :count]
            self._store_truth(np.array([row]), [int(count)], tokens, gains.swapaxes(0, 1))
            self.state.first_output_tokens[row, :count] = state.first_output_tokens[source_row, :count]

    def check_row(self, row: int, *, divided: bool = False) -> None:
        """Raise ValueError where there is no such row, or the modules are not `divided` that must be."""
        rows = len(self.state.requests)
        if not 0 <= row < rows:
            raise ValueError(f"row = {row}: must be in 0..{rows - 1}")
        if divided and not self.divided_modules:
            raise ValueError(
                "simulation: its modules work as one, must be that of an environment which divides them, as Compute-v0"
            )

    @property
    def per_request(self) -> tuple[str, ...]:
        """Arrays of the state that have an entry per request of a row."""
        kept = [name for name in _PER_REQUEST if name != "request_class" or self.classes > 1]
        mixed = ("has_image",) if self.scenario.mixes_images else ()
        foreseen = ("usual_gain",) if self.params.foresees else ()
        sent = ("sent_bits",) if self.params.carries_over else ()
        believed = ("true_gain", "true_output_tokens", "first_output_tokens") if self.params.believes else ()
        return (*kept, "status", "gain", *mixed, *foreseen, *sent, *believed)

    def has_room_for(self, drawn: Drawn) -> bool:
        """Whether `load_rows` would leave the arrays of the other rows where they are."""
        _, capacity, directions, blocks = self.state.gain.shape
        workload = drawn.joined
        return (
            max(drawn.requests) <= capacity
            and workload.uplink_gain.shape[1] <= blocks
            and (directions == 2 or workload.directions_alike)
            and (directions == 2 or workload.believed_uplink_gain is workload.believed_downlink_gain)
        )

    def _in_blocks(self, usual: NDArray[np.float64]) -> NDArray[np.float64]:
        """Usual gains of shape (requests, blocks) in as many blocks as are foreseen: the last stays, more are left."""
        given, blocks = usual.shape[1], self.state.usual_gain.shape[2]
        return usual[:, np.minimum(np.arange(blocks), given - 1)]

    def _gains_of(self, workload: Workload) -> NDArray[np.float64]:
        """Gains of a workload, of shape (D, requests, blocks): D = 1 where both directions are alike."""
        uplink, downlink = workload.uplink_gain, workload.downlink_gain
        if uplink is downlink or (self.state.gain.shape[2] == 1 and np.array_equal(uplink, downlink)):
            return uplink[None]
        return np.stack((uplink, downlink))

    def _store(
        self, rows: NDArray[np.intp], requests: list[int], per_request: list[NDArray], gains: NDArray[np.float64]
    ) -> None:
        """Put the arrays of workloads (_PER_REQUEST) and their gains, of shape (D, requests, blocks), on rows."""
        self.make_room(max(requests), gains.shape[0], gains.shape[2])
        classes = per_request[_PER_REQUEST.index("request_class")]
        if classes.size and classes.max() >= self.classes:
            raise ValueError(
                f"workload request_class = {classes.max()}: must be less than the scenario's {self.classes} classes"
            )
        given = (
            np.ascontiguousarray(array, dtype=np.float64 if name.endswith(("_s", "_requirement")) else np.int64)
            for name, array in zip(_PER_REQUEST, per_request, strict=True)
        )
        gains = np.ascontiguousarray(gains, dtype=np.float64)
        direct(put_on_rows)(self.state, rows, np.array(requests), *given, gains)

    def _store_images(self, rows: NDArray[np.intp], drawn: Drawn) -> None:
        """Put which requests have an image on rows; without that in a workload none has."""
        given = drawn.joined.has_image
        if not self.scenario.mixes_images:
            if given is not None:
                raise ValueError("workload has_image: must be left out, the scenario's requests are alike in that")
            return
        first = 0
        for row, count in zip(rows.tolist(), drawn.requests, strict=True):
            self.state.has_image[row, :count] = 0 if given is None else given[first : first + count]
            first += count

    def _store_truth(
        self, rows: NDArray[np.intp], requests: list[int], tokens: NDArray[np.integer], gains: NDArray[np.float64]
    ) -> None:
        """Put what is, beside what is believed, on rows; `gains` is of shape (D, requests, blocks)."""
        self.make_room(max(requests), gains.shape[0], gains.shape[2])
        state, first = self.state, 0
        _, _, directions, blocks = state.true_gain.shape
        direction = np.minimum(np.arange(directions), gains.shape[0] - 1)
        block = np.minimum(np.arange(blocks), gains.shape[2] - 1)
        for row, count in zip(rows.tolist(), requests, strict=True):
            mine = gains[:, first : first + count].swapaxes(0, 1)
            state.true_gain[row, :count] = mine[:, direction][:, :, block]
            state.true_output_tokens[row, :count] = tokens[first : first + count]
            state.first_output_tokens[row, :count] = state.output_tokens[row, :count]
            first += count

    def make_room(self, requests: int, directions: int, blocks: int) -> None:
        """Grow the arrays when a workload has more requests, directions or fading blocks than any before."""
        rows, had_requests, had_directions, had_blocks = self.state.gain.shape
        if requests > had_requests:
            room = max(requests, 2 * had_requests)
            for name in self.per_request:  # one by one, so that only one is there twice
                old = getattr(self.state, name)
                grown = np.zeros((rows, room, *old.shape[2:]), dtype=old.dtype)
                grown[:, :had_requests] = old
                self.state = self.state._replace(**{name: grown})
        if directions > had_directions or blocks > had_blocks:
            for name in ("gain", "true_gain") if self.params.believes else ("gain",):
                old = getattr(self.state, name)
                gain = np.zeros((*old.shape[:2], max(directions, had_directions), max(blocks, had_blocks)))
                gain[..., :had_blocks] = old
                gain[..., had_blocks:] = old[..., -1:]
                self.state = self.state._replace(**{name: gain})

    def counters(self, row: int) -> dict[str, int]:
        """Counters of a row by name (`counter_names`)."""
        return dict(zip(self.counter_names, self.state.counters[row].tolist(), strict=True))

    def utilisation_mean(self) -> NDArray[np.float64]:
        """Mean utilisation over the batches dispatched so far, shape (rows, RESOURCES); 0 before the first."""
        epochs = self.state.counters[:, COUNTERS.index("epochs")]
        return self.state.utilisation_sum / np.maximum(epochs, 1)[:, None]


def as_believed(workload: Workload) -> Workload:
    """The workload that a node believes in: what it believes in place of what is, where they differ."""
    believed = {
        name: array
        for name in ("uplink_gain", "downlink_gain", "output_tokens")
        if (array := getattr(workload, f"believed_{name}")) is not None
    }
    return replace(workload, **believed)
