"""Compute devices that an edge node is assembled from."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

DeviceKind = Literal[
    "server-gpu", "desktop-gpu", "laptop-gpu", "embedded", "amd-gpu", "intel-gpu", "apple", "cpu", "phone", "npu"
]


class Device(BaseModel):
    """Datasheet of one compute module: dense peak rates, memory and power.

    Peaks are of the GPU alone, or of the CPU where there is no other, and dense: advertised figures often count
    sparsity or other accelerators. Raises `pydantic.ValidationError` on an unknown field or a non-positive value.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(default="", description="catalogue name, by which measurements of it are found; empty: none")
    board: str = Field(default="", description="catalogue name of the board of which this is a power mode; empty: none")
    kind: DeviceKind = Field(default="embedded", description="what a device without measurements is taken to be like")
    fp16_flops_per_s: float = Field(
        gt=0,
        description="dense peak of FP16 products with FP32 accumulation, "
        "or the FP32 peak where FP16 is no faster, FLOP/s",
    )
    fp16_accumulation_flops_per_s: float | None = Field(
        default=None, gt=0, description="dense peak with FP16 accumulation where it is another, FLOP/s"
    )
    int8_ops_per_s: float | None = Field(default=None, gt=0, description="dense INT8 peak, operations/s")
    memory_bytes: float = Field(gt=0, description="usable memory of one module, bytes (a GPU's GB are 2^30)")
    memory_bandwidth_bytes_per_s: float = Field(gt=0, description="memory bandwidth, bytes/s (GB = 1e9)")
    sparse_units: bool = Field(default=False, description="multiplies faster where two of four weights are zero (2:4)")
    power_w: float = Field(gt=0, description="highest board power, W")
