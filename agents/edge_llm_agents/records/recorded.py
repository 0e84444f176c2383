"""Results that documents quote, and the Markdown tables that they quote them in."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

RECORDED = Path("results/recorded")
"""Results under version control; `results/` itself is what the last runs wrote."""


def recorded(name: str) -> Any:
    """A recorded result, by the name of its file without suffix."""
    return json.loads((RECORDED / f"{name}.json").read_text(encoding="utf-8"))


def table(headings: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    """A Markdown table."""
    lines = [headings, tuple("---" for _ in headings), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
