"""Predictions of a machine that the fit left out, after one of its measurements is given."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.inference.factors.alike import Place, foretold
from edge_llm_env.inference.factors.measured import adapted_to
from edge_llm_env.inference.factors.moments import Pairs, alike, pairs
from edge_llm_env.inference.factors.regression import Row, Rows
from edge_llm_env.inference.validation.left_out import LeftOut
from edge_llm_env.inference.validation.measurements import Measurement

MOST_GIVEN = 8
"""Rows of a group that are given in turn, evenly spaced in the order of the file."""

Grouping = Callable[[Measurement], tuple[str, ...]]


class Told(NamedTuple):
    """A row predicted after another was given; both are indices."""

    row: int
    given: int
    value: float
    """Seconds."""


def of_one_phase(one: Measurement) -> tuple[str, ...]:
    """The group of rows of one device, engine, source and phase (prefill, or decode of any batch)."""
    return one.device, one.engine, one.source, "prefill" if one.metric == "prefill" else "decode"


def of_any_phase(one: Measurement) -> tuple[str, ...]:
    """The group of rows of one device and engine, whatever the source and the phase."""
    return one.device, one.engine


def groups_of(measurements: Sequence[Measurement], group: Grouping) -> list[list[int]]:
    """Indices of rows of one group, two or more."""
    groups: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for i, one in enumerate(measurements):
        groups[group(one)].append(i)
    return [rows for rows in groups.values() if len(rows) > 1]


def given_in_turn(rows: Sequence[int]) -> list[int]:
    """Which rows of a group are given: all, or `MOST_GIVEN` of them."""
    chosen = np.unique(np.linspace(0, len(rows) - 1, min(MOST_GIVEN, len(rows))).round().astype(int))
    return [rows[i] for i in chosen]


def in_turn(measurements: Sequence[Measurement], group: Grouping) -> Iterator[tuple[int, list[int]]]:
    """Each row that is given, and the others of its group."""
    for rows in groups_of(measurements, group):
        for given in given_in_turn(rows):
            yield given, [i for i in rows if i != given]


def place(one: Measurement) -> Place:
    """Where a time was measured."""
    return Place(one.phase, (one.decoder, one.precision), one.batch, one.context_tokens)


def residuals(measurements: Sequence[Measurement], without_board: LeftOut) -> NDArray[np.float64]:
    """Logarithms of measured times to those predicted without the board."""
    return np.log([one.value for one in measurements]) - np.log(without_board.predicted)


def alike_pairs(measurements: Sequence[Measurement], without_board: LeftOut) -> Pairs:
    """Pairs of left-out rows, from which follows what residuals of one machine have in common."""
    machines = [(one.device, one.engine) for one in measurements]
    return pairs(machines, [place(one) for one in measurements], residuals(measurements, without_board))


def after_one(measurements: Sequence[Measurement], without_board: LeftOut, group: Grouping) -> list[Told]:
    """Rows after one of their group was given, as `edge-llm predict --measured` has them.

    What residuals have in common is that of all other boards.
    """
    left, every = residuals(measurements, without_board), alike_pairs(measurements, without_board)
    board = without_board.fold[every.row]
    of_others = [alike(every.chosen(board != number)) for number in range(len(without_board.logs))]
    places = [place(one) for one in measurements]
    found = []
    for given, others in in_turn(measurements, group):
        known = of_others[without_board.fold[given]]
        for i in others:
            residual = foretold(places[i], [places[given]], [left[given]], known)
            found.append(Told(i, given, float(without_board.predicted[i] * np.exp(residual))))
    return found


def by_factors(
    measurements: Sequence[Measurement],
    taken_apart: Sequence[Row],
    rows: Rows,
    without_board: LeftOut,
    group: Grouping,
) -> list[Told]:
    """The same as `node.measured` of a scenario has them: by the machine's factors."""
    found = []
    for given, others in in_turn(measurements, group):
        logs = without_board.logs[without_board.fold[given]]
        known = dict(zip(rows.effects, np.exp(logs).tolist(), strict=True))
        changed = adapted_to([taken_apart[given]], known)
        new = np.log([changed[name] for name in rows.effects])
        seconds = np.exp(rows.predicted(new, np.array(others)))
        found += [Told(i, given, value) for i, value in zip(others, seconds.tolist(), strict=True)]
    return found
