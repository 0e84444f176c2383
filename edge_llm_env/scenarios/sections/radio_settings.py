"""How a scenario's requests and answers travel."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from edge_llm_env.radio.bands import Band, band_of_blocks, real_band
from edge_llm_env.radio.fading.table import Fadings
from edge_llm_env.radio.path_losses.path_loss import variance_of_shadowing
from edge_llm_env.radio.path_losses.table import PathLosses
from edge_llm_env.radio.rate_models.shannon import ShannonRate
from edge_llm_env.radio.rate_models.table import RateModels
from edge_llm_env.radio.resource_blocks import ResourceBlocks
from edge_llm_env.radio.road import Road, correlations_of_product
from edge_llm_env.support.quantities import (
    BandwidthHz,
    BitsPerSPerHz,
    BitsPerToken,
    CarrierHz,
    DistanceM,
    NoiseDbmPerHz,
    PowerDbm,
)
from edge_llm_env.support.section import NEUTRAL, Section


class RadioSettings(Section):
    """The cell: bands, powers, noise, payload per token, path loss and fading."""

    uplink_bandwidth_hz: BandwidthHz
    downlink_bandwidth_hz: BandwidthHz
    device_power_dbm: PowerDbm
    node_power_dbm: PowerDbm
    noise_dbm_per_hz: NoiseDbmPerHz
    uplink_bits_per_token: BitsPerToken = Field(description="b_U, payload bits of one prompt token")
    uplink_token_error_rate: Annotated[float, Field(ge=0, le=0.99)] = Field(
        default=0.0,
        description="p, part of the prompt tokens that do not arrive as they were sent, and are sent again",
        json_schema_extra=NEUTRAL,
    )
    downlink_bits_per_token: BitsPerToken = Field(description="b_D, payload bits of one output token")
    rate_model: RateModels = Field(
        default=ShannonRate(),
        json_schema_extra=NEUTRAL,
        description="how many bits a symbol carries at which SNR; a name stands for that kind with its defaults",
    )
    max_spectral_efficiency_bits_per_s_per_hz: BitsPerSPerHz | None = Field(
        default=None,
        description="most that any rate model reaches; 7.4 with the 256QAM table of 3GPP TS 38.214, "
        "table 5.1.3.1-2 (MCS 27: 8 bits at code rate 948/1024)",
    )
    resource_blocks: ResourceBlocks | None = Field(
        default=None,
        json_schema_extra=NEUTRAL,
        description="bands are granted in whole resource blocks of 5G New Radio; without it in real shares",
    )
    min_distance_m: DistanceM
    cell_radius_m: DistanceM
    carrier_frequency_hz: CarrierHz = Field(description="of the urban path losses and of the Doppler shift")
    path_loss: PathLosses
    fading: Fadings
    reciprocal_fading: bool = Field(
        default=True, description="one gain for both directions, as in time-division duplex"
    )
    road: Road | None = Field(
        default=None,
        json_schema_extra=NEUTRAL,
        description="users drive along a road; without it they stay where they are",
    )
    transfers: Literal["within_epoch", "carried_over"] = Field(
        default="within_epoch",
        json_schema_extra=NEUTRAL,
        description="an upload that an epoch does not finish is lost, as in arXiv 2405.07140, or what was sent of it "
        "stays sent; carried over where an agent divides the bands, in EdgeLLM/Bandwidth-v0",
    )

    def uplink_band(self, part_s: float) -> Band:
        """The uplink's band within a part of the epoch of that length (s)."""
        blocks = self.resource_blocks
        if blocks is None:
            return real_band(self.uplink_bandwidth_hz)
        return band_of_blocks(self.uplink_bandwidth_hz, blocks, blocks.uplink_overhead, part_s)

    def downlink_band(self, part_s: float) -> Band:
        """The downlink's, likewise."""
        blocks = self.resource_blocks
        if blocks is None:
            return real_band(self.downlink_bandwidth_hz)
        return band_of_blocks(self.downlink_bandwidth_hz, blocks, blocks.downlink_overhead, part_s)

    @property
    def nearest_m(self) -> float:
        """The least distance (m) from the station at which path loss is known."""
        limits = self.path_loss.distance_range_m
        return self.path_loss.nearest_m if limits is None else max(self.path_loss.nearest_m, limits[0])

    @model_validator(mode="after")
    def _disc_has_an_area(self) -> RadioSettings:
        if self.min_distance_m >= self.cell_radius_m:
            raise ValueError(
                f"radio.min_distance_m = {self.min_distance_m:g}: "
                f"must be less than radio.cell_radius_m = {self.cell_radius_m:g}"
            )
        return self

    @model_validator(mode="after")
    def _bands_have_blocks(self) -> RadioSettings:
        if self.resource_blocks is not None:
            if self.transfers == "carried_over":
                raise ValueError(
                    'radio.transfers = "carried_over": must be "within_epoch" with radio.resource_blocks, as what is '
                    "sent of an upload is a real share of the band"
                )
            for field in ("uplink_bandwidth_hz", "downlink_bandwidth_hz"):
                try:
                    self.resource_blocks.blocks(getattr(self, field))
                except ValueError as error:
                    raise ValueError(f"radio.{field} = {error}") from None
        return self

    @model_validator(mode="after")
    def _nobody_gains_by_path_loss(self) -> RadioSettings:
        nearest_m = self.path_loss.nearest_m
        if self.min_distance_m < nearest_m:
            raise ValueError(
                f"radio.min_distance_m = {self.min_distance_m:g}: must be at least {nearest_m:.4g}, nearer than which "
                f"radio.path_loss would be below 0 dB"
            )
        return self

    @model_validator(mode="after")
    def _road_lies_in_the_cell(self) -> RadioSettings:
        if self.road is None:
            return self
        if not self.path_loss.along_roads:
            raise ValueError(f'radio.road: must go with path_loss.kind = "log_distance", not "{self.path_loss.kind}"')
        if not self.min_distance_m <= self.road.distance_m < self.cell_radius_m:
            raise ValueError(
                f"radio.road.distance_m = {self.road.distance_m:g}: must be at least radio.min_distance_m = "
                f"{self.min_distance_m:g} and less than radio.cell_radius_m = {self.cell_radius_m:g}"
            )
        return self

    @model_validator(mode="after")
    def _path_loss_is_used_within_its_ranges(self) -> RadioSettings:
        for field, limits in (
            ("carrier_frequency_hz", self.path_loss.carrier_range_hz),
            ("min_distance_m", self.path_loss.distance_range_m),
            ("cell_radius_m", self.path_loss.distance_range_m),
        ):
            if limits is not None and not limits[0] <= getattr(self, field) <= limits[1]:
                raise ValueError(
                    f"radio.{field} = {getattr(self, field):g}: must lie in [{limits[0]:g}, {limits[1]:g}] "
                    f'with path_loss.kind = "{self.path_loss.kind}"'
                )
        return self

    def correlations(self, epochs: int, epoch_s: float) -> NDArray[np.float64]:
        """Correlation of what a user's gain is beside its path loss, now and after 1 to `epochs` epochs."""
        if self.road is None:
            return self.fading.correlations(epochs, epoch_s, self.carrier_frequency_hz)
        fading = self.fading.correlations(epochs, epoch_s, self.carrier_frequency_hz)
        shadowing = self.road.shadowing_correlations(epochs, epoch_s)
        return correlations_of_product(
            variance_of_shadowing(self.path_loss.along_road_db), shadowing, self.fading.power_variance, fading
        )
