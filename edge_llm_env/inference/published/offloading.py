"""Offloading: published rates of models that do not fit."""

from __future__ import annotations

from typing import NamedTuple

from edge_llm_env.inference.catalog import load_decoder
from edge_llm_env.inference.decoder import DecoderConfig
from edge_llm_env.inference.mechanisms.chosen import Mechanisms
from edge_llm_env.inference.mechanisms.offloading import Offloading
from edge_llm_env.inference.published import capped_memory
from edge_llm_env.inference.published.comparison import Comparison, case_of, decode_s, generation_s

FLEXGEN = "FMInference/FlexLLMGen: benchmark/batch_size_table.md (arXiv 2303.06865)"
PRIMA = "Lizonghang/prima.cpp README.md, tables 1, 2 and 3"

OPT_30B = DecoderConfig(
    layers=48, d_model=7168, d_ff=28672, heads=56, kv_heads=56, head_dim=128, vocabulary=50272, positions=2050
)
OPT_175B = DecoderConfig(
    layers=96, d_model=12288, d_ff=49152, heads=96, kv_heads=96, head_dim=128, vocabulary=50272, positions=2050
)
"""Published model configurations."""

PCIE_3 = 12.5e9
"""Practical rate of a T4's PCIe (16 lanes of the third generation; 12 to 13 GB/s, from memory: unverified), bytes/s."""
DISK = 2e9
"""Read rate of that test bed's disk (about 2 GB/s, from memory: unverified), bytes/s."""


class Row(NamedTuple):
    """A row of FlexGen's table: 512 tokens in, 32 out, tokens/s of prefill and decode together."""

    what: str
    decoder: DecoderConfig
    batch: int
    offloading: Offloading
    published: float
    reason: str = ""


def _over(rate: float, resident: float, cache: float = 0.0) -> Offloading:
    return Offloading(resident_bytes=resident, cache_share=cache, link_bytes_per_s=rate)


PAGEABLE = "its transfers do not overlap and go through pageable memory, whose rate is not published"
OTHERS = "weights are partly in host memory, partly on disk, in parts that are not published"

TABLE = (
    Row("opt-6.7b, Accelerate", load_decoder("opt-6.7b"), 2, _over(PCIE_3, 14e9), 25.12),
    Row("opt-6.7b, FlexGen", load_decoder("opt-6.7b"), 2, _over(PCIE_3, 14e9), 25.26),
    Row("opt-6.7b, DeepSpeed ZeRO", load_decoder("opt-6.7b"), 16, _over(PCIE_3, 0.0), 9.28),
    Row("opt-30b, DeepSpeed ZeRO", OPT_30B, 4, _over(PCIE_3, 0.0), 0.60),
    Row("opt-30b, FlexGen, a fifth resident", OPT_30B, 144, _over(PCIE_3, 12e9, 1.0), 7.32),
    Row("opt-30b, Accelerate", OPT_30B, 8, _over(PCIE_3, 0.0), 0.62, PAGEABLE),
    Row("opt-175b from disk, Accelerate", OPT_175B, 2, _over(DISK, 0.0), 0.01),
    Row("opt-175b from disk, FlexGen", OPT_175B, 256, _over(DISK, 0.0), 0.69, OTHERS),
)

SPILLED = {"llama-2-70b": 10.120}
"""s per token of llama.cpp at Q4_K, 11 GB of GPU memory, the rest read from disk at 3.17 GB/s in each pass."""


def _generation_s(row: Row) -> float:
    case = case_of("opt-6.7b", "w16a16", "t4", "transformers")._replace(decoder=row.decoder)
    return generation_s(case, Mechanisms(offloading=row.offloading), (row.batch, 512, 32))


def comparisons() -> list[Comparison]:
    """Every row."""
    rows = [
        Comparison(
            row.what,
            row.published,
            row.batch * 32 / _generation_s(row),
            "tokens/s",
            FLEXGEN,
            row.reason,
        )
        for row in TABLE
    ]
    spilled = Mechanisms(offloading=Offloading(resident_bytes=11e9, link_bytes_per_s=3.17e9, overlap=False))
    for name, published in SPILLED.items():
        case = case_of(name, "w4a16-q4-k-m", "rtx-2080-ti", "llama.cpp")
        rows.append(Comparison(f"{name}, spilled", published, decode_s(case, spilled, (1, 64, 64)), "s/token", PRIMA))
    return rows + capped_memory.comparisons()
