"""Numbers of options that count something, checked before anything is measured."""

from __future__ import annotations

import math
from pathlib import Path


def check_counts(*, least: int = 1, **counts: float) -> None:
    """Raise ValueError, naming the option, for a number that is below the least one, or not finite."""
    for name, count in counts.items():
        if not least <= count < math.inf:
            raise ValueError(f"{name} = {count:g}: must be at least {least}, and finite")


def check_episodes(episodes: int, recorded: int, file: Path) -> None:
    """Raise ValueError where a run would go on with a record that was judged on another number of workloads."""
    if recorded != episodes:
        raise ValueError(f"episodes = {episodes}: must be {recorded}, as in {file}, or another folder")
