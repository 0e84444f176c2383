"""`Workload`: the arrays that make an episode's randomness, and their file format."""

from __future__ import annotations

import struct
import zlib
from dataclasses import MISSING, dataclass, fields
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.lib.npyio import NpzFile
from numpy.typing import NDArray

from edge_llm_env.support.checking.arguments import checked
from edge_llm_env.support.naming import shown
from edge_llm_env.support.system.files import write_bytes

LONGEST_TOKENS = int(np.iinfo(np.int32).max)
"""Environments hold lengths in 32 bits."""

MOST_CLASSES = int(np.iinfo(np.int8).max)
"""Environments hold classes in 8 bits."""

WHOLE = {
    "prompt_tokens": LONGEST_TOKENS,
    "output_tokens": LONGEST_TOKENS,
    "believed_output_tokens": LONGEST_TOKENS,
    "request_class": MOST_CLASSES,
    "cell": MOST_CLASSES,
    "neighbour": MOST_CLASSES,
    "has_image": 1,
    "task": LONGEST_TOKENS,
    "task_kind": MOST_CLASSES,
    "predecessors": LONGEST_TOKENS,
    "context_tokens": LONGEST_TOKENS,
    "kept_tokens": LONGEST_TOKENS,
}
"""Arrays of whole numbers, and the largest that each may have."""


OF_TASKS = ("task", "task_kind", "predecessors", "tool_s", "context_tokens", "kept_tokens", "signals")
"""Arrays that there are where requests are the calls of tasks; `signals` only where tasks have some."""

OF_NEIGHBOURS = ("neighbour", "neighbour_uplink_gain", "neighbour_downlink_gain")
"""Arrays that there are where users may be heard by the station of another cell."""

MAY_BE_ZERO = ("arrival_s", "accuracy_requirement", "request_class", "cell", "neighbour", "has_image", *OF_TASKS)
"""Beside gains."""

OF_EPISODE = ("feeder_counts",)
"""Arrays that have no entry per request."""

MOST_BYTES = 2**33
"""Of a workload's arrays in a file."""

DAMAGED = (
    ValueError, TypeError, BadZipFile, zlib.error, EOFError, KeyError, IndexError, NotImplementedError, RuntimeError,
    SyntaxError, struct.error, MemoryError, OverflowError, UnicodeError, AttributeError,
)  # fmt: skip
"""What `zipfile` and NumPy raise for files that are none of theirs, or claim more numbers than memory holds."""


@dataclass(frozen=True, eq=False)
class Workload:
    """One episode's requests, in order of arrival: N requests, each with B fading blocks.

    A request's channel in the k-th epoch that it is pending at (k = 0 for the first) is its fading block k; past the
    last block the last one stays. Lengths and requirements are as in `docs/model.md`. `validate` checks arrays that
    come from elsewhere than the suite's own generators; environments and `load` call it.
    """

    arrival_s: NDArray[np.float64]
    """(N,) seconds from the start of the episode, ≥ 0, ascending."""
    prompt_tokens: NDArray[np.int64]
    """(N,) tokens, 1 to 2³¹ - 1."""
    output_tokens: NDArray[np.int64]
    """(N,) tokens, 1 to 2³¹ - 1."""
    latency_requirement_s: NDArray[np.float64]
    """(N,) seconds from arrival, > 0."""
    accuracy_requirement: NDArray[np.float64]
    """(N,) in 0..1."""
    request_class: NDArray[np.int64]
    """(N,) what is asked for, from 0; 0 where the scenario has one class."""
    distance_m: NDArray[np.float64]
    """(N,) metres from the base station, > 0; (N, B), in each fading block, of users who move."""
    uplink_gain: NDArray[np.float64]
    """(N, B) linear power gain, path loss included, ≥ 0."""
    downlink_gain: NDArray[np.float64]
    """(N, B) linear power gain, path loss included, ≥ 0."""
    believed_uplink_gain: NDArray[np.float64] | None = None
    """(N, B) what the node believes of `uplink_gain`; None where it knows it, as in the two that follow."""
    believed_downlink_gain: NDArray[np.float64] | None = None
    """(N, B) of `downlink_gain`."""
    believed_output_tokens: NDArray[np.int64] | None = None
    """(N,) of `output_tokens`."""
    cell: NDArray[np.int64] | None = None
    """(N,) the cell that it is sent in, from 0, of a scenario with a network; None where there is none."""
    neighbour: NDArray[np.int64] | None = None
    """(N,) the cell whose base station hears the user too, or the user's own where none does; None where there are no
    second channels, as in the two that follow."""
    neighbour_uplink_gain: NDArray[np.float64] | None = None
    """(N, B) `uplink_gain` of the channel to that station; of no meaning where there is none."""
    neighbour_downlink_gain: NDArray[np.float64] | None = None
    """(N, B) of `downlink_gain`."""
    has_image: NDArray[np.int64] | None = None
    """(N,) 1 for requests with an image before their text, 0 for others; None where all have one, or none has."""
    feeder_counts: NDArray[np.int64] | None = None
    """(periods, feeders) what is counted at feeder cells in each period from the start of the episode on; None where
    there are none."""
    task: NDArray[np.int64] | None = None
    """(N,) the agent task that each request is a call of, from 0, in order; here and in the following None where
    requests are on their own. Calls of a task arrive with it, and become visible as `predecessors` and `tool_s` say."""
    task_kind: NDArray[np.int64] | None = None
    """(N,) the kind of the task, from 0."""
    predecessors: NDArray[np.int64] | None = None
    """(N, P) how many places before it each call of its task stands that must be served before it; 0 for none."""
    tool_s: NDArray[np.float64] | None = None
    """(N,) seconds that a tool takes between the last of these and the call, ≥ 0."""
    context_tokens: NDArray[np.int64] | None = None
    """(N,) tokens of its task's context that stand before `prompt_tokens`, which are the new ones."""
    kept_tokens: NDArray[np.int64] | None = None
    """(N,) tokens of KV cache that a later call goes on from once it is served; 0 for none."""
    signals: NDArray[np.float64] | None = None
    """(N, D) in 0..1, what is seen with the call."""

    def given(self) -> dict[str, NDArray]:
        """The arrays that there are, by name."""
        arrays = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: array for name, array in arrays.items() if array is not None}

    def validate(self) -> Workload:
        """The workload itself; a ValueError names the array whose shape, order or range is wrong."""
        for name, values in self.given().items():
            if not isinstance(values, np.ndarray) or values.ndim == 0:
                raise TypeError(f"workload {name} = {shown(values)}: must be a NumPy array, an entry per request")
        blocks = self.uplink_gain.shape[1] if self.uplink_gain.ndim == 2 else 0
        for name, values in self.given().items():
            if name in OF_EPISODE:
                _check_counts(name, values)
                continue
            is_gain = name.endswith("_gain")
            moves = name == "distance_m" and values.ndim == 2
            expected = (self.requests, blocks) if is_gain or moves else (self.requests,)
            if name in ("predecessors", "signals") and values.ndim == 2:
                expected = (self.requests, values.shape[1])
            if values.shape != expected or (is_gain and blocks == 0):
                raise ValueError(f"workload {name} has shape {values.shape}: must be {expected}, blocks ≥ 1")
            kinds, numbers = ("iu", "whole numbers") if name in WHOLE else ("iuf", "numbers")
            if values.dtype.kind not in kinds:
                raise ValueError(f"workload {name} has dtype {values.dtype}: must be {numbers}")
            if not np.isfinite(values).all():
                raise ValueError(f"workload {name}: every value must be finite")
            may_be_zero = is_gain or name in MAY_BE_ZERO
            if (values < 0).any() or (not may_be_zero and (values == 0).any()):
                raise ValueError(f"workload {name}: every value must be {'≥ 0' if may_be_zero else '> 0'}")
            if name in WHOLE and (values > WHOLE[name]).any():
                raise ValueError(f"workload {name}: every value must be ≤ {WHOLE[name]}")
        if (self.accuracy_requirement > 1).any():
            raise ValueError("workload accuracy_requirement: every value must be ≤ 1")
        if (np.diff(self.arrival_s) < 0).any():
            raise ValueError("workload arrival_s: must be in ascending order")
        given = [name for name in OF_NEIGHBOURS if getattr(self, name) is not None]
        if 0 < len(given) < len(OF_NEIGHBOURS):
            raise ValueError(f"workload {given[0]}: must go with all of {', '.join(OF_NEIGHBOURS)}")
        self._check_tasks()
        return self

    def _check_tasks(self) -> None:
        """Raise ValueError where calls are not those of tasks one behind the other, or wait for others' calls."""
        names = [name for name in OF_TASKS if getattr(self, name) is not None]
        if self.task is None or self.predecessors is None:
            if names:
                raise ValueError(f"workload {names[0]}: must go with task and predecessors")
            return
        if missing := [name for name in OF_TASKS[:-1] if name not in names]:
            raise ValueError(f"workload {missing[0]}: must be given with task")
        begins = np.diff(self.task, prepend=-1)
        if ((begins != 0) & (begins != 1)).any():
            raise ValueError("workload task: must be 0, 1, … in order, the calls of each behind one another")
        first = np.searchsorted(self.task, self.task)
        place = np.arange(self.requests) - first
        if (self.predecessors > place[:, None]).any():
            raise ValueError("workload predecessors: must be calls of the same task, places before it")
        for name in ("arrival_s", "latency_requirement_s", "accuracy_requirement", "task_kind"):
            values = getattr(self, name)
            if (values != values[first]).any():
                raise ValueError(f"workload {name}: must be the same for all calls of a task")
        if self.signals is not None and (self.signals > 1).any():
            raise ValueError("workload signals: every value must be in 0..1")

    @property
    def directions_alike(self) -> bool:
        """Whether uplink and downlink share the arrays of their gains."""
        shared = self.neighbour_uplink_gain is self.neighbour_downlink_gain
        return self.uplink_gain is self.downlink_gain and shared

    @property
    def requests(self) -> int:
        """N, how many requests arrive in the episode: the length of every array over requests."""
        return len(self.arrival_s)

    @checked
    def save(self, path: str | Path) -> None:
        """Write the arrays to a compressed NumPy archive, `.npz` by custom, whole or not at all."""
        content = BytesIO()
        np.savez_compressed(content, allow_pickle=False, **self.given())
        write_bytes(Path(path), content.getvalue())

    @classmethod
    @checked
    def load(cls, path: str | Path) -> Workload:
        """Read what `save` wrote; a ValueError names the file and what is wrong with it."""
        try:
            with Path(path).open("rb") as file, NpzFile(file) as stored:
                names = [field.name for field in fields(cls)]
                missing = [field.name for field in fields(cls) if field.name not in stored and field.default is MISSING]
                held = sum(int(info.file_size) for info in stored.zip.infolist()) if stored.zip is not None else 0
                if held > MOST_BYTES:
                    raise ValueError(f"it holds {held:,} bytes, must hold at most {MOST_BYTES:,}")
                if missing:
                    raise ValueError(f"it lacks {', '.join(missing)}")
                if more := sorted(set(stored) - set(names)):
                    raise ValueError(f"it has {shown(more[0])}, which this version does not know")
                return cls(**{name: stored[name] for name in names if name in stored}).validate()
        except DAMAGED as error:
            raise ValueError(f"{path}: not a workload, {error!s:.300}; must be as save wrote it") from None


def _check_counts(name: str, values: NDArray) -> None:
    """Raise ValueError for what are no counts of shape (periods, feeders)."""
    if values.ndim != 2 or 0 in values.shape:
        raise ValueError(f"workload {name} has shape {values.shape}: must be (periods, feeders), each at least 1")
    if values.dtype.kind not in "iu":
        raise ValueError(f"workload {name} has dtype {values.dtype}: must be whole numbers")
    if (values < 0).any() or (values > LONGEST_TOKENS).any():
        raise ValueError(f"workload {name}: every value must be in 0..{LONGEST_TOKENS}")


def checked_workload(given: Any, name: str) -> Workload:
    """A valid `Workload` as it is given; raises TypeError or ValueError with the option's name when it is not one."""
    if not isinstance(given, Workload):
        raise TypeError(f"{name} = {shown(given)}: must be a Workload")
    try:
        return given.validate()
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None
