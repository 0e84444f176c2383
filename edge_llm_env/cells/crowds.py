"""Crowds that move through cells, in a hidden order."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from edge_llm_env.arrivals.class_mix import ClassMix
from edge_llm_env.arrivals.markov_modulated import MOST_CHANGES
from edge_llm_env.arrivals.table import Arrivals
from edge_llm_env.support.naming import shown
from edge_llm_env.support.quantities import DurationS, NonNegativeFloat, Variation
from edge_llm_env.support.section import Section

Weights = tuple[NonNegativeFloat, ...]


class Crowd(Section):
    """People who are in one cell at a time, and send their requests there beside those of the cell itself.

    They stay in a cell for a gamma time and go on to another one, as phases of a `ClassMix` follow one another: an
    episode begins at a random moment of their way.
    """

    arrivals: Arrivals = Field(description="of their requests, in whichever cell they are")
    mean_stays_s: Annotated[tuple[DurationS, ...], Field(min_length=1)] = Field(
        description="mean time that they stay in each cell, in the order of the cells"
    )
    stay_variation: Variation = Field(
        default=1.0, description="standard deviation over mean of the time that they stay; 1 is exponential"
    )
    followed_by: tuple[Weights, ...] | None = Field(
        default=None,
        description="of each cell, the weight of each cell as the next one; if not given, any other is as likely",
    )

    def way(self, cells: tuple[str, ...]) -> ClassMix:
        """Their way through cells of those names; raises ValueError where it is not one of as many cells."""
        alone = tuple(tuple(float(one == other) for other in cells) for one in cells)
        return ClassMix(
            names=cells,
            mixes=alone,
            mean_lengths_s=self.mean_stays_s,
            length_variation=self.stay_variation,
            followed_by=self.followed_by,
        )

    def check_episode(self, cells: tuple[str, ...], horizon_s: float) -> None:
        """Raise ValueError, which begins with the field's name, where they move too often in an episode."""
        if (moves := self.way(cells).changes(horizon_s)) > MOST_CHANGES:
            raise ValueError(
                f"mean_stays_s = {shown(self.mean_stays_s)}: they would go to another cell {moves:.4g} times in the "
                f"{horizon_s:.4g} s of an episode, must be at most {MOST_CHANGES:,} times"
            )
        try:
            self.arrivals.check_episode(horizon_s)
        except ValueError as error:
            raise ValueError(f"arrivals.{error}") from None

    def draw(
        self, rng: np.random.Generator, cells: tuple[str, ...], horizon_s: float
    ) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """When their requests arrive (s, ascending), and in which cell each does."""
        arrival_s = self.arrivals.draw(rng, horizon_s).arrival_s
        return arrival_s, self.way(cells).draw(rng, arrival_s, horizon_s)
