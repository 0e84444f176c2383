"""How a scenario's requests and answers travel."""

from __future__ import annotations

from pydantic import Field, model_validator

from edge_llm_env.scenarios.section import FiniteFloat, PositiveFloat, Section


class RadioSettings(Section):
    """The cell: bands, powers, noise, payload per token, path loss and fading."""

    uplink_bandwidth_hz: PositiveFloat
    downlink_bandwidth_hz: PositiveFloat
    device_power_dbm: FiniteFloat
    node_power_dbm: FiniteFloat
    noise_dbm_per_hz: FiniteFloat
    uplink_bits_per_token: PositiveFloat = Field(description="b_U, payload bits of one prompt token")
    downlink_bits_per_token: PositiveFloat = Field(description="b_D, payload bits of one output token")
    min_distance_m: PositiveFloat
    cell_radius_m: PositiveFloat
    path_loss_intercept_db: FiniteFloat = Field(description="path loss at 1 km")
    path_loss_slope_db: PositiveFloat = Field(description="path loss per decade of distance")
    reciprocal_fading: bool = Field(
        default=True, description="one gain for both directions, as in time-division duplex"
    )

    @model_validator(mode="after")
    def _disc_has_an_area(self) -> RadioSettings:
        if self.min_distance_m >= self.cell_radius_m:
            raise ValueError(
                f"radio.min_distance_m = {self.min_distance_m:g}: "
                f"must be less than radio.cell_radius_m = {self.cell_radius_m:g}"
            )
        return self
