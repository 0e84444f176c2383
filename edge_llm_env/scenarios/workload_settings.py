"""What a scenario's users ask for."""

from __future__ import annotations

from pydantic import Field, field_validator, model_validator

from edge_llm_env.scenarios.arrival_settings import Arrivals
from edge_llm_env.scenarios.section import FiniteFloat, Section, Tokens


class Range(Section):
    """A uniform distribution on [low, high]."""

    low: FiniteFloat
    high: FiniteFloat

    @model_validator(mode="after")
    def _ordered(self) -> Range:
        if self.low > self.high:
            raise ValueError(f"low = {self.low:g}: must be at most high = {self.high:g}")
        return self


class WorkloadSettings(Section):
    """What users ask for: arrivals, lengths and requirements."""

    arrivals: Arrivals
    prompt_tokens: tuple[Tokens, ...] = Field(min_length=1, description="s, drawn with equal probability")
    output_tokens: tuple[Tokens, ...] = Field(min_length=1, description="n, drawn with equal probability")
    latency_requirement_s: Range = Field(description="τ, drawn uniformly")
    accuracy_requirement: Range = Field(description="a, drawn uniformly")

    @field_validator("latency_requirement_s")
    @classmethod
    def _positive(cls, latency: Range) -> Range:
        if latency.low <= 0:
            raise ValueError(f"low = {latency.low:g}: must be greater than 0")
        return latency

    @field_validator("accuracy_requirement")
    @classmethod
    def _fraction(cls, accuracy: Range) -> Range:
        if accuracy.low < 0 or accuracy.high > 1:
            raise ValueError(f"[{accuracy.low:g}, {accuracy.high:g}]: must lie in [0, 1]")
        return accuracy
