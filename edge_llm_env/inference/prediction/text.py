"""A prediction as text and as JSON."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

from edge_llm_env.inference.prediction.estimates import Binding, Estimate, Prediction
from edge_llm_env.support.tables import Table

MEANING = "± is half the interval that holds two thirds of published rows, each predicted from other rows,"
"""What intervals mean, in words."""

NO_INTERVAL = "no interval: no row of such a case was left out and predicted"


def as_record(prediction: Prediction) -> dict[str, Any]:
    """The prediction as JSON can hold it; an estimate is an object of value, low and high, null without an interval."""
    return dataclasses.asdict(prediction)


def as_text(prediction: Prediction) -> str:
    """The prediction as a short table, with what binds and how far it lies from measurements."""
    one = prediction
    rows = [
        ("decode", _written(one.tokens_per_s, "tokens/s"), "all requests together" if one.batch > 1 else ""),
        ("time per token", _seconds(one.token_s), _bound(one.decode_binding)),
        ("prefill", _seconds(one.prefill_s), _bound(one.prefill_binding)),
        ("whole generation", _seconds(one.generation_s), ""),
        ("memory", _written(one.memory_bytes.scaled(1e-9), "GB"), _room(one)),
        ("energy", _written(one.energy_j, "J"), "assumed, never measured, so without an interval"),
    ]
    table = Table(("", "predicted", ""), rows).text().splitlines()[1:]
    intervals = [f"{kind}: {of_class}" for kind, of_class in one.intervals.items()]
    meaning = [MEANING, f"  in cases like this one ({'; '.join(intervals)})"] if intervals else [NO_INTERVAL]
    window = [] if one.window is None else [f"Sliding window: {one.window}.", ""]
    lines = [_case(one), "", *table, "", *meaning, "", *window]
    if one.distances:
        return "\n".join([*lines, "How far from what was measured:", *(f"  {sentence}" for sentence in one.distances)])
    return "\n".join([*lines, "Measured rows surround this case."])


def _case(one: Prediction) -> str:
    engine = f" under {one.engine}" if one.engine else ""
    engine += f" with {one.mechanisms}" if one.mechanisms else ""
    requests = f"{one.batch} request{'s' if one.batch > 1 else ''} of {one.prompt_tokens:,} + {one.output_tokens:,}"
    names = [one.decoder or "a decoder", one.precision or "a precision", one.device or "a device"]
    return f"{' '.join(names)}{engine}: {requests} tokens"


def _bound(binding: Binding) -> str:
    return f"{binding.share:.0%} is {binding.meaning}"


def _room(one: Prediction) -> str:
    limit, held = one.memory_limit_bytes, one.memory_bytes
    usable = f"{1e-9 * limit:.1f} GB are usable"
    if one.memory_fits:
        return f"may not fit: {usable}" if held.high is not None and held.high > limit else f"fits: {usable}"
    return f"may fit: {usable}" if held.low is not None and held.low <= limit else f"does not fit: {usable}"


def _seconds(estimate: Estimate) -> str:
    return _written(estimate, "s") if estimate.value >= 1.0 else _written(estimate.scaled(1e3), "ms")


def _written(estimate: Estimate, unit: str) -> str:
    """As "38 ± 6 tokens/s": the half width to one digit (two if it begins with 1 or 2), the value to the same place."""
    half = estimate.half_width
    if not half:
        return f"{_rounded(estimate.value, _place(estimate.value) - 2)} {unit}"
    place = _place(half) - (1 if f"{half:e}"[0] in "12" else 0)
    return f"{_rounded(estimate.value, place)} ± {_rounded(half, place)} {unit}"


def _place(value: float) -> int:
    """The power of ten of the first digit."""
    return math.floor(math.log10(value))


def _rounded(value: float, place: int) -> str:
    return f"{round(value, -place):,.{max(-place, 0)}f}"
