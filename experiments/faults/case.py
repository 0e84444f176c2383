"""What a campaign is made of: cases, which come in kinds."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple


class FaultError(Exception):
    """What a case found to be wrong although nothing was raised: a NaN, damage after a refusal, an untrue answer."""


class Case(NamedTuple):
    """One input."""

    what: str
    """The input in a line, such that a reader can repeat it."""
    do: Callable[[], object]
    """Gives the input to what it is meant for, and raises `FaultError` where what follows is wrong."""
    names: tuple[str, ...] = ()
    """Of which a clear error says one: the field's or argument's name."""
    values: tuple[str, ...] = ()
    """Of which a clear error says one: forms of the value; none where there is no value to say."""
    also: tuple[type[Exception], ...] = ()
    """Errors that are right beside the usual ones, where the contract of a tool asks for them."""
    may_hold: bool = False
    """Not refusing it is right too, if nothing else is wrong with what it then does."""


class Kind(NamedTuple):
    """A kind of cases."""

    summary: str
    """In a few words."""
    make: Callable[[int, int], Case]
    """The case of a seed and an index 0, 1, …: the same in every process."""
    prepare: Callable[[], object]
    """Imports and compiles what the cases need, before their time is counted."""
    whole: int
    """Cases of a whole campaign."""
    cpu_limit_s: float = 60.0
    """Processor time of a case, above which it hangs."""
    memory_limit_bytes: int = 6 * 2**30
    """Of a process that plays cases, above which allocating fails."""
