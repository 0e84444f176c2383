"""The urban macro cell."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from edge_llm_env.radio.path_losses.urban import UMA, UrbanCell
from edge_llm_env.radio.path_losses.urban_loss import UrbanPathLoss
from edge_llm_env.support.quantities import DeviationDb, HeightM


class UmaPathLoss(UrbanPathLoss):
    """Urban macro cell of 3GPP TR 38.901: a line of sight drawn per user, and path loss and shadowing as it is there.

    Defaults are those of table 7.4.1-1.
    """

    cell: ClassVar[UrbanCell] = UMA

    kind: Literal["uma"]
    base_station_height_m: HeightM = 25.0
    user_height_m: float = Field(default=1.5, ge=1.5, lt=13, description="below 13 m the model has no random heights")
    los_shadowing_db: DeviationDb = Field(default=4.0, description="standard deviation with a line of sight")
    nlos_shadowing_db: DeviationDb = Field(default=6.0, description="standard deviation without one")
