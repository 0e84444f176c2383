"""Prompt compression: a small model leaves out of a prompt what matters least (LLMLingua, arXiv 2310.05736).

What is computed is a prompt of s/r tokens: in the cost of a batch s becomes s/r, which is exact, and the compressor's
own time comes to each request. Done by the user's device it shortens the upload as well, and takes no time of the node.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from edge_llm_env.inference.batch_cost import AffineCost, BatchCost, Polynomial
from edge_llm_env.support.section import Section


class PromptCompression(Section):
    """By how much prompts are shortened, where, and what that takes."""

    ratio: Annotated[float, Field(ge=1, le=100)] = Field(description="tokens of a prompt over those that are left, r")
    at: Literal["node", "user"] = Field(
        default="node", description="who compresses: the node, or the user's device before the upload"
    )
    s_per_token: Annotated[float, Field(ge=0, le=1)] = Field(
        default=0.0, description="time that the compressor takes per token of the whole prompt, on the node (s)"
    )
    memory_bytes: Annotated[float, Field(ge=0, le=1e15)] = Field(
        default=0.0, description="what the compressor holds, on the node (bytes)"
    )
    retained: Annotated[float, Field(ge=0, le=1)] = Field(
        default=1.0, description="part of the accuracy that is left, which multiplies what the node offers"
    )

    @property
    def uplink_share(self) -> float:
        """Tokens that are sent, of those of the whole prompt."""
        return 1.0 / self.ratio if self.at == "user" else 1.0

    def of_batch(self, cost: BatchCost, power_w: float) -> BatchCost:
        """The cost of a batch by the lengths of whole prompts; the compressor draws so much power (W)."""
        own_s = Polynomial(s=self.s_per_token if self.at == "node" else 0.0)
        held = Polynomial(constant=self.memory_bytes if self.at == "node" else 0.0)
        compute_s, memory_bytes, energy_j = (self._shortened(one) for one in cost)
        return BatchCost(
            AffineCost(compute_s.base, compute_s.marginal.plus(own_s)),
            AffineCost(memory_bytes.base.plus(held), memory_bytes.marginal),
            AffineCost(energy_j.base, energy_j.marginal.plus(own_s.scaled(power_w))),
        )

    def _shortened(self, cost: AffineCost) -> AffineCost:
        return AffineCost(*(shortened(polynomial, self.ratio) for polynomial in cost))


def with_compressors(cost: BatchCost, levels: tuple[PromptCompression, ...]) -> BatchCost:
    """The cost of a batch on a node that holds what compresses to any of these levels: one compressor, the largest."""
    held = Polynomial(constant=max(level.memory_bytes if level.at == "node" else 0.0 for level in levels))
    memory_bytes = cost.memory_bytes
    return cost._replace(memory_bytes=AffineCost(memory_bytes.base.plus(held), memory_bytes.marginal))


def shortened(polynomial: Polynomial, ratio: float) -> Polynomial:
    """The polynomial at s/r, in the monomials of s."""
    return polynomial._replace(
        s=polynomial.s / ratio,
        s_squared=polynomial.s_squared / ratio**2,
        s_times_n=polynomial.s_times_n / ratio,
    )
