"""Whole resource blocks of 5G New Radio, which bands are granted in."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from edge_llm_env.support.section import Section

SUBCARRIERS = 12
"""Of a resource block (3GPP TS 38.211, clause 4.4.4.1)."""

SYMBOLS_PER_SLOT = 14
"""With a normal cyclic prefix (TS 38.211, table 4.3.2-1)."""

BLOCKS: dict[int, dict[int, int]] = {
    15: {5: 25, 10: 52, 15: 79, 20: 106, 25: 133, 30: 160, 35: 188, 40: 216, 45: 242, 50: 270},
    30: {5: 11, 10: 24, 15: 38, 20: 51, 25: 65, 30: 78, 35: 92, 40: 106, 45: 119, 50: 133, 60: 162, 70: 189, 80: 217,
         90: 245, 100: 273},
    60: {10: 11, 15: 18, 20: 24, 25: 31, 30: 38, 35: 44, 40: 51, 45: 58, 50: 65, 60: 79, 70: 93, 80: 107, 90: 121,
         100: 135},
}  # fmt: skip
"""Blocks of a channel by subcarrier spacing (kHz) and channel bandwidth (MHz): 3GPP TS 38.101-1, table 5.3.2-1."""


class ResourceBlocks(Section):
    """Bands as resource blocks of 12 subcarriers: a transfer has a whole number of them."""

    subcarrier_spacing_khz: Literal[15, 30, 60] = Field(description="of all blocks; a slot lasts 15/spacing ms")
    granted_for: Literal["part", "slot"] = Field(
        default="part",
        description="a block is one request's for the whole uplink or downlink part, or for one slot of it",
    )
    uplink_overhead: float = Field(
        default=0.08,
        ge=0,
        lt=1,
        description="fraction of resource elements that carry no payload; 3GPP TS 38.306, clause 4.1.2",
    )
    downlink_overhead: float = Field(default=0.14, ge=0, lt=1, description="likewise")

    @property
    def slot_s(self) -> float:
        """Length of a slot (s): 1 ms at 15 kHz, halved with each doubling (TS 38.211, table 4.3.2-1)."""
        return 0.015 / self.subcarrier_spacing_khz

    def blocks(self, bandwidth_hz: float) -> int:
        """Blocks of a channel; raises ValueError for a bandwidth that has none at this spacing."""
        table = BLOCKS[self.subcarrier_spacing_khz]
        blocks = next((count for mhz, count in table.items() if mhz * 1e6 == bandwidth_hz), None)
        if blocks is None:
            raise ValueError(
                f"{bandwidth_hz:g}: must be a channel bandwidth of 3GPP TS 38.101-1, table 5.3.2-1, with "
                f"radio.resource_blocks.subcarrier_spacing_khz = {self.subcarrier_spacing_khz}: "
                f"{', '.join(map(str, table))} MHz"
            )
        return blocks

    def occupied_hz(self, bandwidth_hz: float) -> float:
        """What the blocks of a channel occupy of its band (Hz), over which power and noise are spread."""
        return self.blocks(bandwidth_hz) * SUBCARRIERS * self.subcarrier_spacing_khz * 1e3

    def symbols_per_s(self, bandwidth_hz: float, overhead: float) -> float:
        """Symbols per second that the blocks of a channel carry payload in."""
        return self.blocks(bandwidth_hz) * SUBCARRIERS * SYMBOLS_PER_SLOT / self.slot_s * (1.0 - overhead)

    def units(self, bandwidth_hz: float, part_s: float) -> int:
        """What a part of the epoch of that length is granted in: blocks, or blocks times slots."""
        slots = 1 if self.granted_for == "part" else round(part_s / self.slot_s)
        return self.blocks(bandwidth_hz) * slots

    def whole_slots(self, part_s: float) -> bool:
        """Whether a part of the epoch lasts a whole number of slots."""
        slots = part_s / self.slot_s
        return round(slots) >= 1 and abs(slots - round(slots)) < 1e-6
