"""The urban micro cell, a street canyon."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from edge_llm_env.radio.path_losses.urban import UMI, UrbanCell
from edge_llm_env.radio.path_losses.urban_loss import UrbanPathLoss
from edge_llm_env.support.quantities import DeviationDb, HeightM


class UmiPathLoss(UrbanPathLoss):
    """Urban micro cell, street canyon, of 3GPP TR 38.901, otherwise as `uma`."""

    cell: ClassVar[UrbanCell] = UMI

    kind: Literal["umi"]
    base_station_height_m: HeightM = 10.0
    user_height_m: float = Field(default=1.5, ge=1.5, le=22.5)
    los_shadowing_db: DeviationDb = Field(default=4.0, description="standard deviation with a line of sight")
    nlos_shadowing_db: DeviationDb = Field(default=7.82, description="standard deviation without one")
