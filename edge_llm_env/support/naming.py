"""Looking names up, with an error that helps when one is unknown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches

MOST_LISTED = 12
"""Names that an error lists where something else lists them too."""

CLOSEST = 5
"""Names that an error of longer lists offers."""


LONGEST_SHOWN = 80
"""Characters of a value that an error shows."""


def shown(value: object) -> str:
    """A value as an error shows it: on one line, of a length that can be read; arrays by their shape and dtype."""
    if hasattr(value, "shape") and hasattr(value, "dtype") and getattr(value, "size", 1) > 1:
        return f"an array of shape {value.shape} and dtype {value.dtype}"
    try:
        text = repr(value)
    except Exception:  # whatever a value of somebody else's does
        text = f"a {type(value).__name__} that cannot be shown"
    text = " ".join(text.split())
    return text if len(text) <= LONGEST_SHOWN else f"{text[: LONGEST_SHOWN - 1]}…"


def one_of(kind: str, name: object, known: Iterable[str], listed_by: str = "") -> str:
    """`name` itself when it is known; otherwise a ValueError that lists the known names and the closest one.

    Where there are more than `MOST_LISTED` and a command lists them, the error names the command and the closest few.
    """
    choices = sorted(known)
    if not isinstance(name, str):
        raise TypeError(f"{kind} = {shown(name)}: must be one of {_some(choices, listed_by)}")
    if name in choices:
        return name
    if listed_by and len(choices) > MOST_LISTED:
        close = closest(name, choices)
        hint = f"; the closest: {', '.join(close)}" if close else ""
        raise ValueError(f"{kind} = {shown(name)}: must be one of the {len(choices)} that `{listed_by}` lists{hint}")
    near = get_close_matches(name, choices, n=1)
    hint = f" (did you mean {near[0]!r}?)" if near else ""
    raise ValueError(f"{kind} = {shown(name)}: must be one of {', '.join(choices)}{hint}")


def _some(choices: Sequence[str], listed_by: str) -> str:
    if listed_by and len(choices) > MOST_LISTED:
        return f"the {len(choices)} names that `{listed_by}` lists"
    return ", ".join(choices)


def closest(name: str, choices: Sequence[str]) -> list[str]:
    """The few choices that contain the name, the shortest first, and then those that are spelled like it."""
    holding = sorted((one for one in choices if name and name.lower() in one.lower()), key=len)
    near = get_close_matches(name, choices, n=CLOSEST, cutoff=0.5)
    return list(dict.fromkeys([*holding, *near]))[:CLOSEST]
