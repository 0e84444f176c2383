"""The entries of an environment's actions and observations as tables, made from its layouts."""

from __future__ import annotations

from edge_llm_env.envs.observation.layout import Feature, Layout
from edge_llm_env.support.tables import NO_VALUE, Table

UNITS = ("s", "bytes", "tokens")
"""What a feature's meaning may end with, after a comma."""


def layout_table(layout: Layout) -> Table:
    """Every entry in its order; what is repeated stands once, with what it is repeated for."""
    return Table(
        ("entry", "once for each", "quantity", "unit", "scale"),
        [
            (
                f"`{feature.name}`" + (" (uploads that carry over)" if feature.carried_over else ""),
                block.each or NO_VALUE,
                *meaning_and_unit(feature),
                feature.scale or NO_VALUE,
            )
            for block in layout
            for feature in block.features
        ],
    )


def meaning_and_unit(feature: Feature) -> tuple[str, str]:
    """What a feature means, and in which unit before it is divided by its scale."""
    meaning, _, unit = feature.meaning.rpartition(", ")
    return (meaning, unit) if unit in UNITS else (feature.meaning, NO_VALUE)
