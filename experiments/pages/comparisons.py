"""Tables of published rows of mechanisms beside the predictions, made from the rows in the code."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from edge_llm_env.inference.published.capped_memory import implied_rates_table
from edge_llm_env.inference.published.comparison import Comparison
from edge_llm_env.inference.published.table import MECHANISMS
from edge_llm_env.support.tables import NO_VALUE, Table


def comparisons_table(comparisons: Callable[[], list[Comparison]]) -> Table:
    """Every row of one mechanism."""
    rows = [
        (
            row.what,
            f"{row.published:.4g}",
            f"{row.predicted:.4g}",
            row.unit,
            f"{100 * row.error:+.1f}",
            row.source,
            row.reason or NO_VALUE,
        )
        for row in comparisons()
    ]
    return Table(("row", "published", "predicted", "unit", "error in %", "source", "beyond the mechanism"), rows)


COMPARISONS_SECTIONS: dict[str, Callable[[], Table]] = {
    name.replace(" ", "-"): partial(comparisons_table, one.comparisons)
    for name, one in MECHANISMS.items()
    if one.comparisons is not None
} | {"implied-rates": implied_rates_table}
"""Sections of the page, and what fills them."""
