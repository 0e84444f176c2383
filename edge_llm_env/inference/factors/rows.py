"""Measured times and sizes, taken apart into what factors multiply."""

from __future__ import annotations

from typing import NamedTuple

from edge_llm_env.inference.batch_cost import AffineCost
from edge_llm_env.inference.decoder import DecoderConfig
from edge_llm_env.inference.device import Device
from edge_llm_env.inference.engine import Engine
from edge_llm_env.inference.factors.effects import effects, memory_effects
from edge_llm_env.inference.factors.regression import Row
from edge_llm_env.inference.factors.terms import unit_terms
from edge_llm_env.inference.memory import memory_terms
from edge_llm_env.inference.quantization import Precision


class Case(NamedTuple):
    """What runs where."""

    decoder: DecoderConfig
    precision: Precision
    device: Device
    engine: Engine


def row_of(
    case: Case,
    metric: str,
    batch: int,
    prompt_tokens: int,
    output_tokens: int,
    value: float,
    *,
    allocated: bool = False,
) -> Row:
    """One measurement taken apart.

    `metric` is "prefill" (a batch of prompts), "decode" (one pass, whose sequences have `prompt_tokens` before it),
    "throughput" (whole generations) or "memory", of which the framework has `allocated` all; `value` is in s or bytes.
    """
    lengths = (batch, prompt_tokens, output_tokens)
    held = prompt_tokens + (0 if metric == "prefill" else output_tokens)
    case = case._replace(decoder=case.decoder.at_contexts(prompt_tokens, held))
    if metric == "memory":
        terms = memory_terms(case.decoder, case.precision, case.engine, allocated=allocated)
        return Row(
            {term: cost.of_equals(*lengths) for term, cost in terms.items()},
            {term: memory_effects(term, case.engine) for term in terms},
            {},
            value,
        )
    steps = {"prefill": 0, "decode": 1, "throughput": output_tokens - 1}[metric]
    units = unit_terms(*case, largest_batch=batch)
    alone = unit_terms(*case)
    return Row(
        {term: _amount(unit.of_batch(), metric, lengths) for term, unit in units.items()},
        {term: effects(term, *case) for term in units},
        {
            "weights": steps * (alone["weights"].decode_pass + alone["weights"].decode_sequence),
            "compute": steps * alone["compute"].decode_sequence,
        },
        value,
    )


def _amount(cost: AffineCost, metric: str, lengths: tuple[int, int, int]) -> float:
    batch, prompt, output = lengths
    if metric == "prefill":
        return cost.of_equals(batch, prompt, 1)
    if metric == "decode":
        return cost.of_equals(batch, prompt, 2) - cost.of_equals(batch, prompt, 1)
    return cost.of_equals(batch, prompt, output)
