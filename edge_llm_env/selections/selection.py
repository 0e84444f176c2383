"""Whom the node computes among those that could be: its own choice of a batch, where an agent does not make it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.feasibility.rule import Rule
from edge_llm_env.selections.names import BATCH_SELECTIONS
from edge_llm_env.selections.table import KERNELS, BatchSelection
from edge_llm_env.solver.candidates import Candidates, batch_is_feasible
from edge_llm_env.support.compilation.compiling import compiled_allocating

NumberedSelection: TypeAlias = Callable[
    [Rule, Candidates, NDArray[np.float64], NDArray[np.bool_], int], NDArray[np.bool_]
]


def by_number(kinds: Sequence[BatchSelection]) -> NumberedSelection:
    """A kernel that selects by one of several kinds, the number of which it is given.

    Kernels cannot look a function up in a table, so that each kind is compared with, and then those behind it.
    """
    select, *behind = kinds
    if not behind:

        @compiled_allocating
        def select_last(
            rule: Rule, candidates: Candidates, values: NDArray[np.float64], wanted: NDArray[np.bool_], number: int
        ) -> NDArray[np.bool_]:
            return select(rule, candidates, values, wanted)

        return select_last
    select_behind = by_number(behind)

    @compiled_allocating
    def select_numbered(
        rule: Rule, candidates: Candidates, values: NDArray[np.float64], wanted: NDArray[np.bool_], number: int
    ) -> NDArray[np.bool_]:
        if number == 0:
            return select(rule, candidates, values, wanted)
        return select_behind(rule, candidates, values, wanted, number - 1)

    return select_numbered


_select = by_number([KERNELS[name] for name in BATCH_SELECTIONS])


@compiled_allocating
def select_batch(
    rule: Rule, candidates: Candidates, values: NDArray[np.float64], batch_selection: int
) -> NDArray[np.bool_]:
    """The batch that the node computes, bool of shape (n,): by a kind's number, and only what is of positive value."""
    wanted = values > 0.0
    if batch_is_feasible(rule, candidates, wanted):
        return wanted
    return _select(rule, candidates, values, wanted, batch_selection)
