"""Names of the batch selections, apart from their kernels: loading a scenario needs no compiler."""

from __future__ import annotations

BATCH_SELECTIONS = ("exact", "earliest_deadline_first", "first_come_first_served")
"""Values of `node.batch_selection`; what is entered here has its kernel in `table.py`."""


def number_of(name: str) -> int:
    """What kernels know a kind by: its place in the table."""
    return BATCH_SELECTIONS.index(name)


EXACT = number_of("exact")
