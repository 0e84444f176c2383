"""Predicting time, memory and energy of a batch."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Any

from edge_llm_env.inference.batch_cost import AffineCost
from edge_llm_env.inference.cost_models.roofline import energy_j
from edge_llm_env.inference.decoder import DecoderConfig
from edge_llm_env.inference.device import Device
from edge_llm_env.inference.engine import Engine
from edge_llm_env.inference.factors.alike import decode_phase
from edge_llm_env.inference.factors.fitted import Effects, fitted_effects, with_own
from edge_llm_env.inference.factors.measured import Measured
from edge_llm_env.inference.factors.terms import TERMS
from edge_llm_env.inference.factors.told import phase_of, told
from edge_llm_env.inference.mechanisms.chosen import NONE, Mechanisms
from edge_llm_env.inference.mechanisms.serving import MORE_TERMS, batch_s, iteration_s, memory_bytes, time_terms
from edge_llm_env.inference.prediction.distance import distances
from edge_llm_env.inference.prediction.estimates import Binding, Estimate, Prediction
from edge_llm_env.inference.prediction.question import Question, question
from edge_llm_env.inference.prediction.spreads import classes, spread
from edge_llm_env.inference.quantization import Precision


def predict(
    decoder: str | os.PathLike[str] | DecoderConfig,
    precision: str | Precision,
    device: str | Device,
    engine: str | Engine | None = None,
    *,
    batch: int = 1,
    prompt_tokens: int,
    output_tokens: int,
    measured: Iterable[str | Measured] = (),
    mechanisms: Mechanisms | Mapping[str, Mapping[str, Any]] = NONE,
) -> Prediction:
    """What a batch of equal requests takes on one device by the roofline model, with intervals.

    Arguments are names of the catalogue or objects, and a decoder also the path of a Hugging Face `config.json` or of
    its folder. Without an engine it is a compiled one of which nothing was measured. `prompt_tokens` and
    `output_tokens` are of each request; output is at least 2 tokens, as prefill makes the first. `measured` tells of
    this decoder and precision on this device and engine, such as "decode 38 tokens/s at batch 1". `mechanisms` are
    those of a scenario's node, such as {"speculation": {"draft_tokens": 4, "acceptance": 0.7}}; times are then per
    token that each request gets, of a parallel group together, and have no interval.

    An interval is that within which two thirds of published rows of the kind lie when they are predicted from the
    other rows, in a case of which as much was measured. Energy has none: it was never measured, and how power splits
    is assumed.

    Layers with a sliding window are counted as `DecoderConfig.at_contexts` says, too long where the window fills up
    during the generation; `window` of the answer says by how much.

    Raises ValueError, one line, that names the argument and what would be accepted.
    """
    asked = question(
        decoder, precision, device, engine,
        batch=batch, prompt_tokens=prompt_tokens, output_tokens=output_tokens, measured=measured,
        mechanisms=mechanisms,
    )  # fmt: skip
    tokens = {"prefill": asked.prompt_tokens, "decode": asked.prompt_tokens + asked.output_tokens}
    known = told(asked.case, asked.measured, with_own(fitted_effects(), asked.case.engine), asked.batch, tokens)
    prefill, decode = _phases(asked, known)
    decode_kind = decode_phase(asked.batch)
    spreads = _spreads(asked, decode_kind)
    prefill_s = Estimate.within(sum(prefill.values()), spreads["prefill"][1])
    token_s = Estimate.within(sum(decode.values()), spreads[decode_kind][1])
    held = _memory(asked, known)
    return Prediction(
        decoder=asked.decoder,
        precision=asked.case.precision.name,
        device=asked.case.device.name,
        engine=asked.case.engine.name,
        mechanisms=asked.mechanisms.described(),
        batch=asked.batch,
        prompt_tokens=asked.prompt_tokens,
        output_tokens=asked.output_tokens,
        prefill_s=prefill_s,
        token_s=token_s,
        tokens_per_s=token_s.inverse(asked.batch),
        generation_s=prefill_s.plus(token_s.scaled(asked.output_tokens - 1)),
        memory_bytes=Estimate.within(held, spreads["memory"][1]),
        energy_j=Estimate(_energy(asked, known)),
        memory_limit_bytes=asked.modules * asked.case.device.memory_bytes,
        memory_fits=held <= asked.modules * asked.case.device.memory_bytes,
        prefill_binding=_binding(prefill),
        decode_binding=_binding(decode),
        intervals={kind: of_class for kind, (of_class, _) in spreads.items() if of_class},
        window=asked.beyond_window(),
        distances=distances(asked),
    )


def _phases(asked: Question, known: Effects) -> tuple[dict[str, float], dict[str, float]]:
    """Seconds of each term in prefill, and in the mean decode pass."""
    lengths = (asked.batch, asked.prompt_tokens)
    prefill = _terms(asked, known, asked.prompt_tokens)
    decode = _terms(asked, known, asked.prompt_tokens + asked.output_tokens)
    return (
        {term: cost.of_equals(*lengths, 1) for term, cost in prefill.items()},
        {
            term: (cost.of_equals(*lengths, asked.output_tokens) - cost.of_equals(*lengths, 1))
            / (asked.output_tokens - 1)
            for term, cost in decode.items()
        },
    )


def _terms(asked: Question, known: Effects, longest_tokens: int) -> dict[str, AffineCost]:
    case = asked.case_up_to(longest_tokens)
    terms = time_terms(case, known, asked.mechanisms, modules=asked.modules, largest_batch=asked.batch)
    return {term: batch_s(cost, asked.mechanisms) for term, cost in terms.items()}


def _spreads(asked: Question, decode_kind: str) -> dict[str, tuple[str, float | None]]:
    """Kind of value → class and spread of its interval; none of what no row of the fit has."""
    if asked.mechanisms != NONE:
        return dict.fromkeys(("prefill", decode_kind, "memory"), ("", None))
    measured = {phase_of(one.metric, one.batch) for one in asked.measured}
    return {
        kind: spread(kind, classes(kind, asked.case.device, asked.case.engine, measured))
        for kind in ("prefill", decode_kind, "memory")
    }


def _binding(seconds: Mapping[str, float]) -> Binding:
    term = max(seconds, key=seconds.__getitem__)
    meaning = TERMS[term].meaning if term in TERMS else MORE_TERMS[term]
    return Binding(term, meaning, seconds[term] / sum(seconds.values()))


def _memory(asked: Question, known: Effects) -> float:
    case = asked.case_up_to(asked.prompt_tokens + asked.output_tokens)
    held = memory_bytes(case, known, asked.mechanisms, modules=asked.modules)
    return held.of_equals(asked.batch, asked.prompt_tokens, asked.output_tokens)


def _energy(asked: Question, known: Effects) -> float:
    case = asked.case_up_to(asked.prompt_tokens + asked.output_tokens)
    one_pass = iteration_s(case, known, asked.mechanisms, modules=asked.modules, largest_batch=asked.batch)
    cost = energy_j(case, batch_s(one_pass, asked.mechanisms), asked.modules, asked.batch, asked.mechanisms)
    return cost.of_equals(asked.batch, asked.prompt_tokens, asked.output_tokens)
