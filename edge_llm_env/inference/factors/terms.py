"""The terms of an iteration's time: what is computed, moved and launched, at the speed of the datasheet."""

from __future__ import annotations

from typing import NamedTuple

from edge_llm_env.inference.decoder import DecoderConfig
from edge_llm_env.inference.device import Device
from edge_llm_env.inference.engine import Engine
from edge_llm_env.inference.factors.experts import experts_chord
from edge_llm_env.inference.iteration import IterationCost
from edge_llm_env.inference.quantization import Precision
from edge_llm_env.inference.work import (
    attention_flops,
    counted_tokens_affine,
    expert_weights,
    kv_bytes_per_token,
    layer_weights,
    read_bytes,
)


class Term(NamedTuple):
    """One term of an iteration's time."""

    phase: str
    """prefill or decode."""
    resource: str
    """What of the machine it waits for: bandwidth, compute or host."""
    meaning: str


TERMS = {
    "weights": Term("decode", "bandwidth", "weights read in a decode pass"),
    "kv_cache": Term("decode", "bandwidth", "KV cache read or written"),
    "compute": Term("decode", "compute", "multiplications of a decode pass"),
    "launches": Term("decode", "host", "launches of a decode pass"),
    "sequences": Term("decode", "host", "sampling and bookkeeping per sequence and token"),
    "prefill_weights": Term("prefill", "bandwidth", "weights read in a prefill pass"),
    "prefill_fill": Term("prefill", "compute", "tokens until the multiplications of prefill reach their speed"),
    "prefill_compute": Term("prefill", "compute", "multiplications of prompts by weights"),
    "prefill_attention": Term("prefill", "compute", "multiplications of prompts by keys and values"),
    "prefill_scores": Term("prefill", "bandwidth", "attention scores of prompts written and read again"),
    "prefill_gemv": Term("prefill", "bandwidth", "weights read again and again by token-wise products"),
    "prefill_launches": Term("prefill", "host", "launches of a prefill pass"),
}
"""Every term by its name."""


def weight_traffic(decoder: DecoderConfig, precision: Precision, largest_batch: int) -> IterationCost:
    """Bytes of weights read: once per pass, of a mixture the experts that the sequences use, all of them in prefill.

    Prompts of 60 tokens leave under 3 % of the experts of Qwen3-30B-A3B unread.
    """
    first, each = experts_chord(decoder, largest_batch)
    expert_bytes = decoder.expert_layers * expert_weights(decoder) * precision.stored_weight_bits / 8.0
    return IterationCost(
        decode_pass=read_bytes(decoder, precision, first),
        decode_sequence=each * expert_bytes,
        prefill_pass=read_bytes(decoder, precision, decoder.experts),
    )


def kv_traffic(decoder: DecoderConfig, precision: Precision) -> IterationCost:
    """Bytes of KV cache: written in prefill, read (and the newest token written) in decode."""
    per_token = kv_bytes_per_token(decoder, precision)
    base, each = counted_tokens_affine(decoder)
    return IterationCost(decode_sequence=base * per_token, decode_context=each * per_token, prefill_token=per_token)


def cache_passes(decoder: DecoderConfig, engine: Engine) -> float:
    """How often the KV cache is read or written for each token: once, or where an engine copies it thrice and more.

    The copy reads and writes it, attention reads it: 3. Where H / H_kv = G heads share it, it is repeated for each
    before that, which reads it once and writes it G times, and attention reads it G times: 3 + 2·G.
    """
    if not engine.copies_cache:
        return 1.0
    sharing = decoder.heads / decoder.kv_heads
    return 3.0 + (2.0 * sharing if sharing > 1.0 else 0.0)


def linear_flops(decoder: DecoderConfig) -> IterationCost:
    """FLOPs of the products with weights: 2·L·N_ℓ per token, and 2·V·d per token that is sampled."""
    layers = 2.0 * decoder.layers * layer_weights(decoder, decoder.experts_per_token)
    head = 2.0 * decoder.vocabulary * decoder.d_model
    return IterationCost(decode_sequence=layers + head, prefill_token=layers, prefill_sequence=head)


def attention_products(decoder: DecoderConfig) -> IterationCost:
    """FLOPs of the products with keys and values: 4·L·H·h per token and token that it attends to."""
    base, each = counted_tokens_affine(decoder)
    decode = decoder.layers * attention_flops(decoder, decode=True)
    prefill = decoder.layers * attention_flops(decoder, decode=False)
    return IterationCost(
        decode_sequence=base * decode,
        decode_context=each * decode,
        prefill_token=base * prefill,
        prefill_pair=each * prefill,
    )


def score_traffic(decoder: DecoderConfig, engine: Engine) -> IterationCost:
    """Bytes of attention scores that an engine writes out and reads again, for whole squares of prompts at once."""
    both_ways, of_square = 2.0, 2.0
    return IterationCost(prefill_pair=both_ways * of_square * engine.score_bytes * decoder.layers * decoder.heads)


def flops_per_s(device: Device, engine: Engine, precision: Precision) -> float:
    """The device's peak for how the engine multiplies by weights (FLOP/s): at 8 bits, FP16 or FP32 accumulation.

    Quantized weights times activations that are rounded to INT8 on the way reach at most half of the INT8 peak, since
    products of groups are scaled one by one: assumed.
    """
    if precision.activation_bits == 8:
        return device.int8_ops_per_s or 2.0 * device.fp16_flops_per_s
    if engine.int8_products and precision.weight_bits <= 8 and device.int8_ops_per_s is not None:
        return max(0.5 * device.int8_ops_per_s, device.fp16_flops_per_s)
    return attention_flops_per_s(device, engine)


def attention_flops_per_s(device: Device, engine: Engine) -> float:
    """The peak for products with keys and values (FLOP/s), which are in 16 bits whatever the weights' format."""
    if engine.fp16_accumulation and device.fp16_accumulation_flops_per_s is not None:
        return device.fp16_accumulation_flops_per_s
    return device.fp16_flops_per_s


def unit_terms(
    decoder: DecoderConfig,
    precision: Precision,
    device: Device,
    engine: Engine,
    *,
    modules: int = 1,
    largest_batch: int = 1,
) -> dict[str, IterationCost]:
    """Seconds of each of `TERMS` at a factor of one: at the peaks of pooled modules, or per launch.

    Pooling takes no time for communication: assumed, as in arXiv 2405.07140.
    """
    per_flop_s = 1.0 / (flops_per_s(device, engine, precision) * modules)
    per_byte_s = 1.0 / (device.memory_bandwidth_bytes_per_s * modules)
    weights = weight_traffic(decoder, precision, largest_batch).scaled(per_byte_s)
    linear = linear_flops(decoder).scaled(per_flop_s)
    attention = attention_products(decoder).scaled(1.0 / (attention_flops_per_s(device, engine) * modules))
    launched = decoder.layers * engine.launches_per_layer(quantized=precision.weight_bits < 16)
    terms = {
        "weights": weights._replace(prefill_pass=0.0),
        "kv_cache": kv_traffic(decoder, precision).scaled(per_byte_s * cache_passes(decoder, engine)),
        "compute": IterationCost(
            decode_sequence=linear.decode_sequence + attention.decode_sequence, decode_context=attention.decode_context
        ),
        "launches": IterationCost(decode_pass=launched),
        "sequences": IterationCost(decode_sequence=1.0, prefill_sequence=1.0),
        "prefill_weights": IterationCost(prefill_pass=weights.prefill_pass),
        "prefill_fill": IterationCost(prefill_pass=linear.prefill_token),
        "prefill_compute": IterationCost(prefill_token=linear.prefill_token, prefill_sequence=linear.prefill_sequence),
        "prefill_attention": IterationCost(prefill_token=attention.prefill_token, prefill_pair=attention.prefill_pair),
        "prefill_launches": IterationCost(prefill_pass=launched),
    }
    if engine.score_bytes:
        terms["prefill_scores"] = score_traffic(decoder, engine).scaled(per_byte_s)
    if engine.gemv_prefill and precision.weight_bits < 16:
        terms["prefill_gemv"] = IterationCost(prefill_token=weights.decode_pass + weights.decode_sequence)
        terms["prefill_compute"] = terms["prefill_fill"] = IterationCost()
    return terms
