"""Ctrl-C that comes while another package's code runs, which may end with an error of its own."""

from __future__ import annotations


def interruption_behind(error: BaseException) -> KeyboardInterrupt | None:
    """The KeyboardInterrupt that was being handled when `error`, or what it followed from, was raised; None without."""
    seen: set[int] = set()
    behind: BaseException | None = error
    while behind is not None and id(behind) not in seen:
        if isinstance(behind, KeyboardInterrupt):
            return behind
        seen.add(id(behind))
        behind = behind.__context__
    return None
