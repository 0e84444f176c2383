"""Requests with an image: an encoder's pass, and some hundreds of tokens before the text.

With a kept tokens per image, s + a takes the place of s: what a pass costs per token and pair of the prompt moves into
what it costs per prompt, and what it costs per token of context into what it costs per sequence. That is exact. Tokens
that are pruned (FastV, arXiv 2403.06764) after K of L layers are computed in these and not in the others, so that in
the mean over layers a = tokens·(K + (1 - p)(L - K))/L.

Where only some requests have an image, what it costs stays with those that do: `ImageNeeds`.
"""

from __future__ import annotations

import math
from typing import Annotated, NamedTuple

from pydantic import Field

from edge_llm_env.inference.batch_cost import AffineCost, Polynomial
from edge_llm_env.inference.decoder import DecoderConfig
from edge_llm_env.inference.iteration import IterationCost
from edge_llm_env.support.quantities import Tokens
from edge_llm_env.support.section import NEUTRAL, Section


class ImageNeeds(NamedTuple):
    """What a request with an image needs beside its text, as far as the cost of a batch does not have it already."""

    tokens: float
    """Of its prompt, a whole number."""
    encoding_s: float
    encoding_j: float
    upload_bits: float


class Images(Section):
    """The image that a request has, and the encoder that it passes."""

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

    upload_bytes: Annotated[float, Field(ge=0, le=1e9)] = Field(
        default=0.0,
        description="size of an image, which is sent with the text (bytes); 0: only the text is",
        json_schema_extra=NEUTRAL,
    )

    def kept_tokens(self, decoder: DecoderConfig) -> float:
        """Tokens of an image in the mean over layers, a."""
        first = min(self.pruned_after_layers / decoder.layers, 1.0)
        return self.tokens * (first + (1.0 - self.pruned_share) * (1.0 - first))

    def whole_tokens(self, decoder: DecoderConfig) -> float:
        """The same, rounded up, as lengths of single requests are whole."""
        return float(math.ceil(self.kept_tokens(decoder)))

    def encoder_alone(self) -> Images:
        """What is left of an image without its tokens: the encoder and its pass."""
        return self.model_copy(update={"tokens": 0})

    def held(self) -> Images:
        """What requests without an image leave: an encoder that is held and computes nothing."""
        return self.model_copy(update={"tokens": 0, "encoder_patches": 0})

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
