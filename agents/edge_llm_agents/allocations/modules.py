"""A linear function, shared by all variants, from what is seen of one to the weight of the modules that host it."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import NDArray

from edge_llm_agents.allocations.entries import entries_of_observation
from edge_llm_agents.allocations.forecast import AHEAD_EPOCHS
from edge_llm_baselines.allocation.partitions import logits_of
from edge_llm_env.envs.observation.layout import Layout
from edge_llm_env.scenarios.schema import Scenario

LOGIT_SCALE = 4.0
"""Of the function's logits in -1..1, of which a weighs exp(4a) - exp(-4): it tells variants apart more sharply than
entries of an action do, with which beginners explore."""


class SeenVariants:
    """What features of variants are made of, each (rows, G), by observations of a layout.

    `shares` are those of the classes that are expected among coming arrivals, (spans, rows, K), where there are such.
    """

    def __init__(
        self,
        observations: NDArray[np.float32],
        layout: Layout,
        scenario: Scenario,
        shares: NDArray[np.float32] | None = None,
    ) -> None:
        seen = entries_of_observation(observations, layout, scenario)
        rows, variants = seen["modules"].shape
        self.hosted, self.loaded = seen["modules"], seen["loaded"]
        self._shares = shares
        accuracy = seen["accuracy"].reshape(rows, variants, -1)
        classes = accuracy.shape[2]
        of_class = np.rint(seen["class"] * np.float32(classes)).astype(np.int64) - 1
        present, compute = seen["present"], seen["compute"]
        # What an empty slot shows is no class; it is not able to be served anyway.
        offered = np.take_along_axis(accuracy, np.maximum(of_class, 0)[:, None, :].repeat(variants, 1), axis=2)
        able = (offered >= seen["accuracy_requirement"][:, None, :]) & (offered > 0.0) & (present[:, None, :] > 0.0)
        # Variants are in ascending order of cost: the first that is accurate enough is the cheapest.
        self._cheapest = able & (np.cumsum(able, axis=1) == 1)
        serves = accuracy > 0.0
        self._cheapest_of_class = serves & (np.cumsum(serves, axis=1) == 1)
        self._compute, self._urgent = compute, compute * (1.0 - seen["can_wait"])

    def expected(self, span: int) -> NDArray[np.float32]:
        """Shares of coming arrivals, in a span of `AHEAD_EPOCHS`, of the classes that a variant is the cheapest for."""
        if self._shares is None:
            return np.zeros_like(self.hosted)
        return _sum_over_last(self._cheapest_of_class, self._shares[span])

    def demand(self) -> NDArray[np.float32]:
        """Σ t/T_C of the requests that a variant is the cheapest for."""
        return _sum_over_last(self._cheapest, self._compute)

    def urgent(self) -> NDArray[np.float32]:
        """The same of those that cannot wait."""
        return _sum_over_last(self._cheapest, self._urgent)


def _sum_over_last(which: NDArray[np.bool_], numbers: NDArray[np.float32]) -> NDArray[np.float32]:
    """(rows, G) of (rows, G, n) and (rows, n), added up alike for one row and for many."""
    return np.ascontiguousarray(np.where(which, numbers[:, None, :], np.float32(0.0))).sum(axis=-1)


def _expected(seen: SeenVariants, span: int) -> NDArray[np.float32]:
    return seen.expected(span)


COLUMNS: dict[str, Callable[[SeenVariants], NDArray[np.float32]]] = {
    "hosted": lambda seen: seen.hosted,
    "loaded": lambda seen: seen.loaded,
    "demand": lambda seen: seen.demand(),
    "urgent": lambda seen: seen.urgent(),
    **{f"expected_{span}": partial(_expected, span=span) for span in range(len(AHEAD_EPOCHS))},
}
"""Every feature of a variant, by its name."""


def entries_of(
    bias: NDArray[np.float32], weights: NDArray[np.float32], features: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Entries of an action, (rows, G): of logits, biases (rows, G), and features (F, rows, G) times weights (rows, F).

    These are added up in order: a matrix product's sums depend on how many rows there are.
    """
    total = bias.copy()
    for feature, column in zip(features, weights.T, strict=True):
        total += column[:, None] * feature
    logits = np.clip(total.astype(np.float64), -1.0, 1.0)
    return logits_of(np.exp(LOGIT_SCALE * logits) - math.exp(-LOGIT_SCALE)).astype(np.float32)
