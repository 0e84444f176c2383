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
from edge_llm_env.inference.iteration import IterationCost, IterationCosts
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


def roofline_iteration_costs(
    decoder: DecoderConfig, precision: Precision, host: Host, largest_batch: int
) -> IterationCosts:
    """The same one pass at a time."""
    case = Case(decoder, precision, host.device, host.engine)
    known = adapted(case, host.measured, fitted_effects())
    compute_s = iteration_s(case, known, modules=host.modules, largest_batch=largest_batch)
    busy_w, dynamic_j = energy_parts(case, host.modules, largest_batch)
    return IterationCosts(compute_s, compute_s.scaled(busy_w).plus(dynamic_j))


def energy_j(case: Case, compute_s: AffineCost, modules: int, largest_batch: int) -> AffineCost:
    """Energy of a batch (J) that takes so long."""
    busy_w, dynamic_j = energy_parts(case, modules, largest_batch)
    return compute_s.scaled(busy_w).plus(dynamic_j.of_batch())


def energy_parts(case: Case, modules: int, largest_batch: int) -> tuple[float, IterationCost]:
    """Power while anything is computed (W), and the energy of a pass beside it (J).

    A static share of the modules' highest power while they compute, and a fixed energy per FLOP and per byte, such that
    full use of compute and memory draws the highest power: both shares are assumed.
    """
    device, shares = case.device, load_power_shares()
    dynamic_w = (1.0 - shares.static) * device.power_w
    j_per_flop = (1.0 - shares.memory) * dynamic_w / device.fp16_flops_per_s
    j_per_byte = shares.memory * dynamic_w / device.memory_bandwidth_bytes_per_s
    flops = linear_flops(case.decoder).plus(attention_products(case.decoder))
    moved = weight_traffic(case.decoder, case.precision, largest_batch).plus(kv_traffic(case.decoder, case.precision))
    return shares.static * device.power_w * modules, flops.scaled(j_per_flop).plus(moved.scaled(j_per_byte))


class RooflineCostModel(CostModel):
    """`roofline`: FLOPs, memory traffic and launches, with fitted factors."""

    name = "roofline"
    held_always = "the runtime and the weights"
    heeds_measurements = True

    def batch_cost(self, decoder: DecoderConfig, precision: Precision, host: Host, largest_batch: int) -> BatchCost:
        """`roofline_batch_cost`."""
        return roofline_batch_cost(decoder, precision, host, largest_batch)

    def iteration_costs(
        self, decoder: DecoderConfig, precision: Precision, host: Host, largest_batch: int
    ) -> IterationCosts:
        """`roofline_iteration_costs`."""
        return roofline_iteration_costs(decoder, precision, host, largest_batch)

    def weight_bytes(self, decoder: DecoderConfig, precision: Precision) -> float:
        """Bytes of the stored weights."""
        return weight_bytes(decoder, precision)
