"""Link adaptation by 3GPP's channel quality indicator."""

from __future__ import annotations

from typing import Literal

import numpy as np
from pydantic import Field

from edge_llm_env.radio.rate_models.cqi_tables import CQI_TABLES
from edge_llm_env.radio.rate_models.rate_model import RateModel, Steps
from edge_llm_env.support.quantities import DeviationDb


class CqiRate(RateModel):
    """The best entry, of modulation and code rate, of a CQI table of 3GPP TS 38.214 that the SNR allows to decode."""

    kind: Literal["cqi"]
    table: Literal["64qam", "256qam", "low_se"] = Field(
        default="64qam", description="clause 5.2.2.1, table 2, 3 or 4; block error rates of 0.1, 0.1 and 0.00001"
    )
    implementation_loss_db: DeviationDb = Field(
        default=1.5,
        description="SNR that a receiver needs beyond the best possible code of a block's length; 1.5 dB is assumed",
    )

    def steps(self) -> Steps:
        """One step for each entry of the table."""
        table = CQI_TABLES[self.table]
        snr = [10.0 ** ((entry.snr_db + self.implementation_loss_db) / 10.0) for entry in table]
        return Steps(np.array(snr), np.array([entry.bits_per_symbol for entry in table]))
