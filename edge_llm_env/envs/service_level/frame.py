"""What is to be seen of an epoch in which requests have levels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from edge_llm_env.rendering.frames.frame import Frame


class Load(NamedTuple):
    """What a module holds, and how long it still loads."""

    variant: int
    left_s: float
    """From the start of the epoch that is shown; 0 if it has loaded."""
    load_s: float
    """All that the variant loads for."""


@dataclass(frozen=True, kw_only=True)
class LevelFrame(Frame):
    """One epoch, as it is after a step."""

    loads: tuple[Load, ...]
    """Of each module."""
    compressions: tuple[str, ...]
    """Names, whole prompts first."""
    served_at: tuple[tuple[int, ...], ...]
    """For each variant, requests of the epoch that it served at each compression."""
