"""The `roofline` cost model: time from FLOPs and from memory traffic, with overheads, as published devices show it.

One pass through the layers takes

    FLOPs/(η_c·P) + bytes/(η_m·BW) + t_0 + batch·t_b,

with P and BW the datasheet's peaks (`docs/model.md`). The two terms are added, not maximised, which keeps the cost of a
batch affine. What the model states of its error comes from `edge_llm_env.inference.validation`.
"""

from __future__ import annotations

from edge_llm_env.inference.batch_cost import AffineCost, BatchCost, Polynomial
from edge_llm_env.inference.catalog import load_efficiency
from edge_llm_env.inference.cost_models.cost_model import CostModel
from edge_llm_env.inference.decoder import DecoderConfig
from edge_llm_env.inference.device import Device
from edge_llm_env.inference.efficiency import Efficiency
from edge_llm_env.inference.quantization import Precision
from edge_llm_env.inference.work import Work, decode_work, kv_cache_bytes, prefill_work, weight_bytes


def roofline_batch_cost(
    decoder: DecoderConfig, precision: Precision, device: Device, efficiency: Efficiency, *, modules: int = 1
) -> BatchCost:
    """Batch cost on so many pooled modules: peaks and power add up, each step's overhead is paid once.

    Pooling takes no time for communication: assumed, as in arXiv 2405.07140. Weight-only quantization saves bytes and
    no FLOPs. Energy is a static share of the modules' highest power while they compute, and a fixed energy per FLOP
    and per byte, such that full use of compute and memory draws the highest power: both shares are assumed.
    """
    prefill, decode = prefill_work(decoder, precision), decode_work(decoder, precision)
    compute_s = prefill_s(prefill, device, efficiency, modules).plus(decode_s(decode, device, efficiency, modules))
    return BatchCost(
        compute_s,
        roofline_memory_bytes(decoder, precision, efficiency, modules=modules),
        _energy_j(compute_s, prefill, decode, device, efficiency, modules),
    )


def prefill_s(work: Work, device: Device, efficiency: Efficiency, modules: int = 1) -> AffineCost:
    """Time of the prefill of a batch (s)."""
    return _time_s(
        work,
        efficiency.prefill_compute * device.fp16_flops_per_s * modules,
        efficiency.prefill_bandwidth * device.memory_bandwidth_bytes_per_s * modules,
        efficiency.prefill_overhead_s,
        efficiency.sequence_overhead_s,
    )


def decode_s(work: Work, device: Device, efficiency: Efficiency, modules: int = 1) -> AffineCost:
    """Time of the decode steps of a batch (s)."""
    return _time_s(
        work,
        efficiency.decode_compute * device.fp16_flops_per_s * modules,
        efficiency.decode_bandwidth * device.memory_bandwidth_bytes_per_s * modules,
        efficiency.step_overhead_s,
        efficiency.sequence_overhead_s,
    )


def _time_s(
    work: Work, flops_per_s: float, bytes_per_s: float, step_overhead_s: float, sequence_overhead_s: float
) -> AffineCost:
    overheads = AffineCost(work.steps.base.scaled(step_overhead_s), work.steps.marginal.scaled(sequence_overhead_s))
    return work.flops.scaled(1.0 / flops_per_s).plus(work.bytes.scaled(1.0 / bytes_per_s)).plus(overheads)


def roofline_memory_bytes(
    decoder: DecoderConfig, precision: Precision, efficiency: Efficiency, *, modules: int = 1
) -> AffineCost:
    """Memory of a batch (bytes): weights and runtime once, the KV cache of s + n tokens per request."""
    fixed = weight_bytes(decoder, precision) + efficiency.runtime_bytes * modules
    return AffineCost(Polynomial(constant=fixed), kv_cache_bytes(decoder, precision))


def _energy_j(
    compute_s: AffineCost, prefill: Work, decode: Work, device: Device, efficiency: Efficiency, modules: int
) -> AffineCost:
    dynamic_w = (1.0 - efficiency.static_power_share) * device.power_w
    j_per_flop = (1.0 - efficiency.memory_power_share) * dynamic_w / device.fp16_flops_per_s
    j_per_byte = efficiency.memory_power_share * dynamic_w / device.memory_bandwidth_bytes_per_s
    static = compute_s.scaled(efficiency.static_power_share * device.power_w * modules)
    flops, moved = prefill.flops.plus(decode.flops), prefill.bytes.plus(decode.bytes)
    return static.plus(flops.scaled(j_per_flop)).plus(moved.scaled(j_per_byte))


class RooflineCostModel(CostModel):
    """`roofline`: FLOPs, memory traffic and overheads, with the catalogue's efficiency."""

    name = "roofline"
    held_always = "the runtime and the weights"

    def batch_cost(self, decoder: DecoderConfig, precision: Precision, device: Device, modules: int) -> BatchCost:
        """`roofline_batch_cost` at the catalogue's efficiency."""
        return roofline_batch_cost(decoder, precision, device, load_efficiency(), modules=modules)

    def weight_bytes(self, decoder: DecoderConfig, precision: Precision) -> float:
        """Bytes of the stored weights."""
        return weight_bytes(decoder, precision)
