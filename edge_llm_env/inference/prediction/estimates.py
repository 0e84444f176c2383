"""What is predicted, and within what it is likely to lie."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Estimate:
    """A predicted value and the interval around it, in one unit; without an interval low and high are None.

    The interval is [value·e^-s, value·e^s]: two thirds of published rows of the kind, predicted from the other rows,
    were measured within it.
    """

    value: float
    low: float | None = None
    high: float | None = None

    @classmethod
    def within(cls, value: float, spread: float | None) -> Estimate:
        """The value, s = `spread` in logarithms to each side; None: no interval."""
        if spread is None:
            return cls(value)
        return cls(value, value * math.exp(-spread), value * math.exp(spread))

    @property
    def half_width(self) -> float | None:
        """Half of what lies between low and high."""
        return None if self.low is None or self.high is None else 0.5 * (self.high - self.low)

    def scaled(self, factor: float) -> Estimate:
        """The estimate times a positive constant."""
        if self.low is None or self.high is None:
            return Estimate(factor * self.value)
        return Estimate(factor * self.value, factor * self.low, factor * self.high)

    def plus(self, other: Estimate) -> Estimate:
        """The sum of two, both taken to be wrong in the same direction; without an interval where one has none."""
        value = self.value + other.value
        if self.low is None or self.high is None or other.low is None or other.high is None:
            return Estimate(value)
        return Estimate(value, self.low + other.low, self.high + other.high)

    def inverse(self, factor: float) -> Estimate:
        """A positive constant divided by the estimate."""
        if self.low is None or self.high is None:
            return Estimate(factor / self.value)
        return Estimate(factor / self.value, factor / self.high, factor / self.low)


@dataclass(frozen=True)
class Binding:
    """What a phase waits for most."""

    term: str
    """Of `edge_llm_env.inference.factors.terms.TERMS`, or of `mechanisms.serving.MORE_TERMS`."""
    meaning: str
    share: float
    """Of the phase's time, 0..1."""


@dataclass(frozen=True)
class Prediction:
    """What one batch of equal requests is predicted to take on one device."""

    decoder: str
    """Names of the four; empty where an object without one was given."""
    precision: str
    device: str
    engine: str
    mechanisms: str
    """Their names, by commas; empty: none."""
    batch: int
    prompt_tokens: int
    """Per request."""
    output_tokens: int
    """Per request."""
    prefill_s: Estimate
    """Until every request has its first output token."""
    token_s: Estimate
    """One decode pass, in which every request gets a token; the mean over the generation."""
    tokens_per_s: Estimate
    """Of decode, all requests together."""
    generation_s: Estimate
    """Prefill and all decode passes."""
    memory_bytes: Estimate
    """Most that is held at once: weights, cache, activations and runtime."""
    energy_j: Estimate
    """Of the whole generation. Assumed and never measured, so it has no interval."""
    memory_limit_bytes: float
    """What the device can use."""
    memory_fits: bool
    """Whether the value of `memory_bytes` is within the limit; its interval may still reach beyond."""
    prefill_binding: Binding
    decode_binding: Binding
    intervals: Mapping[str, str]
    """Kind of value → class of cases (`edge_llm_env.inference.prediction.spreads.CLASSES`) that its interval is of."""
    window: str | None
    """How contexts are counted that go beyond the decoder's sliding window; None: none does."""
    distances: tuple[str, ...]
    """What keeps the case apart from everything measured, a sentence each; none: rows surround it."""
