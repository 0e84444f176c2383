"""The `paper` cost model: FLOPs of a plain multi-head decoder, as arXiv 2405.07140 counts them."""

from __future__ import annotations

from edge_llm_env.inference.batch_cost import AffineCost, BatchCost, Polynomial
from edge_llm_env.inference.cost_models.cost_model import CostModel, Host
from edge_llm_env.inference.decoder import DecoderConfig
from edge_llm_env.inference.iteration import IterationCost, IterationCosts
from edge_llm_env.inference.quantization import Precision

_NOTHING = Polynomial()


def prefill_flops(decoder: DecoderConfig) -> Polynomial:
    """FLOPs of the prefill stage of one request: L·(8·s·d² + 4·s·d·f + 4·s²·d) (arXiv 2405.07140, prefill stage)."""
    layers, d, f = decoder.layers, decoder.d_model, decoder.d_ff
    return Polynomial(s=layers * (8.0 * d * d + 4.0 * d * f), s_squared=layers * 4.0 * d)


def decode_flops(decoder: DecoderConfig) -> Polynomial:
    """FLOPs of the decode stage of one request: Σ_{k=1}^{n-1} L·(8d² + 4df + 4·(s+k)·d) (arXiv 2405.07140).

    The sum is (n-1)·L·(8d² + 4df + 4·(s + n/2)·d), expanded here into monomials.
    """
    layers, d, f = decoder.layers, decoder.d_model, decoder.d_ff
    per_token = layers * (8.0 * d * d + 4.0 * d * f)
    per_context = layers * 4.0 * d
    return Polynomial(
        constant=-per_token,
        s=-per_context,
        n=per_token - per_context / 2.0,
        n_squared=per_context / 2.0,
        s_times_n=per_context,
    )


def weight_bytes(decoder: DecoderConfig, precision: Precision) -> float:
    """Bytes of the stored weights: α·2·L·(4d² + 2df); no embeddings (arXiv 2405.07140, memory footprint)."""
    d, f = decoder.d_model, decoder.d_ff
    return precision.memory_factor * 2.0 * decoder.layers * (4.0 * d * d + 2.0 * d * f)


def kv_cache_bytes(decoder: DecoderConfig) -> Polynomial:
    """KV-cache bytes of one request: 4·L·d·(s + n), two 16-bit vectors per layer and token (arXiv 2405.07140)."""
    per_token = 4.0 * decoder.layers * decoder.d_model
    return Polynomial(s=per_token, n=per_token)


def paper_batch_cost(decoder: DecoderConfig, precision: Precision, *, flops_per_s: float, power_w: float) -> BatchCost:
    """Batch cost of the paper: compute time β·FLOPs/C, additive over requests; memory α·weights + Σ KV.

    `flops_per_s` is the node's pooled capacity C. Energy is `power_w` (W) for as long as the node computes: assumed,
    since the paper has no energy model.
    """
    flops = prefill_flops(decoder).plus(decode_flops(decoder))
    compute = AffineCost(_NOTHING, flops.scaled(precision.compute_factor / flops_per_s))
    memory = AffineCost(Polynomial(constant=weight_bytes(decoder, precision)), kv_cache_bytes(decoder))
    energy = AffineCost(_NOTHING, compute.marginal.scaled(power_w))
    return BatchCost(compute, memory, energy)


def paper_iteration_costs(
    decoder: DecoderConfig, precision: Precision, *, flops_per_s: float, power_w: float
) -> IterationCosts:
    """The same one pass at a time: what a batch costs is exactly what its passes add up to."""
    layers, d, f = decoder.layers, decoder.d_model, decoder.d_ff
    per_token, per_pair = layers * (8.0 * d * d + 4.0 * d * f), layers * 4.0 * d
    flops = IterationCost(
        decode_sequence=per_token, decode_context=per_pair, prefill_token=per_token, prefill_pair=2.0 * per_pair
    )
    compute_s = flops.scaled(precision.compute_factor / flops_per_s)
    return IterationCosts(compute_s, compute_s.scaled(power_w))


def check_described(decoder: DecoderConfig) -> None:
    """Raise ValueError, which names them, if a decoder has parts that the paper's formulas do not count.

    The formulas are of H heads of width d/H each with keys and values of its own, and one feed-forward network of two
    matrices (arXiv 2405.07140, system model); of others they would be wrong several times over.
    """
    parts = {
        f"{decoder.kv_heads} key/value heads for {decoder.heads} heads": decoder.kv_heads != decoder.heads,
        "keys and values of latents": decoder.latent_kv is not None,
        f"{decoder.heads} heads of width {decoder.head_dim} and {decoder.value_dim} in a width of {decoder.d_model}": (
            decoder.latent_kv is None
            and {decoder.heads * decoder.head_dim, decoder.heads * decoder.value_dim} != {decoder.d_model}
        ),
        "gated feed-forward networks": decoder.gated_ffn,
        f"{decoder.experts} experts": decoder.experts > 1,
    }
    others = [part for part, there in parts.items() if there]
    if others:
        raise ValueError(
            "cost_model = 'paper': counts plain multi-head attention and feed-forward networks of two matrices, and "
            f"this decoder has {', '.join(others)}; must be another cost model, such as roofline"
        )


class PaperCostModel(CostModel):
    """`paper`: FLOPs only."""

    name = "paper"
    held_always = "the weights"
    heeds_measurements = False
    heeds_mechanisms = False

    def batch_cost(self, decoder: DecoderConfig, precision: Precision, host: Host, largest_batch: int) -> BatchCost:
        """`paper_batch_cost` of the pooled modules under any engine; ValueError as of `check_described`."""
        check_described(decoder)
        device, modules = host.device, host.modules
        return paper_batch_cost(
            decoder, precision, flops_per_s=device.fp16_flops_per_s * modules, power_w=device.power_w * modules
        )

    def iteration_costs(
        self, decoder: DecoderConfig, precision: Precision, host: Host, largest_batch: int
    ) -> IterationCosts:
        """`paper_iteration_costs` of the pooled modules; ValueError as of `check_described`."""
        check_described(decoder)
        device, modules = host.device, host.modules
        return paper_iteration_costs(
            decoder, precision, flops_per_s=device.fp16_flops_per_s * modules, power_w=device.power_w * modules
        )

    def weight_bytes(self, decoder: DecoderConfig, precision: Precision) -> float:
        """Bytes of the stored weights; ValueError as of `check_described`."""
        check_described(decoder)
        return weight_bytes(decoder, precision)
