"""How far sources disagree that measured the same: nothing can be better than that."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from itertools import combinations
from statistics import mean, median

from edge_llm_env.inference.validation.measurements import Measurement

NEAR = 0.1
"""Lengths differ by at most this part of the longer in rows that count as the same."""


def pairs(measurements: Sequence[Measurement]) -> list[tuple[Measurement, Measurement]]:
    """Rows of two sources with one decoder, precision, device, engine, batch and metric, and lengths within a tenth."""
    same: dict[tuple[object, ...], list[Measurement]] = defaultdict(list)
    for one in measurements:
        same[(one.decoder, one.precision, one.device, one.engine, one.batch, one.metric)].append(one)
    return [
        (one, other)
        for rows in same.values()
        for one, other in combinations(rows, 2)
        if one.source != other.source and _near(one, other)
    ]


def _near(one: Measurement, other: Measurement) -> bool:
    lengths = ((one.prompt_tokens, other.prompt_tokens), (one.output_tokens, other.output_tokens))
    return all(abs(a - b) <= NEAR * max(a, b) for a, b in lengths)


def floor(one: Measurement, other: Measurement) -> float:
    """The least mean error with which one prediction can meet both: (√r - 1/√r)/2 for values in the ratio r ≥ 1.

    It is met by the geometric mean.
    """
    root = math.sqrt(max(one.value / other.value, other.value / one.value))
    return 0.5 * (root - 1.0 / root)


def disagreement(measurements: Sequence[Measurement]) -> dict[str, dict[str, float]]:
    """Phase → pairs, the mean and median difference of the larger value to the smaller, and the mean `floor`."""
    found: dict[str, list[tuple[Measurement, Measurement]]] = defaultdict(list)
    for pair in pairs(measurements):
        found[pair[0].phase].append(pair)
    summaries = {}
    for phase, of_phase in sorted(found.items()):
        ratios = [max(a.value / b.value, b.value / a.value) - 1.0 for a, b in of_phase]
        summaries[phase] = {
            "pairs": len(of_phase),
            "mean": mean(ratios),
            "median": median(ratios),
            "largest": max(ratios),
            "floor": mean(floor(*pair) for pair in of_phase),
        }
    return summaries
