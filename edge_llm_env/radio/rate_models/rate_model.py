"""What every rate model is: settings of a scenario that say how many bits a symbol carries at which SNR."""

from __future__ import annotations

from abc import abstractmethod
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.support.section import Section


class Steps(NamedTuple):
    """A spectral efficiency that grows in K steps with the SNR; K = 0 stands for Shannon's, which has none."""

    snr: NDArray[np.float64]
    """(K,) linear SNR from which on each step holds, ascending; below the first nothing is carried."""
    bits_per_s_per_hz: NDArray[np.float64]
    """(K,) efficiency of each step, ascending."""


class RateModel(Section):
    """A kind of rate model; its `kind`, a literal, is its name in scenarios."""

    kind: str

    @abstractmethod
    def steps(self) -> Steps:
        """The spectral efficiency as steps."""
