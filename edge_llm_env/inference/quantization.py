"""Weight and activation precision of a served model, and what it costs in accuracy."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class Quantization(BaseModel):
    """A precision as arXiv 2405.07140 describes it: memory factor α, compute factor β and perplexity loss ΔPPL.

    Raises `pydantic.ValidationError` on an unknown field or a value out of range.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    weight_bits: int = Field(gt=0, le=32, description="bits of one stored weight")
    activation_bits: int = Field(default=16, gt=0, le=32, description="bits of one activation and KV-cache entry")
    memory_factor: float = Field(gt=0, le=1, description="α: weight bytes relative to 16-bit weights")
    compute_factor: float = Field(gt=0, description="β: compute time relative to 16-bit weights")
    perplexity_increase: float = Field(ge=0, description="ΔPPL on WikiText2 relative to 16-bit weights")

    @property
    def accuracy(self) -> float:
        """Accuracy in 0..1 that the precision offers: `accuracy_from_perplexity(perplexity_increase)`."""
        return accuracy_from_perplexity(self.perplexity_increase)


def accuracy_from_perplexity(perplexity_increase: float) -> float:
    """Accuracy in 0..1 offered at a perplexity increase ΔPPL ≥ 0: f(ΔPPL) = 1 / (1 + ΔPPL).

    Assumed. The paper asks only for a decreasing f with a_i ≤ f(ΔPPL) (its accuracy constraint); this one is 1 for a
    lossless precision, tends to 0, and needs no parameter. Raises ValueError when ΔPPL is negative or not a number.
    """
    if not perplexity_increase >= 0:
        raise ValueError(f"perplexity_increase = {perplexity_increase}: must be at least 0")
    return 1.0 / (1.0 + perplexity_increase)
