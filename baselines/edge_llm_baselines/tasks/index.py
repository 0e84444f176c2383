"""Rules that give calls the values of their tasks: an index of what is left, the chance to end in time, a price."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import isfinite
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_llm_baselines.tasks.remaining import Remaining
from edge_llm_baselines.tasks.valued import Floats, Seen, Values

LEAST = 1e-3
"""Of a chance or an index, relative to the largest: what hardly any task has done is served where there is room."""

MOST_LOAD = 4.0
"""Of the visible calls, in compute windows; a price counts in full from there on."""


class Numbers(NamedTuple):
    """What is tuned of a rule."""

    epochs_per_call: float
    """From one call of a task to the next: tools and waiting included."""
    price: float = 0.0
    """Of beginning a task when `MOST_LOAD` is visible, as a part of its value."""
    least_chance: float = 0.0
    """A task that ends in time with a smaller one is not begun."""
    least_index: float = 0.0
    """A task of a smaller one is not begun, as a part of the largest of tasks that are not begun."""


def checked_numbers(numbers: Sequence[float]) -> Numbers:
    """What a card has for them; raises ValueError for another count and for what is no finite number."""
    finite = [isinstance(one, int | float) and not isinstance(one, bool) and isfinite(one) for one in numbers]
    if len(numbers) != len(Numbers._fields) or not all(finite):
        raise ValueError(f"its numbers are {list(numbers)}: must be {', '.join(Numbers._fields)}, all finite")
    return Numbers(*numbers)


def index_values(remaining: Remaining, numbers: Sequence[Numbers]) -> Values:
    """Values that serve the largest Gittins indices first: a call's compute time times its task's index.

    A batch is filled by value per compute time, so the product makes that the index. `numbers` are those of each row,
    or of all. Tasks that are not begun pay the price of admission.
    """
    tables, which = _tables(remaining.indices, numbers)
    chances, _ = _tables(remaining.chances, numbers)
    floor, freshest = LEAST * tables.max(), np.maximum(tables[:, :, 0].max(axis=(1, 2)), 1e-12)

    def values(seen: Seen) -> Floats:
        slack = np.minimum(seen.slack_epochs, remaining.slacks - 1)
        of_row = _of_rows(which, seen)
        at = (of_row, remaining.group(seen), seen.done, slack)
        admitted = _admission(seen, numbers, chances[at], tables[at] / freshest[of_row])
        return seen.alone_s * (tables[at] + floor) * admitted

    return values


def chance_values(remaining: Remaining, numbers: Sequence[Numbers]) -> Values:
    """Values of DFTSP by task: the chance to end in time for each second of work that is left on average."""
    tables, which = _tables(remaining.chances, numbers)
    work_s = np.maximum(remaining.mean_work_s(), 1e-9)

    def values(seen: Seen) -> Floats:
        slack, group = np.minimum(seen.slack_epochs, remaining.slacks - 1), remaining.group(seen)
        chance = tables[_of_rows(which, seen), group, seen.done, slack]
        return (chance + LEAST) / work_s[group, seen.done]

    return values


def _admission(seen: Seen, numbers: Sequence[Numbers], chance: Floats, index: Floats) -> Floats:
    """What is left of the values of tasks that are not begun, in 0..1; 1 of others. Indices are relative."""
    _, price, least_chance, least_index = np.array(numbers).T[:, :, None]
    window_s = seen.simulation.params.window_s
    load = np.minimum(seen.alone_s.sum(axis=1, keepdims=True) / window_s, MOST_LOAD) / MOST_LOAD
    admitted = np.maximum(1.0 - price * load, 0.0) * (chance >= least_chance) * (index >= least_index)
    return np.where(seen.done == 0, admitted, 1.0)


def _tables(table: Callable[[float], Floats], numbers: Sequence[Numbers]) -> tuple[Floats, NDArray[np.int64]]:
    """A table for each number of epochs that there is, (S, groups, most_calls + 1, slacks), and which each row has."""
    epochs, which = np.unique([one.epochs_per_call for one in numbers], return_inverse=True)
    return np.stack([table(each) for each in epochs.tolist()]), which.astype(np.int64)


def _of_rows(which: NDArray[np.int64], seen: Seen) -> NDArray[np.int64]:
    """(rows, 1) the table of each row."""
    return np.broadcast_to(which, (len(seen.present),))[:, None]
