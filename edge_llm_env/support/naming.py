"""Looking names up, with an error that helps when one is unknown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches

MOST_LISTED = 12
"""Names that an error lists where something else lists them too."""

LONGEST_LIST = 400
"""Characters of a list of names that an error shows whole."""

CLOSEST = 5
"""Names that an error of longer lists offers."""


LONGEST_SHOWN = 80
"""Characters of a value that an error shows."""

ITS_END = 40
"""Of these, those of the end: of a path, the file."""


def shown(value: object) -> str:
    """A value as an error shows it: on one line, without its middle where it is long; arrays by shape and dtype."""
    if hasattr(value, "shape") and hasattr(value, "dtype") and getattr(value, "size", 1) > 1:
        return f"an array of shape {value.shape} and dtype {value.dtype}"
    try:
        text = repr(value)
    except Exception:  # whatever a value of somebody else's does
        text = f"a {type(value).__name__} that cannot be shown"
    text = " ".join(text.split())
    return text if len(text) <= LONGEST_SHOWN else f"{text[: LONGEST_SHOWN - ITS_END - 1]}…{text[-ITS_END:]}"


def one_of(kind: str, name: object, known: Iterable[str], listed_by: str = "") -> str:
    """`name` itself when it is known; otherwise a ValueError that lists the known names and the closest one.

    Where there are more than `MOST_LISTED` and a command lists them, the error names the command and the closest few.
    """
    choices = sorted(known)
    if not isinstance(name, str):
        raise TypeError(f"{kind} = {shown(name)}: must be {_some(choices, listed_by)}")
    if name in choices:
        return name
    if listed_by and len(choices) > MOST_LISTED:
        close = closest(name, choices)
        hint = f"; the closest: {', '.join(close)}" if close else ""
        raise ValueError(f"{kind} = {shown(name)}: must be one of the {len(choices)} that `{listed_by}` lists{hint}")
    near = get_close_matches(name, choices, n=1)
    hint = f" (did you mean {near[0]!r}?)" if near else ""
    raise ValueError(f"{kind} = {shown(name)}: must be {_some(choices)}{hint}")


def _some(choices: Sequence[str], listed_by: str = "") -> str:
    """All choices as far as a line can be read, or who lists them."""
    if listed_by and len(choices) > MOST_LISTED:
        return f"one of the {len(choices)} names that `{listed_by}` lists"
    if len(text := ", ".join(choices)) <= LONGEST_LIST:
        return f"one of {text}"
    return f"one of {len(choices)} names, as {', '.join(choices[:MOST_LISTED])}, …"


def closest(name: str, choices: Sequence[str]) -> list[str]:
    """The few choices that contain the name, the shortest first, and then those that are spelled like it."""
    holding = sorted((one for one in choices if name and name.lower() in one.lower()), key=len)
    near = get_close_matches(name, choices, n=CLOSEST, cutoff=0.5)
    return list(dict.fromkeys([*holding, *near]))[:CLOSEST]
