"""Links between modules that work as one."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator


class Link(BaseModel):
    """How fast some modules add up a vector that each has a part of, by how many they are.

    Raises `pydantic.ValidationError` on an unknown field, a value out of range or lists of different lengths.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(default="", description="catalogue name; empty: none")
    shape: Literal["all_reduce", "star"] = Field(
        description="time of an all-reduce of n bytes is latency + n/rate; or a root broadcasts and gathers everything "
        "that is synchronised, at the rate"
    )
    ranks: tuple[int, ...] = Field(min_length=1, description="numbers of modules that were measured, ascending")
    latency_s: tuple[float, ...] = Field(description="of one all-reduce of so many, s")
    bytes_per_s: tuple[float, ...] = Field(description="rate of so many: of the vector, or of all that is synchronised")
    send_latency_s: float = Field(ge=0, description="of a message from one module to the next, s")
    send_bytes_per_s: float = Field(gt=0, description="rate of such a message")
    wire_bits: float = Field(default=16.0, gt=0, le=32, description="bits of a number on the link")

    @model_validator(mode="after")
    def _lists_belong_together(self) -> Link:
        if not len(self.ranks) == len(self.latency_s) == len(self.bytes_per_s):
            raise ValueError("ranks, latency_s and bytes_per_s: must be of one length")
        if list(self.ranks) != sorted(set(self.ranks)) or self.ranks[0] < 2:
            raise ValueError(f"ranks = {self.ranks}: must ascend from at least 2")
        if min(self.latency_s) < 0 or min(self.bytes_per_s) <= 0:
            raise ValueError("latency_s must be at least 0 and bytes_per_s above 0")
        return self

    def of(self, modules: int) -> tuple[float, float]:
        """Latency (s) and rate (bytes/s) among so many modules: those of the least number measured that is no smaller.

        Raises ValueError where more are asked for than were measured.
        """
        for ranks, latency_s, bytes_per_s in zip(self.ranks, self.latency_s, self.bytes_per_s, strict=True):
            if ranks >= modules:
                return latency_s, bytes_per_s
        raise ValueError(f"parallelism.tensor = {modules}: must be at most {self.ranks[-1]} over link {self.name!r}")
