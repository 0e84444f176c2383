"""Models whose memory is capped: PowerInfer's rows, and the storage rates that they imply, which are not published."""

from __future__ import annotations

from typing import NamedTuple

from edge_llm_env.inference.catalog import load_decoder, load_precision
from edge_llm_env.inference.published.comparison import Comparison
from edge_llm_env.inference.work import read_bytes
from edge_llm_env.support.tables import Table

POWERINFER = "SJTU-IPADS/PowerInfer: smallthinker/README.md"


class Capped(NamedTuple):
    """Tokens/s of a device with all memory that the model wants, and with less."""

    full: float
    capped: float

    @property
    def added_s(self) -> float:
        """What a token takes longer for the cap (s)."""
        return 1.0 / self.capped - 1.0 / self.full


DENSE_BYTES, DENSE_CAP_BYTES = 1.3e9, 1e9
"""Of Qwen3-1.7B, quantised, and of what it may hold."""
DENSE = {
    "i9-14900": Capped(62.24, 2.66),
    "phone, 8 gen 4": Capped(41.00, 1.09),
    "RK3588": Capped(20.29, 1.00),
    "RK3576": Capped(6.09, 0.47),
    "RK3566": Capped(4.15, 0.11),
}

EXPERTS_BYTES, EXPERTS_CAP_BYTES = 16.2e9, 8e9
"""Of Qwen3-30B-A3B, quantised, and of what it may hold."""
EXPERTS = {
    "i9-14900": Capped(33.52, 10.11),
    "phone, 8 gen 4": Capped(20.18, 0.18),
    "RK3588": Capped(9.07, 6.32),
}

UNPUBLISHED = (
    "the storage's rate is not published: it is the one that the dense model implies of which nothing stays; nor is "
    "it which experts stay"
)


def implied_rate_bytes_per_s(device: str, resident_bytes: float) -> float:
    """Rate at which what does not stay of the dense model would have to be read for what the cap adds to a token."""
    return (DENSE_BYTES - resident_bytes) / DENSE[device].added_s


def implied_rates_table() -> Table:
    """Of every device, for both that can become of the dense model's pages."""
    rows = [
        (
            device,
            f"{row.full:.4g}",
            f"{row.capped:.4g}",
            f"{implied_rate_bytes_per_s(device, 0.0) / 1e9:.2f}",
            f"{implied_rate_bytes_per_s(device, DENSE_CAP_BYTES) / 1e9:.2f}",
        )
        for device, row in DENSE.items()
    ]
    return Table(
        ("device", "tokens/s", "with 1 GB", "rate if nothing stays, GB/s", "rate if what fits stays, GB/s"), rows
    )


def comparisons() -> list[Comparison]:
    """The model of experts on each device, of whose missing part a token reads as large a share as of the whole.

    After what it takes without a cap, 1/full + read bytes * (1 - cap/bytes) / rate; none of it counts.
    """
    decoder, precision = load_decoder("qwen3-30b-a3b"), load_precision("w4a16-q4-k-m")
    share = read_bytes(decoder, precision, decoder.experts_per_token) / read_bytes(decoder, precision, decoder.experts)
    missing_bytes = share * (EXPERTS_BYTES - EXPERTS_CAP_BYTES)
    return [
        Comparison(
            f"qwen3-30b-a3b in 8 GB, {device}",
            row.capped,
            1.0 / (1.0 / row.full + missing_bytes / implied_rate_bytes_per_s(device, 0.0)),
            "tokens/s",
            POWERINFER,
            UNPUBLISHED,
        )
        for device, row in EXPERTS.items()
    ]
