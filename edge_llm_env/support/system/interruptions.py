"""Ctrl-C that comes while another package's code runs, which may end with an error of its own."""

from __future__ import annotations


def interruption_behind(error: BaseException) -> KeyboardInterrupt | None:
    """The KeyboardInterrupt in a group of errors, or that was being handled when `error`, or what it followed from, was
    raised; None where there is none.
    """
    seen: set[int] = set()
    behind: list[BaseException | None] = [error]
    while behind:
        one = behind.pop()
        if isinstance(one, KeyboardInterrupt):
            return one
        if one is not None and id(one) not in seen:
            seen.add(id(one))
            behind += [one.__context__, *(one.exceptions if isinstance(one, BaseExceptionGroup) else ())]
    return None
