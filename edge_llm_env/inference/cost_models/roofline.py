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
from edge_llm_env.inference.factors.fitted import fitted_effects, with_own
from edge_llm_env.inference.factors.measured import adapted
from edge_llm_env.inference.factors.rows import Case
from edge_llm_env.inference.iteration import IterationCost, IterationCosts
from edge_llm_env.inference.mechanisms.chosen import NONE, Mechanisms
from edge_llm_env.inference.mechanisms.serving import batch_s, iteration_s, memory_bytes, work
from edge_llm_env.inference.quantization import Precision
from edge_llm_env.inference.work import weight_bytes


def roofline_batch_cost(decoder: DecoderConfig, precision: Precision, host: Host, largest_batch: int) -> BatchCost:
    """Batch cost on pooled modules: peaks and power add up, overheads are paid once.

    Pooling takes no time for communication, as in arXiv 2405.07140, unless the host has `parallelism`.
    """
    case = Case(decoder, precision, host.device, host.engine)
    known = adapted(case, host.measured, with_own(fitted_effects(), host.engine))
    one_pass = iteration_s(case, known, host.mechanisms, modules=host.modules, largest_batch=largest_batch)
    compute_s = batch_s(one_pass, host.mechanisms)
    return BatchCost(
        compute_s,
        memory_bytes(case, known, host.mechanisms, modules=host.modules),
        energy_j(case, compute_s, host.modules, largest_batch, host.mechanisms),
    )


def roofline_iteration_costs(
    decoder: DecoderConfig, precision: Precision, host: Host, largest_batch: int
) -> IterationCosts:
    """The same one pass at a time; ValueError where groups share a batch, as an iteration is of one group."""
    parallel = host.mechanisms.parallelism
    if parallel is not None and parallel.groups > 1:
        raise ValueError(
            f"parallelism: data = {parallel.data}, microbatches = {parallel.microbatches}: must be 1 where an engine "
            "is scheduled iteration by iteration, as an iteration is of one group"
        )
    case = Case(decoder, precision, host.device, host.engine)
    known = adapted(case, host.measured, with_own(fitted_effects(), host.engine))
    compute_s = iteration_s(case, known, host.mechanisms, modules=host.modules, largest_batch=largest_batch)
    busy_w, dynamic_j = energy_parts(case, host.modules, largest_batch, host.mechanisms)
    return IterationCosts(compute_s, compute_s.scaled(busy_w).plus(dynamic_j))


def energy_j(
    case: Case, compute_s: AffineCost, modules: int, largest_batch: int, mechanisms: Mechanisms = NONE
) -> AffineCost:
    """Energy of a batch (J) that takes so long."""
    busy_w, dynamic_j = energy_parts(case, modules, largest_batch, mechanisms)
    return compute_s.scaled(busy_w).plus(dynamic_j.of_batch())


def energy_parts(
    case: Case, modules: int, largest_batch: int, mechanisms: Mechanisms = NONE
) -> tuple[float, IterationCost]:
    """Power while anything is computed (W), and the energy of a pass beside it (J).

    A static share of the modules' highest power while they compute, and a fixed energy per FLOP and per byte, such that
    full use of compute and memory draws the highest power: both shares are assumed. Links take no energy of their own.
    """
    device, shares = case.device, load_power_shares()
    dynamic_w = (1.0 - shares.static) * device.power_w
    j_per_flop = (1.0 - shares.memory) * dynamic_w / device.fp16_flops_per_s
    j_per_byte = shares.memory * dynamic_w / device.memory_bandwidth_bytes_per_s
    flops, moved = work(case, mechanisms, largest_batch=largest_batch)
    return shares.static * device.power_w * modules, flops.scaled(j_per_flop).plus(moved.scaled(j_per_byte))


class RooflineCostModel(CostModel):
    """`roofline`: FLOPs, memory traffic and launches, with fitted factors."""

    name = "roofline"
    held_always = "the runtime and the weights"
    heeds_measurements = True
    heeds_mechanisms = True

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
