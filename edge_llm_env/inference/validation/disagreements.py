"""How far sources disagree that measured the same: nothing can be better than that."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Sequence
from itertools import combinations
from statistics import mean, median

from edge_llm_env.inference.validation.errors import Predicted
from edge_llm_env.inference.validation.kinds import SPLITS
from edge_llm_env.inference.validation.measurements import Measurement

NEAR = 0.1
"""Lengths differ by at most this part of the longer in rows that count as the same."""


def pairs(measurements: Sequence[Measurement]) -> list[tuple[Measurement, Measurement]]:
    """Rows of two sources with one decoder, precision, device, engine, batch and metric, and lengths within a tenth."""
    return [
        (one, other)
        for rows in _alike(measurements).values()
        for one, other in combinations(rows, 2)
        if one.source != other.source and _near(one, other)
    ]


def _alike(measurements: Sequence[Measurement]) -> dict[tuple[object, ...], list[Measurement]]:
    same: dict[tuple[object, ...], list[Measurement]] = defaultdict(list)
    for one in measurements:
        same[(one.decoder, one.precision, one.device, one.engine, one.batch, one.metric)].append(one)
    return same


def _near(one: Measurement, other: Measurement) -> bool:
    lengths = ((one.prompt_tokens, other.prompt_tokens), (one.output_tokens, other.output_tokens))
    return all(abs(a - b) <= NEAR * max(a, b) for a, b in lengths)


def least_error(ratios: Sequence[float]) -> float:
    """The least mean absolute error that one factor on predictions of one case leaves: min over c of mean |c·r - 1|.

    `ratios` are of predicted to measured. The mean is convex and bends where a row is met, so one of these is least; of
    two rows that is the smaller one, and leaves half of what the larger is above it.
    """
    return min(mean(abs(ratio / met - 1.0) for ratio in ratios) for met in ratios)


def floors(rows: Sequence[Predicted], others: Sequence[Predicted]) -> dict[str, dict[str, dict[str, dict[str, float]]]]:
    """Phase → split → kind → rows of a case that was measured twice or more, their floor, and their error in `others`.

    `rows` are predicted by one fit to all, which takes out what their lengths differ by, and `others` are the same rows
    predicted otherwise. The floor is the mean of `least_error` over cases; nothing that knows no more than device,
    engine, decoder, precision and lengths is closer. The split "all" has one kind.
    """
    number = {id(row.measurement): i for i, row in enumerate(rows)}
    found: dict[str, dict[str, dict[str, list[tuple[float, float]]]]] = {}
    for case in cases([row.measurement for row in rows]):
        of_case = [rows[number[id(one)]] for one in case]
        least = least_error([row.values[0] / row.measurement.value for row in of_case])
        for row in of_case:
            both = least, others[number[id(row.measurement)]].error
            splits = {"all": "all"} | {split: of(row.measurement) for split, of in SPLITS.items()}
            of_phase = found.setdefault(row.measurement.phase, {split: {} for split in splits})
            for split, kind in splits.items():
                of_phase[split].setdefault(kind, []).append(both)
    return {
        phase: {split: {kind: _floor(both) for kind, both in kinds.items()} for split, kinds in of_phase.items()}
        for phase, of_phase in sorted(found.items())
    }


def _floor(both: Sequence[tuple[float, float]]) -> dict[str, float]:
    return {
        "rows": len(both),
        "floor": round(mean(least for least, _ in both), 4),
        "error": round(mean(error for _, error in both), 4),
    }


def one_factor(rows: Sequence[Predicted], group: Callable[[Measurement], Hashable]) -> dict[str, dict[str, float]]:
    """Phase → rows in groups of two or more, and the least mean error that one factor for each group leaves.

    The factor is that of the group's rows of one phase, all of them known: no single row can tell it better.
    """
    groups: dict[Hashable, list[Predicted]] = defaultdict(list)
    for row in rows:
        groups[row.measurement.phase, group(row.measurement)].append(row)
    found: dict[str, list[float]] = defaultdict(list)
    for of_group in groups.values():
        least = least_error([row.values[0] / row.measurement.value for row in of_group])
        found[of_group[0].measurement.phase] += [least] * len(of_group) if len(of_group) > 1 else []
    return {
        phase: {"rows": len(errors), "error": round(mean(errors), 4)}
        for phase, errors in sorted(found.items())
        if errors
    }


def cases(measurements: Sequence[Measurement]) -> list[list[Measurement]]:
    """Rows of one case, whatever their source, two or more: each is near another in lengths."""
    found: list[list[Measurement]] = []
    for rows in _alike(measurements).values():
        of_case: list[list[Measurement]] = []
        for one in rows:
            near = [case for case in of_case if any(_near(one, other) for other in case)]
            of_case = [case for case in of_case if case not in near] + [[*(row for case in near for row in case), one]]
        found += [case for case in of_case if len(case) > 1]
    return found


def disagreement(measurements: Sequence[Measurement]) -> dict[str, dict[str, float]]:
    """Phase → pairs, and the mean, median and largest difference of the larger value to the smaller."""
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
        }
    return summaries
