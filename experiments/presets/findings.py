"""What was measured of a preset, as its page has it."""

from __future__ import annotations

from typing import NamedTuple


class Findings(NamedTuple):
    """What was measured, in words and tables."""

    text: str
    command: str
    """That measures it."""
    fingerprint: str | None = None
    """Of the scenario as it was then; None where the record does not have it."""
