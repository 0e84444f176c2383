"""Compute devices that an edge node is assembled from."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class Device(BaseModel):
    """Datasheet of one compute module: dense peak rate, memory and power.

    Peaks are of the GPU alone, or of the CPU where there is no other, and dense: advertised figures often count
    sparsity or other accelerators. Raises `pydantic.ValidationError` on an unknown field or a non-positive value.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    fp16_flops_per_s: float = Field(gt=0, description="dense FP16 peak, FLOP/s")
    memory_bytes: float = Field(gt=0, description="memory of one module, bytes (GB = 1e9)")
    memory_bandwidth_bytes_per_s: float = Field(gt=0, description="memory bandwidth, bytes/s (GB = 1e9)")
    power_w: float = Field(gt=0, description="highest board power, W")
