"""Numbers of options that count something, checked before anything is measured."""

from __future__ import annotations

import math


def check_counts(*, least: int = 1, **counts: float) -> None:
    """Raise ValueError, naming the option, for a number that is below the least one, or not finite."""
    for name, count in counts.items():
        if not least <= count < math.inf:
            raise ValueError(f"{name} = {count:g}: must be at least {least}, and finite")
