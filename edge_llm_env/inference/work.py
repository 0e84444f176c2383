"""What inference has to compute and to move: FLOPs and bytes of prefill and decode.

In the symbols of `docs/model.md`: L layers, width d, FFN width f, H heads, H_kv key/value heads of width h, vocabulary
V, g = 3 or 2 FFN matrices, E experts of which k act on a token. A linear layer takes 2 FLOPs per weight and token.
Costs are affine in lengths, so they cannot cap what layers with a sliding window keep: they count
`DecoderConfig.window_share` of the tokens beyond it, never less than what is kept (`counted_tokens`);
`kv_bytes` caps.
"""

from __future__ import annotations

from edge_llm_env.inference.batch_cost import Polynomial
from edge_llm_env.inference.decoder import DecoderConfig
from edge_llm_env.inference.quantization import Precision


def layer_weights(decoder: DecoderConfig, experts: float) -> float:
    """Weights of one layer's matrices with so many experts, in the mean over layers where some of them are dense.

    N_ℓ = attention + g·d·f·experts; with shared experts of width f_s, g·d·f_s more, and in dense layers g·d·f_d alone.
    """
    return _matrix_weights(decoder, experts) / decoder.layers


def _matrix_weights(decoder: DecoderConfig, experts: float) -> float:
    """The same, of all layers together."""
    matrices = _ffn_matrices(decoder)
    expert_layer = expert_weights(decoder) * experts + matrices * decoder.d_model * decoder.shared_d_ff
    dense_layer = matrices * decoder.d_model * decoder.dense_d_ff
    feed_forward = decoder.expert_layers * expert_layer + decoder.dense_layers * dense_layer
    return decoder.layers * attention_weights(decoder) + feed_forward


def attention_weights(decoder: DecoderConfig) -> int:
    """Weights of one layer's attention: d·(H·h + H_kv·h + H_kv·h_v) and H·h_v·d, h_v the width of a value.

    With a latent of width c for keys and values (DeepSeek-V2, arXiv 2405.04434, §2.1): d·(c + h_r) into it and
    c·H·(h - h_r + h_v) out of it, h_r the part of a key that heads share; likewise for queries where they have one.
    """
    d, heads, key, value = decoder.d_model, decoder.heads, decoder.head_dim, decoder.value_dim
    queries = d * heads * key if decoder.latent_query is None else decoder.latent_query * (d + heads * key)
    if decoder.latent_kv is None:
        keys_and_values = d * decoder.kv_heads * (key + value)
    else:
        shared = decoder.latent_key_dim
        keys_and_values = d * (decoder.latent_kv + shared) + decoder.latent_kv * heads * (key - shared + value)
    return queries + keys_and_values + heads * value * d


def attention_flops(decoder: DecoderConfig, *, decode: bool) -> float:
    """FLOPs of one layer for one query and one token that it attends to: 2·H·h for the score, 2·H·h_v for the value.

    Decode over latents does not expand them but attends in their width (DeepSeek-V2, arXiv 2405.04434, §2.1.2):
    2·H·(c + h_r) and 2·H·c.
    """
    if decode and decoder.latent_kv is not None:
        return 2.0 * decoder.heads * (2 * decoder.latent_kv + decoder.latent_key_dim)
    return 2.0 * decoder.heads * (decoder.head_dim + decoder.value_dim)


def expert_weights(decoder: DecoderConfig) -> int:
    """Weights of one expert of one layer that has experts, g·d·f."""
    return _ffn_matrices(decoder) * decoder.d_model * decoder.d_ff


def _ffn_matrices(decoder: DecoderConfig) -> int:
    return 3 if decoder.gated_ffn else 2


def parameters(decoder: DecoderConfig) -> float:
    """Weights of the whole model: L·N_ℓ + V·d, twice if untied, + learned positions·d + norms, biases and routers."""
    tables = decoder.vocabulary * (1 if decoder.tied_embeddings else 2) + decoder.positions
    return _matrix_weights(decoder, decoder.experts) + tables * decoder.d_model + decoder.other_weights


def weight_bytes(decoder: DecoderConfig, precision: Precision) -> float:
    """Bytes of the stored weights: L·N_ℓ·(w + 32/group)/8 + V·d·head_bits/8, the latter twice if untied.

    Learned positions are stored as the embeddings are, norms, biases and routers in 16 bits.
    """
    layers = _matrix_weights(decoder, decoder.experts) * precision.stored_weight_bits / 8.0
    positions = decoder.positions * decoder.d_model * precision.head_bits / 8.0
    tables = _head_bytes(decoder, precision) * (1 if decoder.tied_embeddings else 2) + positions
    return layers + tables + _other_bytes(decoder)


def read_bytes(decoder: DecoderConfig, precision: Precision, experts: float) -> float:
    """Bytes of weights that one pass reads: all layers, with so many experts each, and the output head."""
    layers = _matrix_weights(decoder, experts) * precision.stored_weight_bits / 8.0
    return layers + _head_bytes(decoder, precision) + _other_bytes(decoder)


def _head_bytes(decoder: DecoderConfig, precision: Precision) -> float:
    return decoder.vocabulary * decoder.d_model * precision.head_bits / 8.0


def _other_bytes(decoder: DecoderConfig) -> float:
    return 2.0 * decoder.other_weights


def kv_bytes_per_token(decoder: DecoderConfig, precision: Precision) -> float:
    """Bytes of the KV cache per token where no window is full: L·H_kv·(h + h_v)·kv_bits/8.

    With latents, L·(c + h_r)·kv_bits/8, whatever the number of heads.
    """
    if decoder.latent_kv is None:
        entries = decoder.kv_heads * (decoder.head_dim + decoder.value_dim)
    else:
        entries = decoder.latent_kv + decoder.latent_key_dim
    return decoder.layers * entries * precision.kv_bits / 8.0


def kv_bytes(decoder: DecoderConfig, precision: Precision, tokens: float) -> float:
    """Bytes of the KV cache of a sequence of so many tokens, of which windowed layers keep the window's."""
    return kv_bytes_per_token(decoder, precision) * cached_tokens(decoder, tokens)


def cached_tokens(decoder: DecoderConfig, tokens: float) -> float:
    """Tokens that a layer keeps of so many, in the mean over layers: all, or the window where it has one."""
    if decoder.window is None:
        return tokens
    windowed = decoder.window_layers / decoder.layers
    return tokens - windowed * max(tokens - decoder.window, 0.0)


def counted_tokens(decoder: DecoderConfig, tokens: float) -> float:
    """The same as costs count it, never less: exactly, or as `DecoderConfig.at_contexts` says."""
    base, each = counted_tokens_affine(decoder)
    return base + each * tokens


def counted_tokens_affine(decoder: DecoderConfig) -> tuple[float, float]:
    """Base and slope of `counted_tokens`."""
    if decoder.window is None:
        return 0.0, 1.0
    full = decoder.window_layers / decoder.layers * (1.0 - decoder.window_share)
    return full * decoder.window, 1.0 - full


def kv_cache_bytes(decoder: DecoderConfig, precision: Precision) -> Polynomial:
    """Bytes of the KV cache of a request of s + n tokens, as costs count windows."""
    base, each = counted_tokens_affine(decoder)
    per_token = kv_bytes_per_token(decoder, precision)
    return Polynomial(constant=base * per_token, s=each * per_token, n=each * per_token)
