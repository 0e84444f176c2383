"""The `roofline` cost model: FLOPs, memory traffic and launches, each with factors fitted to published measurements.

A pass through the layers takes the sum of its terms (`edge_llm_env.inference.factors.terms`) at the datasheet's peaks,
times factors that depend on device, engine and format (`docs/model.md`). What the model states of its error comes from
`edge_llm_env.inference.validation`.
"""

from __future__ import annotations

from edge_llm_env.inference.batch_cost import AffineCost, BatchCost
from edge_llm_env.inference.catalog import load_power_shares
from edge_llm_env.inference.cost_models.cost_model import CostModel, Host
from edge_llm_env.inference.decoder import DecoderConfig
from edge_llm_env.inference.factors.fitted import fitted_effects, iteration_s, memory_bytes
from edge_llm_env.inference.factors.measured import adapted
from edge_llm_env.inference.factors.rows import Case
from edge_llm_env.inference.factors.terms import (
    attention_products,
    kv_traffic,
    linear_flops,
    weight_traffic,
)
from edge_llm_env.inference.quantization import Precision
from edge_llm_env.inference.work import weight_bytes


def roofline_batch_cost(decoder: DecoderConfig, precision: Precision, host: Host, largest_batch: int) -> BatchCost:
    """Batch cost on pooled modules: peaks and power add up, overheads are paid once.

    Pooling takes no time for communication: assumed, as in arXiv 2405.07140.
    """
    case = Case(decoder, precision, host.device, host.engine)
    known = adapted(case, host.measured, fitted_effects())
    compute_s = iteration_s(case, known, modules=host.modules, largest_batch=largest_batch).of_batch()
    return BatchCost(
        compute_s,
        memory_bytes(case, known, modules=host.modules),
        energy_j(case, compute_s, host.modules, largest_batch),
    )


def energy_j(case: Case, compute_s: AffineCost, modules: int, largest_batch: int) -> AffineCost:
    """Energy of a batch (J) that takes so long.

    A static share of the modules' highest power while they compute, and a fixed energy per FLOP and per byte, such that
    full use of compute and memory draws the highest power: both shares are assumed.
    """
    device, shares = case.device, load_power_shares()
    dynamic_w = (1.0 - shares.static) * device.power_w
    j_per_flop = (1.0 - shares.memory) * dynamic_w / device.fp16_flops_per_s
    j_per_byte = shares.memory * dynamic_w / device.memory_bandwidth_bytes_per_s
    flops = linear_flops(case.decoder).plus(attention_products(case.decoder))
    moved = weight_traffic(case.decoder, case.precision, largest_batch).plus(kv_traffic(case.decoder, case.precision))
    dynamic = flops.scaled(j_per_flop).plus(moved.scaled(j_per_byte)).of_batch()
    return compute_s.scaled(shares.static * device.power_w * modules).plus(dynamic)


class RooflineCostModel(CostModel):
    """`roofline`: FLOPs, memory traffic and launches, with fitted factors."""

    name = "roofline"
    held_always = "the runtime and the weights"
    heeds_measurements = True

    def batch_cost(self, decoder: DecoderConfig, precision: Precision, host: Host, largest_batch: int) -> BatchCost:
        """`roofline_batch_cost`."""
        return roofline_batch_cost(decoder, precision, host, largest_batch)

    def weight_bytes(self, decoder: DecoderConfig, precision: Precision) -> float:
        """Bytes of the stored weights."""
        return weight_bytes(decoder, precision)
