"""Results that documents quote."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from edge_llm_agents.records.record import read_record

RECORDED = Path("results/recorded")
"""Results under version control; `results/` itself is what the last runs wrote."""


def recorded(name: str) -> dict[str, Any]:
    """A recorded result, by the name of its file without suffix."""
    return read_record(RECORDED / f"{name}.json")
