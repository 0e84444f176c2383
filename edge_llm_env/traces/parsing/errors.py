"""What is said of a trace that is wrong, or that is not used as it is written."""

from __future__ import annotations


class TraceError(ValueError):
    """A trace that cannot be used; the message is one line that names the file and, where there is one, the line."""


class TraceWarning(UserWarning):
    """A trace that is used, but not as it is written: rows left out, put in order, or times that look wrong."""


def shown(value: object) -> str:
    """A value for an error message: on one line, and not too long."""
    text = repr(value)
    return text if len(text) <= 120 else f"{text[:117]}..."
