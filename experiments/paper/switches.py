"""The assumed values of the paper's presets, each with what else it could be."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

from edge_llm_baselines.rules.heuristics import StaticBatching
from edge_llm_env.inference.catalog import load_precision
from edge_llm_env.scenarios import Scenario, load_scenario
from edge_llm_env.scenarios.loading import preset_content
from edge_llm_env.scenarios.settings import in_words

BASE = "as in the preset"
OTHER_PRECISION = "w4a16-gptq"


class Switch(NamedTuple):
    """A value of a preset, or of what it rests on, changed to one alternative."""

    field: str
    """A scenario's dotted field, or in words what is no field."""
    alternative: str
    """Its other value, in words."""
    overrides: dict[str, Any]
    static_batching: str = "StB"
    """Which reading of StB, a name in `experiments.paper.points.SOLVERS`."""
    against: tuple[str, str] = ("", BASE)
    """Field and alternative of the case that differs from it by this value alone."""


def switches(preset: str) -> Iterator[Switch]:
    """The preset itself, then every change."""
    scenario = load_scenario(preset)
    yield Switch("", BASE, {})
    yield from _switches_of_the_node(preset, scenario)
    yield from _switches_of_the_cell(scenario)
    yield from (
        Switch("StB's batch size", "any that fits", {}, "StB of any size"),
        Switch(
            "StB's order",
            "shortest job first, any size",
            {},
            "StB of any size, shortest job first",
            against=("StB's batch size", "any that fits"),
        ),
        *(
            Switch("workload.arrivals", f"{rate:g} requests/s", {"workload.arrivals.rate_per_s": rate})
            for rate in (10.0, 250.0)
        ),
        Switch("epoch.episode_epochs", "10", {"epoch.episode_epochs": 10}),
    )
    # Everywhere else all pending requests are visible; the preset's own slots are enough for all but few at its rate.
    own_slots = {"epoch.visible_slots": scenario.epoch.visible_slots}
    yield Switch("epoch.visible_slots", f"{scenario.epoch.visible_slots}", own_slots)
    yield Switch(
        "epoch.visible_slots",
        f"{scenario.epoch.visible_slots}, at 250 requests/s",
        own_slots | {"workload.arrivals.rate_per_s": 250.0},
        against=("workload.arrivals", "250 requests/s"),
    )


def _switches_of_the_node(preset: str, scenario: Scenario) -> Iterator[Switch]:
    longest = scenario.workload.longest_prompt_tokens
    yield Switch("node.prompt_padding", "none", {"node.prompt_padding": "none"})
    fixed = {"node.prompt_padding": "fixed", "node.fixed_prompt_tokens": longest}
    yield Switch("node.prompt_padding", f"fixed, {longest} tokens", fixed)
    yield Switch("node.output_length", "batch_max", {"node.output_length": "batch_max"})
    yield Switch("node.memory_bytes_per_module", "8 GB", {"node.memory_bytes_per_module": 8e9})
    for precision in ("w16a16", OTHER_PRECISION):
        yield Switch("node.precision", precision, {"node.precision": precision})
    for beta in (0.5, 1.0):
        yield Switch("β of the precision", f"{beta:g}", compute_factor_overrides(scenario, beta))
    for increase in (0.1, 1.0):
        yield Switch("ΔPPL of the precision", f"{increase:g}", {"node.perplexity_increase": increase})
    other = load_scenario(preset, **{"node.precision": OTHER_PRECISION}).quantization.perplexity_increase
    yield Switch(
        "f(ΔPPL)",
        f"exp(−ΔPPL), at {OTHER_PRECISION}",
        {"node.precision": OTHER_PRECISION, "node.perplexity_increase": math.expm1(other)},
        against=("node.precision", OTHER_PRECISION),
    )
    for modules in (10, 40):
        yield Switch("node.modules", f"{modules}", {"node.modules": modules})
    yield Switch("node.cost_model", "roofline", {"node.cost_model": "roofline"})


def _switches_of_the_cell(scenario: Scenario) -> Iterator[Switch]:
    embedding_bits = 16.0 * scenario.decoder.d_model
    for direction in ("uplink", "downlink"):
        field = f"radio.{direction}_bits_per_token"
        yield Switch(field, "an embedding: 16 × d_model", {field: embedding_bits})
    yield Switch("radio.path_loss", "3GPP UMa", {"radio.path_loss": {"kind": "uma"}})
    yield Switch("radio.path_loss", "3GPP UMi", {"radio.path_loss": {"kind": "umi"}})
    yield Switch("radio.path_loss", "8 dB shadowing", {"radio.path_loss.shadowing_db": 8.0})
    yield Switch("radio.fading", "Rician, K = 10 dB", {"radio.fading": {"kind": "rician", "k_factor_db": 10.0}})
    yield Switch("radio.reciprocal_fading", "false", {"radio.reciprocal_fading": False})
    yield Switch("radio.cell_radius_m", "250", {"radio.cell_radius_m": 250.0})
    yield Switch("radio.cell_radius_m", "1000", {"radio.cell_radius_m": 1000.0})
    yield Switch("radio.min_distance_m", "50", {"radio.min_distance_m": 50.0})
    yield Switch("radio.carrier_frequency_hz", "3.5 GHz", {"radio.carrier_frequency_hz": 3.5e9})


def compute_factor_overrides(scenario: Scenario, beta: float) -> dict[str, Any]:
    """Overrides that give batches the compute times and the memory that β would, leaving the catalogue as it is.

    Under `paper` a batch takes β·FLOPs / (modules·C), so β/β₀ times as long on β₀/β times the modules; their memory
    stays the same in all. Raises ValueError where that is no whole number of modules.
    """
    modules = scenario.node.modules * load_precision(scenario.node.precision).compute_factor / beta
    if not math.isclose(modules, round(modules)):
        raise ValueError(f"beta = {beta:g}: would take {modules:g} modules, which must be a whole number")
    return {
        "node.modules": round(modules),
        "node.memory_bytes_per_module": scenario.memory_limit_bytes / round(modules),
    }


def is_assumed(preset: str, field: str) -> bool:
    """Whether a switch changes what the paper does not say publicly; what is no field of the scenario is assumed."""
    if "." not in field:
        return True
    return bool(preset_content(preset)["provenance"].get(field, {"assumed": False})["assumed"])


def value_in_preset(preset: str, field: str) -> str:
    """What the alternatives of a switch stand against, in words: the preset's value, or what it rests on."""
    scenario = load_scenario(preset)
    rests_on = {
        "β of the precision": f"{scenario.quantization.compute_factor:g}",
        "ΔPPL of the precision": f"{scenario.quantization.perplexity_increase:g}",
        "f(ΔPPL)": "1 / (1 + ΔPPL)",
        "StB's batch size": f"{StaticBatching.for_scenario(scenario).most_requests}, safe with the longest requests",
        "StB's order": "first come first served",
        "epoch.visible_slots": "enough for all pending",
    }
    if field in rests_on:
        return rests_on[field]
    section, _, name = field.partition(".")
    return in_words(preset_content(preset)[section][name])
