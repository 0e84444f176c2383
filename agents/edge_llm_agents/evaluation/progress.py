"""What tells how far something that takes long is."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple


class Progress(NamedTuple):
    """How far a part of the work is."""

    part: str
    """tuning, playing, imitating, training or hindsight"""
    done: int
    total: int
    what: str = ""
    """What comes next: a policy's name, or nothing."""


Report = Callable[[Progress], None]


def tell_nobody(progress: Progress) -> None:
    """A report that nobody reads."""
