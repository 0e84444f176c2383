"""Requests of a public trace, replayed."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field, ValidationInfo, field_validator, model_validator

from edge_llm_env.arrivals.process import ArrivalProcess, Arrived
from edge_llm_env.support.paths.file_path import FilePath
from edge_llm_env.support.quantities import DurationS, NonNegativeFloat, PositiveFloat, Tokens
from edge_llm_env.traces.clock import ClockRestarts
from edge_llm_env.traces.parsing.errors import TraceWarning
from edge_llm_env.traces.parsing.formats import FORMATS, TraceKind
from edge_llm_env.traces.parsing.units import TimeUnit
from edge_llm_env.traces.part import TracePart, part_of
from edge_llm_env.traces.reading import load_trace
from edge_llm_env.traces.trace import Trace


def _held(path: str, arrivals: Mapping[str, Any]) -> str:
    reading = {name: arrivals[name] for name in ("time_unit", "clock_restarts", "skip_bad_rows")}
    return load_trace(path, arrivals["format"], **reading).sha256


TracePath = Annotated[str, FilePath(lambda _, __: True, _held)]
"""Of a trace's file."""


class TraceArrivals(ArrivalProcess):
    """Requests of a public trace; each episode replays a window of it that begins at a time drawn uniformly."""

    kind: Literal["trace"]
    format: TraceKind = Field(description="Azure LLM inference 2023 or 2024, BurstGPT, or Mooncake")
    path: TracePath | None = Field(
        default=None,
        description="the file, in a scenario's file relative to that file's folder; a preset leaves it to its user",
    )
    time_scale: PositiveFloat = Field(default=1.0, description="stretches times: 2 halves the rate")
    start_offset_s: NonNegativeFloat = Field(
        default=0.0, description="the part used begins so long after the first request, before scaling"
    )
    duration_s: DurationS | None = Field(
        default=None,
        description="length of the part used, before scaling; without it, up to the last request, whose time ends it. "
        "Parts that do not overlap keep training and evaluation apart",
    )
    max_prompt_tokens: Tokens | None = Field(default=None, description="longer prompts are cut to this")
    max_output_tokens: Tokens | None = Field(default=None, description="longer outputs are cut to this")
    time_unit: TimeUnit | Literal["auto"] = Field(
        default="auto",
        description="date (ISO 8601), seconds, milliseconds, microseconds or nanoseconds; "
        "auto is what the format documents, and what that unit becomes where it is written out",
    )
    clock_restarts: ClockRestarts = Field(
        default="refuse",
        description="where times fall back by over 60 s or half the trace: refuse it, sort all rows by time, "
        "or continue from the latest time above; smaller disorder is always sorted",
    )
    skip_bad_rows: bool = Field(
        default=False, description="leave rows that are malformed or of no tokens out instead of refusing the trace"
    )

    @field_validator("time_unit")
    @classmethod
    def _documented_unit_is_auto(cls, unit: str, beside: ValidationInfo) -> str:
        kind = beside.data.get("format")
        return "auto" if kind is not None and unit == FORMATS[kind].unit else unit

    @model_validator(mode="after")
    def _trace_can_be_replayed(self) -> TraceArrivals:
        if self.path is None:
            raise ValueError(
                'workload.arrivals.path: is required, as in load_scenario(NAME, **{"workload.arrivals.path": FILE}); '
                f"{self.format} traces are public at {FORMATS[self.format].home}"
            )
        _ = self.part
        if notices := self.trace.notices():
            warnings.warn(f"trace {self.path}: {'; '.join(notices)}", TraceWarning, stacklevel=2)
        return self

    @property
    def trace(self) -> Trace:
        """The requests of the whole file. Raises TraceError."""
        return load_trace(
            str(self.path),
            self.format,
            time_unit=self.time_unit,
            clock_restarts=self.clock_restarts,
            skip_bad_rows=self.skip_bad_rows,
        )

    @property
    def part(self) -> TracePart:
        """The requests of the part used, scaled and cut. Raises TraceError."""
        return part_of(
            self.trace,
            self.start_offset_s,
            self.duration_s,
            self.time_scale,
            self.max_prompt_tokens,
            self.max_output_tokens,
        )

    def account(self) -> list[str]:
        """What is not replayed as the file writes it, a line for each: rows left out, put in order, cut, outside."""
        part = self.part
        rest_s, asked_s = float(self.trace.time_s[-1]) - self.start_offset_s, self.duration_s
        requests = "request" if part.outside == 1 else "requests"
        said = {
            f"duration_s = {asked_s} cut to {rest_s:g}, when the trace ends": asked_s is not None and asked_s > rest_s,
            f"{part.outside:,} {requests} outside the part used": part.outside,
            f"{part.cut_prompts:,} prompts cut to {self.max_prompt_tokens} tokens": part.cut_prompts,
            f"{part.cut_outputs:,} outputs cut to {self.max_output_tokens} tokens": part.cut_outputs,
        }
        return self.trace.notices() + [line for line, count in said.items() if count]

    @property
    def mean_rate_per_s(self) -> float:
        """Mean arrival rate of the part used, scaled."""
        return self.part.mean_rate_per_s

    def draw(self, rng: np.random.Generator, horizon_s: float) -> Arrived:
        """A window of that length, which begins at a time drawn uniformly."""
        window = self.part.window(rng.random(), horizon_s)
        return Arrived(window.arrival_s, window.prompt_tokens, window.output_tokens)

    @property
    def replayed(self) -> TracePart:
        """The part of the trace that episodes replay."""
        return self.part
