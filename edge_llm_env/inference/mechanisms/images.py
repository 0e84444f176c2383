"""Requests with an image: an encoder's pass, and some hundreds of tokens before the text.

With a kept tokens per image, s + a takes the place of s: what a pass costs per token and pair of the prompt moves into
what it costs per prompt, and what it costs per token of context into what it costs per sequence. That is exact. Tokens
that are pruned (FastV, arXiv 2403.06764) after K of L layers are computed in these and not in the others, so that in
the mean over layers a = tokens·(K + (1 - p)(L - K))/L.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from edge_llm_env.inference.batch_cost import AffineCost, Polynomial
from edge_llm_env.inference.decoder import DecoderConfig
from edge_llm_env.inference.iteration import IterationCost
from edge_llm_env.support.quantities import Tokens
from edge_llm_env.support.section import Section


class Images(Section):
    """The image that each request has, and the encoder that it passes."""

    tokens: Tokens = Field(description="tokens of an image in the prompt")
    pruned_share: Annotated[float, Field(ge=0, lt=1)] = Field(
        default=0.0, description="part of an image's tokens that is pruned or merged, p"
    )
    pruned_after_layers: Annotated[int, Field(ge=0, le=10**4)] = Field(
        default=0, description="layers of the decoder that compute all of them, K; 0: pruned before the decoder"
    )
    encoder_weights: Annotated[float, Field(ge=0, le=1e12)] = Field(
        default=0.0, description="weights of the encoder, held in 16 bits; each is used once per patch"
    )
    encoder_patches: Annotated[int, Field(ge=0, le=10**6)] = Field(
        default=0, description="patches that the encoder computes per image"
    )

    def kept_tokens(self, decoder: DecoderConfig) -> float:
        """Tokens of an image in the mean over layers, a."""
        first = min(self.pruned_after_layers / decoder.layers, 1.0)
        return self.tokens * (first + (1.0 - self.pruned_share) * (1.0 - first))

    @property
    def encoder_flops(self) -> float:
        """FLOPs of the encoder per image: 2 per weight and patch; its attention is left out."""
        return 2.0 * self.encoder_weights * self.encoder_patches


def longer(cost: IterationCost, tokens: float) -> IterationCost:
    """The cost of a pass by the lengths of texts, each of which comes after so many tokens."""
    return cost._replace(
        prefill_sequence=cost.prefill_sequence + tokens * cost.prefill_token + 0.5 * tokens**2 * cost.prefill_pair,
        prefill_token=cost.prefill_token + tokens * cost.prefill_pair,
        decode_sequence=cost.decode_sequence + tokens * cost.decode_context,
    )


def longer_held(cost: AffineCost, tokens: float) -> AffineCost:
    """What is held by the lengths of texts, each of which comes after so many tokens."""
    return AffineCost(*(_moved(polynomial, tokens) for polynomial in cost))


def _moved(polynomial: Polynomial, tokens: float) -> Polynomial:
    """The polynomial at s + a, in the monomials of s."""
    p = polynomial
    return p._replace(
        constant=p.constant + tokens * p.s + tokens**2 * p.s_squared,
        s=p.s + 2.0 * tokens * p.s_squared,
        n=p.n + tokens * p.s_times_n,
    )
