"""Predictions of a machine that the fit left out, after one of its measurements is given."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence

import numpy as np

from edge_llm_env.inference.factors.measured import adapted_to
from edge_llm_env.inference.factors.regression import Row, Rows
from edge_llm_env.inference.validation.left_out import LeftOut
from edge_llm_env.inference.validation.measurements import Measurement

MOST_GIVEN = 8
"""Rows of a group that are given in turn, evenly spaced in the order of the file."""


def of_one_phase(one: Measurement) -> tuple[str, ...]:
    """The group of rows of one device, engine, source and phase (prefill, or decode of any batch)."""
    return one.device, one.engine, one.source, "prefill" if one.metric == "prefill" else "decode"


def of_any_phase(one: Measurement) -> tuple[str, ...]:
    """The group of rows of one device and engine, whatever the source and the phase."""
    return one.device, one.engine


def groups_of(measurements: Sequence[Measurement], group: Callable[[Measurement], tuple[str, ...]]) -> list[list[int]]:
    """Indices of rows of one group, two or more."""
    groups: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for i, one in enumerate(measurements):
        groups[group(one)].append(i)
    return [rows for rows in groups.values() if len(rows) > 1]


def given_in_turn(rows: Sequence[int]) -> list[int]:
    """Which rows of a group are given: all, or `MOST_GIVEN` of them."""
    chosen = np.unique(np.linspace(0, len(rows) - 1, min(MOST_GIVEN, len(rows))).round().astype(int))
    return [rows[i] for i in chosen]


def after_one(
    measurements: Sequence[Measurement],
    taken_apart: Sequence[Row],
    rows: Rows,
    without_board: LeftOut,
    of: Callable[[Measurement], tuple[str, ...]] = of_one_phase,
) -> dict[int, list[float]]:
    """Row → its prediction (s) after each other row of its group was given, for rows in groups of two or more."""
    predicted: dict[int, list[float]] = defaultdict(list)
    for group in groups_of(measurements, of):
        logs = without_board.logs[without_board.fold[group[0]]]
        known = dict(zip(rows.effects, np.exp(logs).tolist(), strict=True))
        for given in given_in_turn(group):
            others = np.array([i for i in group if i != given])
            changed = adapted_to([taken_apart[given]], known)
            new = np.log([changed[name] for name in rows.effects])
            for i, log in zip(others.tolist(), rows.predicted(new, others).tolist(), strict=True):
                predicted[i].append(float(np.exp(log)))
    return dict(predicted)
