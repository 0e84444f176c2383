"""What a case led to."""

from __future__ import annotations

import re
from typing import NamedTuple

import gymnasium as gym

from experiments.faults.case import Case, FaultError

CLEAR, HELD, UNCLEAR, CRASHED, HUNG, WRONG = VERDICTS = ("clear", "held", "unclear", "crashed", "hung", "wrong")
"""Refused by a clear error; accepted, rightly, and nothing is wrong with it; refused otherwise; the process ended, or
memory did; no end within the limits; accepted wrongly, or a wrong result."""

GOOD = (CLEAR, HELD)

LONGEST_MESSAGE = 500
"""Characters of a line that somebody reads."""

_SAYS_WHAT_IS_ACCEPTED = re.compile(
    r"\b(must|required|allowed|expected|call reset|did you mean|not supported|no such|should (be|have)|input should|"
    r"choose from|unexpected keyword argument|takes no (keyword )?arguments|has no attribute)\b",
    re.IGNORECASE,
)


class Outcome(NamedTuple):
    """A verdict, and what it rests on."""

    verdict: str
    """One of VERDICTS."""
    said: str = ""
    """The error in a line, or what is wrong."""


def outcome_of(case: Case) -> Outcome:
    """Play a case in this process."""
    try:
        case.do()
    except FaultError as fault:
        return Outcome(WRONG, str(fault))
    except MemoryError as error:
        return Outcome(CRASHED, f"MemoryError: {error}")
    except Exception as error:
        return refusal(case, error)
    return Outcome(HELD) if case.may_hold else Outcome(WRONG, "accepted")


def refusal(case: Case, error: Exception) -> Outcome:
    """Whether an error says clearly why a case is refused."""
    message = str(error)
    said = f"{type(error).__name__}: {message}"[: 2 * LONGEST_MESSAGE]
    if not isinstance(error, (*case.also, TypeError, ValueError, gym.error.Error)):
        return Outcome(UNCLEAR, f"{said} (is no TypeError, ValueError or Gymnasium error)")
    if "\n" in message.strip() or len(message) > LONGEST_MESSAGE:
        return Outcome(UNCLEAR, f"{said} (is more than a line)")
    if case.names and not any(name in message for name in case.names):
        return Outcome(UNCLEAR, f"{said} (does not say {' or '.join(case.names)})")
    if case.values and not any(value in message for value in case.values):
        return Outcome(UNCLEAR, f"{said} (does not say the value, {case.values[0]})")
    if not _SAYS_WHAT_IS_ACCEPTED.search(message):
        return Outcome(UNCLEAR, f"{said} (does not say what is accepted)")
    return Outcome(CLEAR, said)
