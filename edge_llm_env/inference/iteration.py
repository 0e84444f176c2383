"""The cost of one iteration of an engine, from which that of a batch follows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from edge_llm_env.inference.batch_cost import AffineCost, Polynomial

_STEPS = Polynomial(constant=-1.0, n=1.0)
"""Decode passes of a request, n - 1: prefill makes the first token."""

_CONTEXTS = Polynomial(s=-1.0, n=-0.5, n_squared=0.5, s_times_n=1.0)
"""Contexts of all its decode passes, Σ_{k=1}^{n-1} (s + k) = (n - 1)·(s + n/2)."""


class IterationCost(NamedTuple):
    """What one pass through the layers costs, in any one unit (s, FLOPs, bytes, J): linear in what is in the pass."""

    decode_pass: float = 0.0
    """Once per pass in which any sequence decodes."""
    decode_sequence: float = 0.0
    """Per sequence that decodes a token."""
    decode_context: float = 0.0
    """Per token in the context of a sequence that decodes, the new one included."""
    prefill_pass: float = 0.0
    """Once per pass in which any prompt is prefilled."""
    prefill_token: float = 0.0
    """Per token of a prompt."""
    prefill_pair: float = 0.0
    """Per pair of a prompt's token and a token before it, to which it attends."""
    prefill_sequence: float = 0.0
    """Per prompt that is complete, for its first output token."""

    def scaled(self, factor: float) -> IterationCost:
        """The cost times a constant."""
        return IterationCost(*(factor * one for one in self))

    def plus(self, other: IterationCost) -> IterationCost:
        """The sum of two costs."""
        return IterationCost(*(mine + theirs for mine, theirs in zip(self, other, strict=True)))

    def of_pass(self, *, chunks: Sequence[tuple[int, int, bool]] = (), contexts: Sequence[int] = ()) -> float:
        """Cost of one pass over chunks of prompts and over sequences that decode.

        A chunk is (tokens, tokens of its prompt done before, whether it completes the prompt). `contexts` has the
        tokens in the context of each decoding sequence, the new one included. A pass with both pays the larger of the
        two costs of a pass, since it reads the weights once.
        """
        once = max(self.prefill_pass if chunks else 0.0, self.decode_pass if contexts else 0.0)
        prefill = sum(
            self.prefill_token * tokens
            + self.prefill_pair * (tokens * before + 0.5 * tokens * tokens)
            + self.prefill_sequence * completes
            for tokens, before, completes in chunks
        )
        return once + prefill + self.decode_sequence * len(contexts) + self.decode_context * sum(contexts)

    def of_batch(self) -> AffineCost:
        """Cost of a batch that is prefilled in one pass and decoded until every request has its n tokens.

        The sum of its passes: weights and overheads are paid in each until the longest output n' is done, the rest for
        each request as long as it is alive.
        """
        base = Polynomial(constant=self.prefill_pass).plus(_STEPS.scaled(self.decode_pass))
        marginal = Polynomial(constant=self.prefill_sequence, s=self.prefill_token, s_squared=0.5 * self.prefill_pair)
        decode = _STEPS.scaled(self.decode_sequence).plus(_CONTEXTS.scaled(self.decode_context))
        return AffineCost(base, marginal.plus(decode))


class IterationCosts(NamedTuple):
    """What one pass costs in compute time (s) and in energy (J)."""

    compute_s: IterationCost
    energy_j: IterationCost
