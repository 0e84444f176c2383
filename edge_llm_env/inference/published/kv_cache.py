"""The KV cache: published sizes and gains of fewer bits and entries."""

from __future__ import annotations

from edge_llm_env.inference.catalog import load_decoder, load_precision
from edge_llm_env.inference.mechanisms.chosen import NONE, Mechanisms
from edge_llm_env.inference.mechanisms.kv_cache import KvCache
from edge_llm_env.inference.published.comparison import Comparison, case_of, decode_s
from edge_llm_env.inference.work import kv_bytes_per_token

KVQUANT = "survey of KVQuant, arXiv 2401.18079: LLaMA-7B at 128K tokens, GB of 2^30 bytes"
SIZES = {16.0: 64.0, 4.33: 17.3, 3.33: 13.3, 2.33: 9.3}
"""Bits of an entry, outliers included → size in GiB."""

PER_TOKEN_MIB = {"llama-2-7b": 0.5, "llama-3-8b": 0.125, "llama-3.3-70b": 0.31}
"""At 16 bits (NVIDIA/kvpress README.md, and arithmetic)."""

SNAPKV = "SnapKV, arXiv 2404.14469, abstract; from memory: unverified"


def comparisons() -> list[Comparison]:
    """Every row."""
    plain = load_precision("w16a16")
    rows = []
    for bits, said in SIZES.items():
        each = kv_bytes_per_token(load_decoder("llama-7b"), KvCache(bits=bits).precision_of(plain))
        rows.append(Comparison(f"llama-7b at {bits:g} bits", said, each * 128 * 1024 / 2**30, "GiB", KVQUANT))
    for name, said in PER_TOKEN_MIB.items():
        each = kv_bytes_per_token(load_decoder(name), plain)
        rows.append(Comparison(f"{name}, a token", said, each / 2**20, "MiB", "NVIDIA/kvpress README.md, arithmetic"))
    case = case_of("llama-2-7b", "w16a16", "a100-80gb-sxm", "transformers")
    kept = KvCache(kept_tokens=1024)
    short = case._replace(decoder=kept.decoder_of(case.decoder).at_contexts(16384, 16500))
    lengths = (8, 16384, 100)
    gain = decode_s(case, NONE, lengths) / decode_s(short, Mechanisms(kv_cache=kept), lengths)
    reason = "its batch is not published (8 taken here), nor what its engine does with long caches"
    return [*rows, Comparison("LWM-7B, 1,024 of 16K tokens kept", 3.6, gain, "x, decode", SNAPKV, reason)]
