"""The table of batch selections, from which the dispatcher, the documentation and the tests are made."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.feasibility.rule import Rule
from edge_llm_env.selections.earliest_deadline_first import select_earliest_deadline_first
from edge_llm_env.selections.exact import select_exact
from edge_llm_env.selections.first_come_first_served import select_first_come_first_served
from edge_llm_env.solver.candidates import Candidates

BatchSelection: TypeAlias = Callable[[Rule, Candidates, NDArray[np.float64], NDArray[np.bool_]], NDArray[np.bool_]]
"""A kernel that selects a feasible batch of those wanted, by the values of all; arrays of shape (n,)."""

KERNELS: dict[str, BatchSelection] = {
    "exact": select_exact,
    "earliest_deadline_first": select_earliest_deadline_first,
    "first_come_first_served": select_first_come_first_served,
}
"""The kernel of each of `BATCH_SELECTIONS`."""
