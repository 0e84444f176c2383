"""When a scenario's requests arrive."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from edge_llm_env.scenarios.section import FiniteFloat, NonNegativeFloat, PositiveFloat, Section


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


Arrivals = Annotated[
    PoissonArrivals | GammaArrivals | MarkovModulatedArrivals | DiurnalArrivals, Field(discriminator="kind")
]
