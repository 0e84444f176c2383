"""Units of the times in a trace."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Literal

TimeUnit = Literal["date", "seconds", "milliseconds", "microseconds", "nanoseconds"]

PER_S: dict[TimeUnit, float] = {"seconds": 1.0, "milliseconds": 1e3, "microseconds": 1e6, "nanoseconds": 1e9}
"""Of each unit that is a number, how many make a second."""

MUST_BE: dict[TimeUnit, str] = {
    "date": "a time, as a date and time in ISO 8601",
    **{unit: f"a time, as a number of {unit}" for unit in PER_S},
}
"""What a time in each unit must be."""

_AWARE = datetime(1970, 1, 1, tzinfo=UTC)
_NAIVE = datetime(1970, 1, 1)


def seconds_in(unit: TimeUnit) -> Callable[[Any], float]:
    """The function that gives the seconds of a time written in a unit; it raises ValueError or TypeError."""
    if unit == "date":
        return _seconds_of_date
    per_s = PER_S[unit]

    def seconds(value: Any) -> float:
        if isinstance(value, bool):
            raise ValueError(value)
        return float(value) / per_s

    return seconds


def _seconds_of_date(value: Any) -> float:
    """Seconds since 1970 of a date and time in ISO 8601, to the microsecond; without a time zone it is UTC."""
    moment = datetime.fromisoformat(value.strip() if isinstance(value, str) else value)
    return (moment - (_NAIVE if moment.tzinfo is None else _AWARE)).total_seconds()
