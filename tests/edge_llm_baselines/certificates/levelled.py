"""Trees of futures whose node serves requests at levels: by one of two variants, whole or in half of the time."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from tests.edge_llm_baselines.certificates.divided import DividedTree

COMPRESSED = (0.5, 0.8)
"""The time that a compressed prompt takes, and what it is worth, in parts of a whole one's."""


@dataclass(frozen=True)
class LevelTree(DividedTree):
    """What is gained is the accuracy delivered."""

    @classmethod
    def random_divided(cls, rng: np.random.Generator) -> Self:
        """As that of `DividedTree`; the second variant, which serves all, is the more accurate."""
        tree = super().random_divided(rng)
        accuracy = (float(rng.choice([0.4, 0.6])), 1.0)
        worth = [(first * accuracy[0], second * accuracy[1]) for first, second in tree.worth]
        return replace(tree, worth=worth, levels=((1.0, 1.0), COMPRESSED))

    @classmethod
    def of_divided_rivals(cls, rng: np.random.Generator) -> Self:
        """As that of `DividedTree`, where requests deliver different accuracies, each by one of the variants."""
        tree = super().of_divided_rivals(rng)
        most = [float(rng.choice([0.6, 0.9] if request < 2 else [0.8, 1.0])) for request in range(len(tree.worth))]
        worth = [(most_of * first, most_of * second) for most_of, (first, second) in zip(most, tree.worth, strict=True)]
        return replace(tree, worth=worth)
