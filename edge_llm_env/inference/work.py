"""What inference has to compute and to move: FLOPs and bytes of prefill and decode.

In the symbols of `docs/model.md`: L layers, width d, FFN width f, H heads, H_kv key/value heads of width h, vocabulary
V, g = 3 or 2 FFN matrices, E experts of which k act on a token. A linear layer takes 2 FLOPs per weight and token.
"""

from __future__ import annotations

from typing import NamedTuple

from edge_llm_env.inference.batch_cost import AffineCost, Polynomial
from edge_llm_env.inference.decoder import DecoderConfig
from edge_llm_env.inference.quantization import Precision

EXPERT_BATCH = 8
"""Batch size, beside 1, at which the bytes of experts read per decode step are exact; see `expert_bytes`."""


class Work(NamedTuple):
    """Work of one phase on a batch: FLOPs, bytes of memory traffic, and passes through the layers.

    `steps` counts passes: its base per batch, its marginal per request that takes part in them.
    """

    flops: AffineCost
    bytes: AffineCost
    steps: AffineCost


def layer_weights(decoder: DecoderConfig, experts: float) -> float:
    """Weights of one layer's matrices with so many experts: N_ℓ = d·h·(2H + 2H_kv) + g·d·f·experts."""
    attention = decoder.d_model * decoder.head_dim * (2 * decoder.heads + 2 * decoder.kv_heads)
    return attention + expert_weights(decoder) * experts


def expert_weights(decoder: DecoderConfig) -> int:
    """Weights of one expert of one layer, g·d·f."""
    return (3 if decoder.gated_ffn else 2) * decoder.d_model * decoder.d_ff


def parameters(decoder: DecoderConfig) -> float:
    """Weights of the whole model: L·N_ℓ + V·d, twice if untied; norms, biases and routers are left out."""
    embeddings = decoder.vocabulary * decoder.d_model * (1 if decoder.tied_embeddings else 2)
    return decoder.layers * layer_weights(decoder, decoder.experts) + embeddings


def weight_bytes(decoder: DecoderConfig, precision: Precision) -> float:
    """Bytes of the stored weights: L·N_ℓ·(w + 32/group)/8 + V·d·head_bits/8, the latter twice if untied."""
    layers = decoder.layers * layer_weights(decoder, decoder.experts) * precision.stored_weight_bits / 8.0
    return layers + _head_bytes(decoder, precision) * (1 if decoder.tied_embeddings else 2)


def read_bytes(decoder: DecoderConfig, precision: Precision, experts: float) -> float:
    """Bytes of weights that one pass reads: all layers, with so many experts each, and the output head."""
    layers = decoder.layers * layer_weights(decoder, experts) * precision.stored_weight_bits / 8.0
    return layers + _head_bytes(decoder, precision)


def _head_bytes(decoder: DecoderConfig, precision: Precision) -> float:
    return decoder.vocabulary * decoder.d_model * precision.head_bits / 8.0


def kv_bytes_per_token(decoder: DecoderConfig, precision: Precision) -> float:
    """Bytes of the KV cache per token: 2·L·H_kv·h·kv_bits/8."""
    return 2.0 * decoder.layers * decoder.kv_heads * decoder.head_dim * precision.kv_bits / 8.0


def experts_read(decoder: DecoderConfig, tokens: float) -> float:
    """Experts of a layer that so many tokens use, in expectation: E·(1 - (1 - k/E)^tokens), experts chosen evenly."""
    return decoder.experts * (1.0 - (1.0 - decoder.experts_per_token / decoder.experts) ** tokens)


def experts_read_affine(decoder: DecoderConfig) -> tuple[float, float]:
    """Experts read per decode step as `first + each·batch`: the chord of `experts_read` from 1 to `EXPERT_BATCH`.

    `experts_read` is concave in the batch, and a batch cost must be affine. The chord is exact for a request alone and
    at the batch that the published measurements have, falls with the requests still alive, and never decreases when a
    request is added. In between it reads too few experts, beyond too many: of Mixtral-8x7B (8 experts, 2 act) at most
    25 % too few, and 66 % too many at batch 16; of Qwen3-30B-A3B (128, 8) 9 % and 23 %.
    """
    each = (experts_read(decoder, EXPERT_BATCH) - decoder.experts_per_token) / (EXPERT_BATCH - 1)
    return decoder.experts_per_token - each, each


def prefill_work(decoder: DecoderConfig, precision: Precision) -> Work:
    """Work of the prefill of a batch, which also makes the first output token.

    FLOPs of s tokens: 2·L·N_ℓ·s + 4·L·H·h·s²·½ (causal) + 2·V·d, the last for the last token's logits only. Weights
    are read once per batch, with all experts, of which prompts of 60 tokens leave under 3 % unread; each request
    writes its KV cache.
    """
    flops = Polynomial(
        constant=2.0 * decoder.vocabulary * decoder.d_model,
        s=2.0 * decoder.layers * layer_weights(decoder, decoder.experts_per_token),
        s_squared=2.0 * decoder.layers * decoder.heads * decoder.head_dim,
    )
    return Work(
        flops=AffineCost(Polynomial(), flops),
        bytes=AffineCost(
            Polynomial(constant=read_bytes(decoder, precision, decoder.experts)),
            Polynomial(s=kv_bytes_per_token(decoder, precision)),
        ),
        steps=AffineCost(Polynomial(constant=1.0), Polynomial(constant=1.0)),
    )


def decode_work(decoder: DecoderConfig, precision: Precision) -> Work:
    """Work of the decode steps of a batch: n' - 1 steps, of which each request takes part in its first n - 1.

    Step k has context s + k: per request 2·L·N_ℓ + 4·L·H·h·(s + k) + 2·V·d FLOPs, and (s + k) tokens of KV cache read
    or, the newest, written. Weights are read once per step. Summed over the steps, Σ (s + k) = (n - 1)·(s + n/2).
    """
    steps = Polynomial(constant=-1.0, n=1.0)
    contexts = Polynomial(s=-1.0, n=-0.5, n_squared=0.5, s_times_n=1.0)
    linear_flops = 2.0 * decoder.layers * layer_weights(decoder, decoder.experts_per_token)
    head_flops = 2.0 * decoder.vocabulary * decoder.d_model
    attention_flops = 4.0 * decoder.layers * decoder.heads * decoder.head_dim
    first_experts, each_experts = experts_read_affine(decoder)
    expert_bytes = decoder.layers * expert_weights(decoder) * precision.stored_weight_bits / 8.0
    return Work(
        flops=AffineCost(Polynomial(), steps.scaled(linear_flops + head_flops).plus(contexts.scaled(attention_flops))),
        bytes=AffineCost(
            steps.scaled(read_bytes(decoder, precision, first_experts)),
            steps.scaled(each_experts * expert_bytes).plus(contexts.scaled(kv_bytes_per_token(decoder, precision))),
        ),
        steps=AffineCost(steps, steps),
    )
