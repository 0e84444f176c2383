"""What a scenario's users ask for."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, field_validator, model_validator

from edge_llm_env.arrivals.class_mix import ClassMix
from edge_llm_env.arrivals.table import Arrivals
from edge_llm_env.support.quantities import NonNegativeFloat, Tokens
from edge_llm_env.support.section import NEUTRAL, Section
from edge_llm_env.tasks.settings import TaskSettings
from edge_llm_env.traces.part import TracePart

SHORTEST_S, LONGEST_S = 1e-6, 1e9
"""Of a latency requirement: as of `DurationS`."""


class Range(Section):
    """A uniform distribution on [low, high]."""

    low: NonNegativeFloat
    high: NonNegativeFloat

    @model_validator(mode="after")
    def _ordered(self) -> Range:
        if self.low > self.high:
            raise ValueError(f"low = {self.low:g}: must be at most high = {self.high:g}")
        return self


def _list_or_trace(lengths: object) -> object:
    if isinstance(lengths, str) and lengths != "trace":
        raise ValueError('must be a list of token counts, or "trace"')
    return lengths


Lengths = Annotated[
    Annotated[tuple[Tokens, ...], Field(min_length=1)] | Literal["trace"], BeforeValidator(_list_or_trace)
]


class WorkloadSettings(Section):
    """What users ask for: arrivals, lengths and requirements."""

    arrivals: Arrivals
    prompt_tokens: Lengths = Field(description='s, drawn from a list with equal probability, or "trace": as replayed')
    output_tokens: Lengths = Field(description='n, drawn from a list with equal probability, or "trace": as replayed')
    latency_requirement_s: Range = Field(description="τ, drawn uniformly")
    accuracy_requirement: Range = Field(description="a, drawn uniformly")
    classes: ClassMix | None = Field(
        default=None,
        description="what requests can be of, and how the mix changes; one class if not given",
        json_schema_extra=NEUTRAL,
    )
    image_share: Annotated[float, Field(ge=0, le=1)] = Field(
        default=1.0,
        description="part of the requests that have an image of `node.images`, drawn for each",
        json_schema_extra=NEUTRAL,
    )
    tasks: TaskSettings | None = Field(
        default=None,
        description="of agents, of which requests are the calls; requests are on their own if not given",
        json_schema_extra=NEUTRAL,
    )

    value: Literal["threshold", "accuracy"] = Field(
        default="threshold",
        description="what a request is worth in `ServiceLevel-v0`: 1 by whatever is accurate enough, or the accuracy "
        "that it is served with",
        json_schema_extra=NEUTRAL,
    )

    @property
    def class_names(self) -> tuple[str, ...]:
        """Of the classes; none where there is only one, which has no name."""
        return () if self.classes is None else self.classes.names

    @property
    def class_count(self) -> int:
        """K, classes of requests, at least 1."""
        return max(1, len(self.class_names))

    @property
    def longest_prompt_tokens(self) -> int:
        """Longest prompt that can be drawn or replayed; of tasks' calls with their context."""
        if self.tasks is not None:
            return self.longest_call_tokens[0]
        if isinstance(self.prompt_tokens, tuple):
            return max(self.prompt_tokens)
        return int(self._replayed.prompt_tokens.max())

    @property
    def shortest_prompt_tokens(self) -> int:
        """Shortest prompt that can be drawn or replayed."""
        if isinstance(self.prompt_tokens, tuple):
            return min(self.prompt_tokens)
        return int(self._replayed.prompt_tokens.min())

    @property
    def longest_output_tokens(self) -> int:
        """Longest output that can be drawn or replayed."""
        if isinstance(self.output_tokens, tuple):
            return max(self.output_tokens)
        return int(self._replayed.output_tokens.max())

    @property
    def longest_request_tokens(self) -> int:
        """Most tokens of prompt and output that one request can have."""
        if self.tasks is not None:
            return self.longest_call_tokens[1]
        if isinstance(self.prompt_tokens, tuple) or isinstance(self.output_tokens, tuple):
            return self.longest_prompt_tokens + self.longest_output_tokens
        part = self._replayed
        return int((part.prompt_tokens + part.output_tokens).max())

    @property
    def longest_call_tokens(self) -> tuple[int, int]:
        """Of agent tasks' calls: longest prompt with its context, and this with its answer."""
        if self.tasks is None or not isinstance(self.prompt_tokens, tuple) or not isinstance(self.output_tokens, tuple):
            raise ValueError("workload.tasks: must be given, and lengths be lists of token counts")
        return self.tasks.longest(max(self.prompt_tokens), max(self.output_tokens))

    @property
    def shortest_call_tokens(self) -> int:
        """Fewest tokens that a call can send."""
        if self.tasks is None:
            return self.shortest_prompt_tokens
        return min(self.shortest_prompt_tokens, self.tasks.instruction_tokens, *self.tasks.tool_tokens)

    @property
    def requests_per_arrival(self) -> float:
        """How many requests an arrival is on average: the calls of a task."""
        return 1.0 if self.tasks is None else self.tasks.mean_calls

    @property
    def _replayed(self) -> TracePart:
        part = self.arrivals.replayed
        assert part is not None  # as the validator of lengths has seen to
        return part

    @model_validator(mode="after")
    def _lengths_are_replayed_from_a_trace(self) -> WorkloadSettings:
        for field in ("prompt_tokens", "output_tokens"):
            if getattr(self, field) == "trace" and self.tasks is not None:
                raise ValueError(f'workload.{field} = "trace": must be a list of token counts with workload.tasks')
            if getattr(self, field) == "trace" and self.arrivals.replayed is None:
                raise ValueError(
                    f'workload.{field} = "trace": must go with arrivals.kind = "trace", '
                    f'not "{self.arrivals.kind}"; or a list of token counts'
                )
        return self

    @field_validator("latency_requirement_s")
    @classmethod
    def _positive(cls, latency: Range) -> Range:
        if latency.low < SHORTEST_S or latency.high > LONGEST_S:
            raise ValueError(f"[{latency.low:g}, {latency.high:g}]: must lie in [{SHORTEST_S:g}, {LONGEST_S:g}] s")
        return latency

    @field_validator("accuracy_requirement")
    @classmethod
    def _fraction(cls, accuracy: Range) -> Range:
        if accuracy.low < 0 or accuracy.high > 1:
            raise ValueError(f"[{accuracy.low:g}, {accuracy.high:g}]: must lie in [0, 1]")
        return accuracy
