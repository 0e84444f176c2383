"""A band as kernels read it: what it carries, and what it is granted in."""

from __future__ import annotations

from typing import NamedTuple

from edge_llm_env.radio.resource_blocks import ResourceBlocks


class Band(NamedTuple):
    """The uplink's or the downlink's band within a part of the epoch."""

    symbols_per_s: float
    """That carry payload."""
    occupied_hz: float
    """Over which power and noise are spread."""
    units: float
    """That the part is granted in, blocks or blocks times slots; 0 where shares are real."""


def real_band(bandwidth_hz: float) -> Band:
    """A band that is divided into real shares: as many symbols per second as it has Hz."""
    return Band(bandwidth_hz, bandwidth_hz, 0.0)


def band_of_blocks(bandwidth_hz: float, blocks: ResourceBlocks, overhead: float, part_s: float) -> Band:
    """The band of a channel with an overhead, in resource blocks, within a part of the epoch that lasts `part_s`."""
    return Band(
        blocks.symbols_per_s(bandwidth_hz, overhead),
        blocks.occupied_hz(bandwidth_hz),
        float(blocks.units(bandwidth_hz, part_s)),
    )
