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
    "held_runtime": "what the runtime holds whatever the model",
}
"""Every term of memory by its name."""

RUNTIME_BYTES = 1e9
"""The unit in which the runtime's memory is counted."""


def activation_bytes_per_token(decoder: DecoderConfig, engine: Engine) -> float:
    """Bytes of activations per prompt token in a prefill pass: 2·(2·f·k + 4·d), and 6·V where an engine has all logits.

    Two vectors of the feed-forward width, four of the model's, in 16 bits: of Llama-3.1-8B 90 112 bytes, as 29 000
    tokens in one pass show (vllm-project/vllm issue 10517). Logits of the prompt are in 16 and in 32 bits.
    """
    widest = max(decoder.d_ff * decoder.experts_per_token + decoder.shared_d_ff, decoder.dense_d_ff)
    logits = 6.0 * decoder.vocabulary if engine.prompt_logits else 0.0
    return 2.0 * (2.0 * widest + 4.0 * decoder.d_model) + logits


def memory_terms(
    decoder: DecoderConfig, precision: Precision, engine: Engine, *, modules: int = 1
) -> dict[str, AffineCost]:
    """Bytes of each of `MEMORY_TERMS` at a factor of one, affine in the batch.

    An engine that prefills in chunks holds the activations of one chunk, whatever the batch.
    """
    activations = activation_bytes_per_token(decoder, engine)
    chunk = engine.prefill_chunk_tokens
    none = Polynomial()
    return {
        "held_weights": AffineCost(Polynomial(constant=weight_bytes(decoder, precision)), none),
        "held_cache": AffineCost(none, kv_cache_bytes(decoder, precision)),
        "held_activations": AffineCost(none, Polynomial(s=activations))
        if chunk is None
        else AffineCost(Polynomial(constant=activations * chunk), none),
        "held_runtime": AffineCost(Polynomial(constant=RUNTIME_BYTES * modules), none),
    }
