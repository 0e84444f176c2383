"""Errors of predictions, in all and by kind."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from statistics import mean, median
from typing import Any, NamedTuple

import numpy as np

from edge_llm_env.inference.validation.kinds import PHASES, SPLITS
from edge_llm_env.inference.validation.measurements import Measurement

RESAMPLES = 1000
"""Samples of boards that an interval is made of."""


class Predicted(NamedTuple):
    """One row and what was predicted of it."""

    measurement: Measurement
    values: tuple[float, ...]
    """s or bytes; several where each follows from another row that was given."""

    @property
    def error(self) -> float:
        """Mean absolute relative error."""
        return mean(abs(value / self.measurement.value - 1.0) for value in self.values)

    @property
    def bias(self) -> float:
        """Mean relative error."""
        return mean(value / self.measurement.value - 1.0 for value in self.values)


def summary(rows: Sequence[Predicted]) -> dict[str, float]:
    """Number of rows and boards, mean and median absolute error, mean error, and a 90 % interval of the first mean.

    The interval is of samples of whole boards, drawn again and again: rows of one board are alike.
    """
    errors = [one.error for one in rows]
    low, high = interval(errors, [one.measurement.board for one in rows])
    parts = {
        "error": mean(errors),
        "low": low,
        "high": high,
        "median": median(errors),
        "bias": mean(one.bias for one in rows),
    }
    counts = {"rows": len(rows), "boards": len({one.measurement.board for one in rows})}
    return counts | {name: round(value, 4) for name, value in parts.items()}


def interval(errors: Sequence[float], groups: Sequence[Hashable], seed: int = 0) -> tuple[float, float]:
    """The 5th and 95th percentile of the mean error over samples of groups, drawn with replacement."""
    of_group: dict[Hashable, list[float]] = defaultdict(list)
    for group, error in zip(groups, errors, strict=True):
        of_group[group].append(error)
    sums = np.array([sum(group) for group in of_group.values()])
    counts = np.array([len(group) for group in of_group.values()])
    drawn = np.random.default_rng(seed).integers(len(sums), size=(RESAMPLES, len(sums)))
    low, high = np.percentile(sums[drawn].sum(axis=1) / counts[drawn].sum(axis=1), (5, 95))
    return float(low), float(high)


def by_phase(rows: Iterable[Predicted]) -> dict[str, list[Predicted]]:
    """Phase → its rows, for phases that have any."""
    found: dict[str, list[Predicted]] = {phase: [] for phase in PHASES}
    for one in rows:
        found[one.measurement.phase].append(one)
    return {phase: of_phase for phase, of_phase in found.items() if of_phase}


def errors(rows: Iterable[Predicted]) -> dict[str, dict[str, object]]:
    """Phase → the summary of `all` its rows, and of each kind: split → kind → summary."""
    return {
        phase: {"all": summary(of_phase)}
        | {split: {kind: summary(part) for kind, part in parts(of_phase, split).items()} for split in SPLITS}
        for phase, of_phase in by_phase(rows).items()
    }


def parts(rows: Sequence[Predicted], split: str) -> Mapping[str, list[Predicted]]:
    """Kind of a split → its rows."""
    found: dict[str, list[Predicted]] = defaultdict(list)
    for one in rows:
        found[SPLITS[split](one.measurement)].append(one)
    return dict(sorted(found.items()))


def told_errors(
    told: Sequence[tuple[Measurement, Predicted]], by_datasheet: Sequence[Predicted]
) -> list[dict[str, Any]]:
    """By phase, and by whether the given row of it is of the same decoder and precision: how far off.

    Beside it the error of the same rows `by_datasheet`. Rows of another phase tell nothing.
    """
    plain = {id(one.measurement): one.error for one in by_datasheet}
    kinds: dict[tuple[str, bool], dict[int, list[float]]] = defaultdict(lambda: defaultdict(list))
    for given, one in told:
        if given.phase != one.measurement.phase:
            continue
        same = (given.decoder, given.precision) == (one.measurement.decoder, one.measurement.precision)
        kinds[given.phase, same][id(one.measurement)].append(one.error)
    return [
        {
            "phase": phase,
            "same_model": same,
            "rows": len(rows),
            "error": round(mean(mean(errors) for errors in rows.values()), 4),
            "by_datasheet": round(mean(plain[row] for row in rows), 4),
        }
        for (phase, same), rows in sorted(kinds.items())
    ]
