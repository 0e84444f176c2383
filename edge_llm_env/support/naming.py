"""Looking names up, with an error that helps when one is unknown."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def one_of(kind: str, name: str, known: Iterable[str]) -> str:
    """`name` itself when it is known; otherwise a ValueError that lists the known names and the closest one."""
    choices = sorted(known)
    if name in choices:
        return name
    close = get_close_matches(name, choices, n=1)
    hint = f" (did you mean {close[0]!r}?)" if close else ""
    raise ValueError(f"{kind} = {name!r}: must be one of {', '.join(choices)}{hint}")
