"""Weight and activation precision of a served model, and what it costs in accuracy."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class Precision(BaseModel):
    """How a model's numbers are stored: bits for the roofline cost model, α and β for the paper's.

    Weights of `weight_bits` come in groups of `group_size` that share `group_overhead_bits`, a scale and a zero point
    of 16 bits each; without groups the overhead is that of whole rows, and is left out. Raises
    `pydantic.ValidationError` on an unknown field or a value out of range.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(default="", description="catalogue name, by which measurements of it are found; empty: none")
    weight_bits: int = Field(gt=0, le=32, description="bits of one stored weight, scales apart")
    activation_bits: int = Field(default=16, gt=0, le=32, description="bits of the numbers that weights multiply")
    group_size: int | None = Field(default=None, gt=0, description="weights that share a scale; none: whole rows")
    group_overhead_bits: float = Field(default=32.0, ge=0, description="bits of a group's scale and zero point")
    head_bits: float = Field(default=16.0, gt=0, le=32, description="bits of one weight of embeddings and output head")
    kv_bits: float = Field(default=16.0, gt=0, le=32, description="bits of one entry of the KV cache")
    memory_factor: float = Field(gt=0, le=2, description="α of `paper`: weight bytes relative to 16-bit weights")
    compute_factor: float = Field(gt=0, description="β of `paper`: compute time relative to 16-bit weights")

    @property
    def stored_weight_bits(self) -> float:
        """Bits of one weight with its part of the group's scale: w + 32/group."""
        return self.weight_bits + (0.0 if self.group_size is None else self.group_overhead_bits / self.group_size)


class Quantization(Precision):
    """A precision applied to a model, which tells its loss of quality ΔPPL."""

    perplexity_increase: float = Field(
        ge=0, allow_inf_nan=False, description="ΔPPL on WikiText2 relative to 16-bit weights"
    )

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
