"""The table of mechanisms, from which the documentation, the command line and the tests are made."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from edge_llm_env.inference.published import (
    images,
    kv_cache,
    offloading,
    parallelism,
    processors,
    prompt_compression,
    pruning,
    speculation,
)
from edge_llm_env.inference.published.comparison import Comparison, mean_error
from edge_llm_env.support.tables import NO_VALUE, Table


class Mechanism(NamedTuple):
    """A mechanism as a reader looks for it."""

    setting: str
    """Of a scenario."""
    equation: str
    source: str
    comparisons: Callable[[], list[Comparison]] | None
    """None: no published row was found."""
    assumed: str

    def errors(self) -> str:
        """Mean absolute error by quantity, rows in brackets, and with rows that are beyond the mechanism."""
        rows = [] if self.comparisons is None else self.comparisons()
        parts = []
        for unit in dict.fromkeys(row.unit for row in rows):
            ours = [row for row in rows if row.unit == unit]
            counted = [row for row in ours if not row.reason]
            text = f"{unit}: " + (f"{100 * mean_error(counted):.1f} % ({len(counted)})" if counted else NO_VALUE)
            if len(counted) < len(ours):
                beyond = mean_error([row._replace(reason="") for row in ours])
                text += f", {100 * beyond:.0f} % with {len(ours) - len(counted)} beyond it"
            parts.append(text)
        return "; ".join(parts) or NO_VALUE


MECHANISMS = {
    "speculative decoding": Mechanism(
        "node.speculation, node.variants",
        "m = (1 - α^(k+1))/(1 - α) tokens per step; per token (verify(k + 1) + k·draft)/m",
        "Leviathan et al., arXiv 2211.17192; EAGLE, arXiv 2401.15077",
        speculation.comparisons,
        "acceptance the same for every token; further tokens multiplied as fast as a prompt's",
    ),
    "offloading": Mechanism(
        "node.offloading",
        "max(computed, offloaded bytes/link) per component of a pass; their sum without overlap",
        "FlexGen, arXiv 2303.06865",
        offloading.comparisons,
        "host memory is ample; two layers are buffered; PCIe and disk rates of the test beds",
    ),
    "parallelism": Mechanism(
        "node.parallelism",
        "terms/p + 2·L·(t_0 + b·d·w/8/B); stages: + (S - 1) messages; groups: Σ/G + (1 - 1/G)·max",
        "Megatron-LM, arXiv 1909.08053; all-reduce fits of microsoft/vidur; distributed-llama's report",
        parallelism.comparisons,
        "a serial share, fitted to one decoder; the star's rates are of its 7B and 13B rows, not of its 70B row",
    ),
    "pruning and distillation": Mechanism(
        "node.pruning, node.variants",
        "unstructured: bytes (1 - p)·w + 1 per weight, time as before; 2:4: w/2 + 1 bits and products 1.43 times as "
        "fast with sparse units; slices: d to (1 - p)·d and 2·d² more per layer; depth, distilled: another decoder",
        "SparseGPT, arXiv 2301.00774; Wanda, 2306.11695; SliceGPT, 2401.15024; Shortened LLaMA, 2402.02834",
        pruning.comparisons,
        "ΔPPL adds to the precision's; 1.43 is the mean of the three rows of 2:4 products; device and batch of the "
        "distilled rows",
    ),
    "kv cache": Mechanism(
        "node.kv_cache",
        "bytes·bits/16, read at most 1.72 times as fast; kept share of contexts, or a window on every layer",
        "KIVI, arXiv 2402.02750; KVQuant, 2401.18079; H2O, 2306.14048; SnapKV, 2404.14469; QuaRot, 2404.00456",
        kv_cache.comparisons,
        "evicted layer by layer during prefill; accuracy is that of the scenario",
    ),
    "prompt compression": Mechanism(
        "node.prompt_compression",
        "s becomes s/r in time, memory and energy, and on the uplink at the user's; + time of the compressor per token",
        "LLMLingua, arXiv 2310.05736; LLMLingua-2, 2403.12968",
        prompt_compression.comparisons,
        "lengths are not rounded; what is left of accuracy multiplies f(ΔPPL); rows at 3 and 5 follow from 1 and 2",
    ),
    "attention kernels": Mechanism(
        "node.attention",
        "unfused: + L·H·16 bytes per pair of tokens in prefill, 4·H·s² bytes held",
        "FlashAttention, arXiv 2205.14135, theorem 2",
        None,
        "four accesses of 16 bits to every score; no row was found that tells bytes or times of single kernels",
    ),
    "images": Mechanism(
        "node.images, workload.image_share",
        "s becomes s + tokens·(K + (1 - p)(L - K))/L; + 2·weights·patches FLOPs, + the encoder's weights",
        "LLaVA-1.5, arXiv 2310.03744; FastV, 2403.06764",
        images.comparisons,
        "text of 100 tokens; the row of 13B with all tokens is given; bytes of an image",
    ),
    "semantic communication": Mechanism(
        "radio.uplink_bits_per_token, radio.uplink_token_error_rate",
        "b_U bits of a token become b_U/(1 - p)",
        "mean of tries until a token arrives, as tries are independent",
        None,
        "errors are found and sent again, at the same rate on every channel; no row was found that has bits, error "
        "rate and a score",
    ),
    "processors": Mechanism(
        "node.device",
        "the roofline, by kind of device: servers, desktops, laptops, boards, CPUs, phones and NPUs",
        "airockchip/rknn-llm: benchmark.md",
        processors.comparisons,
        "bandwidths and FP16 peaks of the NPUs; FPGAs, ASICs and computing memories are not listed: no row was found",
    ),
}
"""Every mechanism by its name."""


def mechanisms_table() -> Table:
    """Every mechanism with its equation, source, error and assumptions."""
    rows = [
        (name, one.setting, one.equation, one.source, one.errors(), one.assumed) for name, one in MECHANISMS.items()
    ]
    headings = ("mechanism", "setting", "equation", "source", "mean error against published rows", "assumed")
    return Table(headings, rows)
