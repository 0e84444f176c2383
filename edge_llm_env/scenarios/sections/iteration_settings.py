"""How a scenario's node serves where an engine schedules iterations."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import Field, model_validator

from edge_llm_env.support.quantities import BytesPerS, DurationS, Tokens
from edge_llm_env.support.section import NEUTRAL, Section


class ServiceClass(Section):
    """Requests of one kind of patience, and what they must be served within."""

    name: str
    latency_requirement_up_to_s: DurationS | None = Field(
        default=None, description="the most patient requests of the class (by τ); none in the last class, which has all"
    )
    ttft_s: DurationS = Field(description="most from arrival to the first token at the user")
    tpot_s: DurationS = Field(description="most per output token after the first, in the mean of a request")


class IterationSettings(Section):
    """How an engine of iterations serves: batch, memory, objectives."""

    running_slots: int = Field(default=32, gt=0, le=1024, description="B, most sequences in the running batch")
    block_tokens: Tokens = Field(default=16, description="tokens in a block of the KV cache")
    watermark: Annotated[float, Field(ge=0, lt=1)] = Field(
        default=0.01, description="share of the blocks that admission leaves free"
    )
    prefill_budgets: Annotated[tuple[Tokens, ...], Field(min_length=1, max_length=1000)] = Field(
        default=(128, 256, 512, 1024, 2048), description="prompt tokens per iteration that an action can choose"
    )
    most_iterations: int = Field(
        default=32, gt=0, le=10**6, description="K, iterations after which the agent is asked again"
    )
    output_lengths: Literal["known", "predicted", "unknown"] = Field(
        default="known", description="what the agent is told of output lengths"
    )
    prediction_error: Annotated[float, Field(ge=0, le=30, allow_inf_nan=False)] = Field(
        default=0.5, description="of a predicted length, most octaves by which it is off before it is rounded to one"
    )
    uplink_share: Annotated[float, Field(gt=0, le=1)] = Field(
        default=0.1, description="share of the uplink that a prompt is uploaded at, and of the downlink for its tokens"
    )
    host_memory_bytes: Annotated[float, Field(ge=0, le=1e15, allow_inf_nan=False)] = Field(
        default=0.0,
        description="host memory that the KV cache of preempted requests is swapped to, and that of tasks with "
        "`workload.tasks.kv_cache` `keep_or_swap`; without any, or where it is full, it is computed anew",
        json_schema_extra=NEUTRAL,
    )
    host_link_bytes_per_s: BytesPerS = Field(
        default=25e9, description="how fast it is moved there and back", json_schema_extra=NEUTRAL
    )
    soft_misses: Annotated[float, Field(ge=0, le=1e6, allow_inf_nan=False)] = Field(
        default=0.0,
        description="of an objective, by how much a completed request may miss it and still be paid for in part: all "
        "of `served` and `tokens` if it is met, linearly down to nothing at that miss",
        json_schema_extra=NEUTRAL,
    )
    classes: Annotated[tuple[ServiceClass, ...], Field(min_length=1, max_length=1000)] = Field(
        default=(ServiceClass(name="all", ttft_s=1.0, tpot_s=0.1),),
        description="service classes, the least patient first",
    )

    def class_of(self, latency_s: ArrayLike) -> NDArray[np.intp]:
        """Index of the class that requests with these latency requirements (s) are of, in their shape."""
        limits = [one.latency_requirement_up_to_s for one in self.classes]
        return np.asarray(np.searchsorted([limit for limit in limits if limit is not None], latency_s))

    @model_validator(mode="after")
    def _budgets_ascend(self) -> IterationSettings:
        if list(self.prefill_budgets) != sorted(set(self.prefill_budgets)):
            raise ValueError(f"iterations.prefill_budgets = {list(self.prefill_budgets)}: must ascend")
        return self

    @model_validator(mode="after")
    def _classes_take_everybody(self) -> IterationSettings:
        limits = [one.latency_requirement_up_to_s for one in self.classes]
        *some, last = limits
        ascending = [limit for limit in some if limit is not None]
        if last is not None or ascending != some or ascending != sorted(set(ascending)):
            raise ValueError(
                f"iterations.classes: latency_requirement_up_to_s = {limits}, must ascend and be left out of the last"
            )
        return self
