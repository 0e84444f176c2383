"""`Frame`: all that is shown of an epoch, as plain data."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple


class Fate(StrEnum):
    """What becomes of a request that is pending when the epoch begins."""

    SERVED = "served"
    WAITS = "waits"
    LAST_CHANCE = "last chance"
    """Not served so far, and could not be served even alone an epoch later."""
    EXPIRES = "expires"


class PendingRequest(NamedTuple):
    """A visible request when the epoch begins."""

    request: int
    """Index on the workload."""
    prompt_tokens: int
    output_tokens: int
    slack_s: float
    """Most compute time of a batch that serves it; with the transfers, where the split is flexible."""
    compute_s: float
    """Compute time of the batch of it alone."""
    fate: Fate
    variant: int | None
    """What served it, where modules host variants."""
    sent: float | None = None
    """Part of its upload that is sent, 0..1, where uploads carry over."""
    compression: float = 1.0
    """Tokens of its prompt over those that were computed, of one that was served."""

    @property
    def lengths(self) -> str:
        """Its prompt, by how much it was compressed, and its output, in tokens."""
        shorter = f"÷{self.compression:g}" if self.compression != 1.0 else ""
        return f"{self.prompt_tokens}{shorter}+{self.output_tokens}"


class Part(NamedTuple):
    """The uplink or the downlink part of the epoch."""

    begins_s: float
    """This and all times of an epoch are from its start."""
    ends_s: float
    band_used: float
    """Fraction of the band, 0..1."""


class Computation(NamedTuple):
    """What the node's modules, or those of one variant, compute in the epoch."""

    name: str
    variant: int | None
    loads_until_s: float
    """0 if the weights are loaded."""
    begins_s: float
    ends_s: float
    deadline_s: float | None
    """Latest end that every request of the batch allows; None for an empty batch."""
    requests: int


class Timeline(NamedTuple):
    """The parts of an epoch."""

    epoch_s: float
    uplink: Part
    computations: tuple[Computation, ...]
    """One, or one for each variant, cheapest first, and one more for its modules that load meanwhile."""
    downlink: Part


class Usage(NamedTuple):
    """How much of a capacity the batch uses."""

    name: str
    fraction: float
    amount: str
    """Used and available, with the unit; empty where the fraction says it all."""


class Module(NamedTuple):
    """One of the modules that are divided among variants."""

    variant: int | None
    """What it hosts; None if it is idle."""
    is_loading: bool
    """It still loads the weights when the uplink part ends."""


class Counters(NamedTuple):
    """Requests from the start of the episode; `pending` are those of now."""

    arrived: int
    served: int
    expired: int
    rejected: int
    pending: int


class Strip(NamedTuple):
    """An agent task that has arrived and not ended; all times are from the start of the episode."""

    task: int
    """Index on the workload."""
    kind: str
    calls: int
    arrival_s: float
    deadline_s: float
    """Of its last answer."""
    answered_s: tuple[tuple[float, float], ...]
    """When its calls that are answered were computed, ascending: in which epochs, or from when they joined an engine's
    batch to their last token."""
    tools_s: tuple[tuple[float, float], ...]
    """When tools begin and end, of those that have begun."""
    fates: tuple[Fate, ...]
    """Of its calls that are visible, and do not run."""
    running_s: tuple[float, ...] = ()
    """When its calls that run joined an engine's batch."""


class Score(NamedTuple):
    """Requests served up to the end of each finished epoch, beside a reference on the same workload."""

    served: tuple[int, ...]
    reference: tuple[int, ...]
    reference_name: str

    @property
    def lead(self) -> tuple[int, ...]:
        """How many more were served than by the reference, after each epoch."""
        return tuple(mine - other for mine, other in zip(self.served, self.reference, strict=True))


@dataclass(frozen=True)
class Frame:
    """One epoch, as it is after a step."""

    environment: str
    scenario: str
    epoch: int
    """From 1."""
    epochs: int
    """Of the episode."""
    begins_s: float
    """From the start of the episode."""
    counters: Counters
    timeline: Timeline
    requests: tuple[PendingRequest, ...]
    """In order of arrival."""
    beyond_visible: int
    """Pending when the epoch begins, and not among `requests`."""
    longest_slack_s: float
    """Scale of slacks."""
    usage: tuple[Usage, ...]
    variants: tuple[str, ...]
    """Names of what modules host, cheapest first; none where the modules work as one."""
    modules: tuple[Module, ...]
    """None where the modules work as one."""
    score: Score
    strips: tuple[Strip, ...] | None = None
    """Agent tasks, the one that ends first on top; None where requests are on their own."""
