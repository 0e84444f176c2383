"""Memory of a batch: what it holds, by kind."""

from __future__ import annotations

from edge_llm_env.inference.batch_cost import AffineCost, Polynomial
from edge_llm_env.inference.decoder import DecoderConfig
from edge_llm_env.inference.engine import Engine
from edge_llm_env.inference.quantization import Precision
from edge_llm_env.inference.work import kv_cache_bytes, weight_bytes

MEMORY_TERMS = {
    "held_weights": "stored weights, with the allocator's share",
    "held_cache": "KV cache of prompts and outputs, with the allocator's share where it is not paged",
    "held_activations": "activations of a prefill pass",
    "held_scores": "attention scores of a prefill pass, where the engine writes them out",
    "held_runtime": "what the process holds whatever the model: the device's context, kernels, libraries, workspaces",
    "held_workspace": "workspaces alone, of what the framework allocates",
}
"""Every term of memory by its name."""

UNIT_BYTES = 1e9
"""The unit in which workspaces and the runtime's memory are counted."""

COPIES_HELD = 2.0
"""Times that a process holds a cache which is copied for each token: the allocator keeps what the last copy left.

Of Qwen-7B under transformers 32 sequences of 1,024 tokens take 33 GB beyond those of one, whose caches have 17 GB
(QwenLM/Qwen: README.md, KV cache).
"""


def activation_bytes_per_token(decoder: DecoderConfig) -> float:
    """Bytes of activations per prompt token in a prefill pass: 2·(2·f·k + 4·d).

    Two vectors of the feed-forward width, four of the model's, in 16 bits: of Llama-3.1-8B 90 112 bytes, as 29 000
    tokens in one pass show (vllm-project/vllm issue 10517).
    """
    widest = max(decoder.d_ff * decoder.experts_per_token + decoder.shared_d_ff, decoder.dense_d_ff)
    return 2.0 * (2.0 * widest + 4.0 * decoder.d_model)


def memory_terms(
    decoder: DecoderConfig, precision: Precision, engine: Engine, *, modules: int = 1, allocated: bool = False
) -> dict[str, AffineCost]:
    """Bytes of each of `MEMORY_TERMS` at a factor of one, affine in the batch.

    What the process holds, or what the framework has `allocated` of it, which is what most frameworks report. An engine
    that prefills in chunks holds the activations of one chunk, whatever the batch.
    """
    none = Polynomial()
    activations, scores = activation_bytes_per_token(decoder), engine.score_bytes * decoder.heads
    chunk = engine.prefill_chunk_tokens
    terms = {
        "held_weights": AffineCost(Polynomial(constant=weight_bytes(decoder, precision)), none),
        "held_cache": AffineCost(none, kv_cache_bytes(decoder, precision)),
        "held_activations": AffineCost(none, Polynomial(s=activations))
        if chunk is None
        else AffineCost(Polynomial(constant=activations * chunk), none),
        "held_workspace" if allocated else "held_runtime": AffineCost(Polynomial(constant=UNIT_BYTES * modules), none),
    }
    if scores:
        terms["held_scores"] = AffineCost(none, Polynomial(s_squared=scores))
    if engine.copies_cache and not allocated:
        terms["held_cache"] = terms["held_cache"].scaled(COPIES_HELD)
    return terms
