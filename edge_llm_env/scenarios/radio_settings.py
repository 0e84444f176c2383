"""How a scenario's requests and answers travel."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from edge_llm_env.radio.urban import MAX_CARRIER_HZ, MAX_DISTANCE_M, MIN_CARRIER_HZ, MIN_DISTANCE_M
from edge_llm_env.scenarios.section import FiniteFloat, NonNegativeFloat, PositiveFloat, Section


class LogDistancePathLoss(Section):
    """A loss that grows by a constant per decade of distance, the same for all users but for shadowing."""

    kind: Literal["log_distance"]
    intercept_db: FiniteFloat = Field(description="path loss at 1 km")
    slope_db: PositiveFloat = Field(description="path loss per decade of distance")
    shadowing_db: NonNegativeFloat = Field(default=0.0, description="standard deviation of log-normal shadowing")


class UmaPathLoss(Section):
    """Urban macro cell of 3GPP TR 38.901: a line of sight drawn per user, and path loss and shadowing as it is there.

    Defaults are those of table 7.4.1-1.
    """

    kind: Literal["uma"]
    base_station_height_m: float = Field(default=25.0, gt=1, allow_inf_nan=False)
    user_height_m: float = Field(default=1.5, ge=1.5, lt=13, description="below 13 m the model has no random heights")
    los_shadowing_db: NonNegativeFloat = Field(default=4.0, description="standard deviation with a line of sight")
    nlos_shadowing_db: NonNegativeFloat = Field(default=6.0, description="standard deviation without one")


class UmiPathLoss(Section):
    """Urban micro cell, street canyon, of 3GPP TR 38.901, otherwise as `UmaPathLoss`."""

    kind: Literal["umi"]
    base_station_height_m: float = Field(default=10.0, gt=1, allow_inf_nan=False)
    user_height_m: float = Field(default=1.5, ge=1.5, le=22.5)
    los_shadowing_db: NonNegativeFloat = Field(default=4.0, description="standard deviation with a line of sight")
    nlos_shadowing_db: NonNegativeFloat = Field(default=7.82, description="standard deviation without one")


UserSpeed = Annotated[
    NonNegativeFloat | None,
    Field(description="correlates a user's epochs by its Doppler; without it they fade independently, at 0 not at all"),
]


class RayleighFading(Section):
    """Many scattered paths and no direct one."""

    kind: Literal["rayleigh"]
    user_speed_m_per_s: UserSpeed = None


class RicianFading(Section):
    """A direct path among scattered ones; with an urban path loss, for users who have a line of sight."""

    kind: Literal["rician"]
    k_factor_db: FiniteFloat = Field(description="K, power of the direct path over that of the scattered ones")
    user_speed_m_per_s: UserSpeed = None


class RadioSettings(Section):
    """The cell: bands, powers, noise, payload per token, path loss and fading."""

    uplink_bandwidth_hz: PositiveFloat
    downlink_bandwidth_hz: PositiveFloat
    device_power_dbm: FiniteFloat
    node_power_dbm: FiniteFloat
    noise_dbm_per_hz: FiniteFloat
    uplink_bits_per_token: PositiveFloat = Field(description="b_U, payload bits of one prompt token")
    downlink_bits_per_token: PositiveFloat = Field(description="b_D, payload bits of one output token")
    max_spectral_efficiency_bits_per_s_per_hz: PositiveFloat | None = Field(
        default=None,
        description="most that link adaptation reaches; 7.4 with the 256QAM table of 3GPP TS 38.214, "
        "table 5.1.3.1-2 (MCS 27: 8 bits at code rate 948/1024)",
    )
    min_distance_m: PositiveFloat
    cell_radius_m: PositiveFloat
    carrier_frequency_hz: PositiveFloat = Field(description="of the urban path losses and of the Doppler shift")
    path_loss: LogDistancePathLoss | UmaPathLoss | UmiPathLoss = Field(discriminator="kind")
    fading: RayleighFading | RicianFading = Field(discriminator="kind")
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

    @model_validator(mode="after")
    def _urban_model_is_used_within_its_ranges(self) -> RadioSettings:
        if self.path_loss.kind == "log_distance":
            return self
        for field, low, high in (
            ("carrier_frequency_hz", MIN_CARRIER_HZ, MAX_CARRIER_HZ),
            ("min_distance_m", MIN_DISTANCE_M, MAX_DISTANCE_M),
            ("cell_radius_m", MIN_DISTANCE_M, MAX_DISTANCE_M),
        ):
            if not low <= getattr(self, field) <= high:
                raise ValueError(
                    f"radio.{field} = {getattr(self, field):g}: must lie in [{low:g}, {high:g}] "
                    f'with path_loss.kind = "{self.path_loss.kind}"'
                )
        return self
