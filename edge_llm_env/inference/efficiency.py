"""How much of a datasheet's peaks inference reaches: the few parameters of the roofline cost model."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class Efficiency(BaseModel):
    """Parameters of the roofline cost model, one set for all devices and models.

    Raises `pydantic.ValidationError` on an unknown field or a value out of range.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    prefill_compute: float = Field(gt=0, le=1, description="η_c of prefill: fraction of the dense FP16 peak")
    prefill_bandwidth: float = Field(gt=0, le=1, description="η_m of prefill: fraction of the memory bandwidth")
    prefill_overhead_s: float = Field(ge=0, description="t_0 of prefill, once per batch")
    decode_compute: float = Field(gt=0, le=1, description="η_c of a decode step")
    decode_bandwidth: float = Field(gt=0, le=1, description="η_m of a decode step")
    step_overhead_s: float = Field(ge=0, description="t_0 of a decode step, whatever the batch")
    sequence_overhead_s: float = Field(ge=0, description="t_b, per step and sequence")
    runtime_bytes: float = Field(ge=0, description="memory of the runtime beside weights and KV cache, per module")
    static_power_share: float = Field(ge=0, le=1, description="fraction of the highest power drawn while busy at all")
    memory_power_share: float = Field(ge=0, le=1, description="fraction of the remaining power that is for memory")
