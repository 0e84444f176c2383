"""How far a case lies from everything measured: one entry per dimension."""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import cache
from typing import NamedTuple

from edge_llm_env.inference.catalog import load_decoder, load_device
from edge_llm_env.inference.decoder import DecoderConfig
from edge_llm_env.inference.prediction.question import Question
from edge_llm_env.inference.validation.measurements import Measurement, published_measurements
from edge_llm_env.inference.work import layer_weights


class Evidence(NamedTuple):
    """The rows that a case is compared with."""

    rows: Collection[Measurement]
    nearest: Collection[Measurement]
    """Those of its engine, or all where it has none."""
    where: str
    """Of what the nearest rows are."""


def distances(question: Question) -> tuple[str, ...]:
    """Sentences on each of `DIMENSIONS` in which no published row is near."""
    rows = published_measurements()
    of_engine = [row for row in rows if row.engine == question.case.engine.name]
    evidence = Evidence(rows, of_engine, "on this engine") if of_engine else Evidence(rows, rows, "on any engine")
    return tuple(sentence for of in DIMENSIONS.values() if (sentence := of(question, evidence)) is not None)


def _device(question: Question, evidence: Evidence) -> str | None:
    device = question.case.device
    if any(row.device == device.name for row in evidence.rows):
        return None
    board = device.board or device.name
    modes = {row.device for row in evidence.rows if board and board in (row.device, load_device(row.device).board)}
    return "no measurement of this device" + (f", but of its power modes {', '.join(sorted(modes))}" if modes else "")


def _engine(question: Question, evidence: Evidence) -> str | None:
    engine = question.case.engine
    if not engine.name:
        return "no engine named: taken to be a compiled one of which nothing was measured"
    return None if any(row.engine == engine.name for row in evidence.rows) else "no measurement of this engine"


def _machine(question: Question, evidence: Evidence) -> str | None:
    engines = {row.engine for row in evidence.rows if row.device == question.case.device.name}
    if not engines or question.case.engine.name in engines:
        return None
    return f"no measurement of this engine on this device, only of {', '.join(sorted(engines))}"


def _phases(question: Question, evidence: Evidence) -> str | None:
    case = question.case
    metrics = {
        row.metric for row in evidence.nearest if (row.device, row.engine) == (case.device.name, case.engine.name)
    }
    missing = [phase for phase in ("prefill", "decode") if not metrics & {phase, "throughput"}]
    if not metrics or not missing:
        return None
    return f"no {' and no '.join(missing)} measured on this engine and this device"


def _batch(question: Question, evidence: Evidence) -> str | None:
    largest = max(row.batch for row in evidence.nearest)
    return f"no row with batch above {largest} {evidence.where}" if question.batch > largest else None


def _prompt(question: Question, evidence: Evidence) -> str | None:
    prompts = [row.prompt_tokens for row in evidence.nearest if row.metric in ("prefill", "throughput")]
    return _outside("prompts", question.prompt_tokens, prompts, "{:,} tokens", evidence.where)


def _context(question: Question, evidence: Evidence) -> str | None:
    contexts = [
        row.prompt_tokens + row.output_tokens
        for row in evidence.nearest
        if row.metric in ("decode", "throughput") and row.lengths_published
    ]
    reached = question.prompt_tokens + question.output_tokens
    return _outside("contexts", reached, contexts, "{:,} tokens", evidence.where)


def _format(question: Question, evidence: Evidence) -> str | None:
    name, device = question.case.precision.name, question.case.device.name
    if not name:
        return "the format of the weights has no name by which measurements would be found"
    if all(row.precision != name for row in evidence.rows):
        return f"format {name} was never measured"
    of_format = [row for row in evidence.nearest if row.precision == name]
    if not of_format:
        return f"format {name} was never measured {evidence.where}"
    measured_here = any(row.device == device for row in evidence.nearest)
    if measured_here and all(row.device != device for row in of_format):
        return f"format {name} was never measured {evidence.where} and this device"
    return None


def _experts(question: Question, evidence: Evidence) -> str | None:
    if question.case.decoder.experts == 1 or any(_catalogued(row.decoder).experts > 1 for row in evidence.nearest):
        return None
    return f"no mixture of experts {evidence.where}"


def _size(question: Question, evidence: Evidence) -> str | None:
    weights = [_billions(_catalogued(row.decoder)) for row in evidence.nearest]
    return _outside(
        "models", _billions(question.case.decoder), weights, "{:.2g}e9 weights in their layers", evidence.where
    )


def _memory(question: Question, evidence: Evidence) -> str | None:
    return None if any(row.metric == "memory" for row in evidence.nearest) else f"no memory measured {evidence.where}"


def _outside(what: str, asked: float, measured: Collection[float], written: str, where: str) -> str | None:
    """A sentence where what is asked is below or above all that was measured."""
    if not measured:
        return f"no {what} of known length measured {where}"
    least, most = min(measured), max(measured)
    if asked > most:
        return f"{what} measured {where} reach {written.format(most)}"
    return f"{what} measured {where} begin at {written.format(least)}" if asked < least else None


@cache
def _catalogued(name: str) -> DecoderConfig:
    return load_decoder(name)


def _billions(decoder: DecoderConfig) -> float:
    return 1e-9 * decoder.layers * layer_weights(decoder, decoder.experts)


DIMENSIONS: dict[str, Callable[[Question, Evidence], str | None]] = {
    "device": _device,
    "engine": _engine,
    "device and engine": _machine,
    "phases": _phases,
    "batch": _batch,
    "prompt": _prompt,
    "context": _context,
    "format": _format,
    "experts": _experts,
    "size": _size,
    "memory": _memory,
}
"""In what a case can lie far from measurements → the sentence that says so, or None where it does not."""
