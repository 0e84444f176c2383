"""When a scenario's requests arrive."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from edge_llm_env.scenarios.section import FiniteFloat, NonNegativeFloat, PositiveFloat, Section, Tokens
from edge_llm_env.traces.formats import FORMATS
from edge_llm_env.traces.part import TracePart, part_of
from edge_llm_env.traces.reading import TraceKind, load_trace, trace_sha256


class PoissonArrivals(Section):
    """Independent arrivals at a constant rate."""

    kind: Literal["poisson"]
    rate_per_s: PositiveFloat

    @property
    def mean_rate_per_s(self) -> float:
        """Mean arrival rate over all episodes."""
        return self.rate_per_s


class GammaArrivals(Section):
    """Independent gamma times between arrivals: regular below a coefficient of variation of 1, bursty above."""

    kind: Literal["gamma"]
    rate_per_s: PositiveFloat
    coefficient_of_variation: PositiveFloat = Field(
        description="standard deviation over mean of the times between arrivals; 1 is Poisson"
    )

    @property
    def mean_rate_per_s(self) -> float:
        """Mean arrival rate over all episodes."""
        return self.rate_per_s


class MarkovModulatedArrivals(Section):
    """Poisson arrivals whose rate is that of a hidden state; each next state is any other with equal probability."""

    kind: Literal["markov_modulated"]
    rates_per_s: tuple[NonNegativeFloat, ...] = Field(min_length=2, description="arrival rate in each state")
    mean_sojourns_s: tuple[PositiveFloat, ...] = Field(
        min_length=2, description="mean time in each state, exponentially distributed"
    )

    @model_validator(mode="after")
    def _every_state_has_both(self) -> MarkovModulatedArrivals:
        if len(self.rates_per_s) != len(self.mean_sojourns_s):
            raise ValueError(
                f"rates_per_s has {len(self.rates_per_s)} states: "
                f"must have as many as mean_sojourns_s, which has {len(self.mean_sojourns_s)}"
            )
        if not any(self.rates_per_s):
            raise ValueError("rates_per_s: must be greater than 0 in one state at least")
        return self

    @property
    def mean_rate_per_s(self) -> float:
        """Mean arrival rate over all episodes: a state is met in proportion to its mean sojourn."""
        weighted = sum(rate * stay for rate, stay in zip(self.rates_per_s, self.mean_sojourns_s, strict=True))
        return weighted / sum(self.mean_sojourns_s)


class DiurnalArrivals(Section):
    """Poisson arrivals at the rate r·(1 + a·sin(2πt/P + φ)), t from the start of the episode."""

    kind: Literal["diurnal"]
    rate_per_s: PositiveFloat = Field(description="r, mean over a period")
    amplitude: float = Field(ge=0, le=1, description="a, relative to the mean")
    period_s: PositiveFloat = Field(description="P")
    phase_rad: FiniteFloat | None = Field(
        default=None, description="φ; without it each episode draws its own, so it starts at any time of the day"
    )

    @property
    def mean_rate_per_s(self) -> float:
        """Mean arrival rate over a period."""
        return self.rate_per_s


class TraceArrivals(Section):
    """Requests of a public trace; each episode replays a window of it that begins at a time drawn uniformly."""

    kind: Literal["trace"]
    format: TraceKind = Field(description="Azure LLM inference 2023 or 2024, BurstGPT, or Mooncake")
    path: str | None = Field(default=None, description="the file; a preset leaves it to its user")
    time_scale: PositiveFloat = Field(default=1.0, description="stretches times: 2 halves the rate")
    start_offset_s: NonNegativeFloat = Field(
        default=0.0, description="the part used begins so long after the first request, before scaling"
    )
    duration_s: PositiveFloat | None = Field(
        default=None,
        description="length of the part used, before scaling; without it, all the rest. "
        "Parts that do not overlap keep training and evaluation apart",
    )
    max_prompt_tokens: Tokens | None = Field(default=None, description="longer prompts are cut to this")
    max_output_tokens: Tokens | None = Field(default=None, description="longer outputs are cut to this")
    skip_bad_rows: bool = Field(default=False, description="leave malformed rows out instead of refusing the trace")

    @model_validator(mode="after")
    def _trace_can_be_replayed(self) -> TraceArrivals:
        if self.path is None:
            raise ValueError(
                'workload.arrivals.path: is required, as in load_scenario(NAME, **{"workload.arrivals.path": FILE}); '
                f"{self.format} traces are public at {FORMATS[self.format].home}"
            )
        _ = self.part
        return self

    @property
    def part(self) -> TracePart:
        """The requests of the part used, scaled and cut. Raises TraceError."""
        trace = load_trace(str(self.path), self.format, skip_bad_rows=self.skip_bad_rows)
        return part_of(
            trace,
            self.start_offset_s,
            self.duration_s,
            self.time_scale,
            self.max_prompt_tokens,
            self.max_output_tokens,
        )

    @property
    def mean_rate_per_s(self) -> float:
        """Mean arrival rate of the part used, scaled."""
        return self.part.mean_rate_per_s

    def sha256(self) -> str:
        """SHA-256 (hex) of the file."""
        return trace_sha256(str(self.path))


RandomArrivals = PoissonArrivals | GammaArrivals | MarkovModulatedArrivals | DiurnalArrivals
Arrivals = Annotated[RandomArrivals | TraceArrivals, Field(discriminator="kind")]
