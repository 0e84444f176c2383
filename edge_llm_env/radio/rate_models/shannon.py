"""Shannon's rate."""

from __future__ import annotations

from typing import Literal

import numpy as np

from edge_llm_env.radio.rate_models.rate_model import RateModel, Steps


class ShannonRate(RateModel):
    """Shannon's log2(1 + SNR), as in arXiv 2405.07140."""

    kind: Literal["shannon"] = "shannon"

    def steps(self) -> Steps:
        """None: it grows without steps."""
        return Steps(np.zeros(0), np.zeros(0))
