"""The affine batch cost: the interface that every cost model is written to.

A batch whose prompts are padded to s' tokens and whose outputs to n' tokens costs, in each resource,

    base(s', n') + Σ marginal(s_i, n_i)        over the requests i of the batch,

where s_i, n_i are the lengths as computed (after padding). Both parts are polynomials in the monomials
(1, s, s², n, n², s·n), so the cost is a function of a few sums over the batch, and admitting a request is O(1).
"""

from __future__ import annotations

from typing import NamedTuple


class Polynomial(NamedTuple):
    """Coefficients of a quadratic in prompt length s and output length n (tokens), in the order of the monomials."""

    constant: float = 0.0
    s: float = 0.0
    s_squared: float = 0.0
    n: float = 0.0
    n_squared: float = 0.0
    s_times_n: float = 0.0

    def __call__(self, prompt_tokens: float, output_tokens: float) -> float:
        """Value at one pair of lengths (tokens)."""
        s, n = prompt_tokens, output_tokens
        return (
            self.constant
            + self.s * s
            + self.s_squared * s * s
            + self.n * n
            + self.n_squared * n * n
            + self.s_times_n * s * n
        )

    def scaled(self, factor: float) -> Polynomial:
        """The polynomial times a constant."""
        return Polynomial(*(factor * coefficient for coefficient in self))

    def plus(self, other: Polynomial) -> Polynomial:
        """The sum of two polynomials."""
        return Polynomial(*(mine + theirs for mine, theirs in zip(self, other, strict=True)))


class AffineCost(NamedTuple):
    """One resource's cost of a batch: `base` once per batch, at (s', n'), and `marginal` once per request."""

    base: Polynomial
    marginal: Polynomial

    def of_equals(self, requests: int, prompt_tokens: float, output_tokens: float) -> float:
        """Cost of a batch of so many requests that all have these lengths (tokens)."""
        return self.base(prompt_tokens, output_tokens) + requests * self.marginal(prompt_tokens, output_tokens)

    def scaled(self, factor: float) -> AffineCost:
        """The cost times a constant."""
        return AffineCost(self.base.scaled(factor), self.marginal.scaled(factor))

    def plus(self, other: AffineCost) -> AffineCost:
        """The sum of two costs."""
        return AffineCost(self.base.plus(other.base), self.marginal.plus(other.marginal))


class BatchCost(NamedTuple):
    """What a batch costs in compute time (s), memory (bytes, weights included) and energy (J)."""

    compute_s: AffineCost
    memory_bytes: AffineCost
    energy_j: AffineCost
