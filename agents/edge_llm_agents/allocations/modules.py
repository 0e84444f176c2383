"""A linear function, shared by all variants, from what is seen of one to the logit of the modules that host it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.envs.layout import Layout, names
from edge_llm_env.scenarios.schema import Scenario


class SeenVariants:
    """What features of variants are made of, each (rows, G), by observations of a layout."""

    def __init__(self, observations: NDArray[np.float32], layout: Layout, scenario: Scenario) -> None:
        column: dict[str, list[int]] = {}
        for at, name in enumerate(names(layout, scenario)):
            column.setdefault(name.partition("[")[0], []).append(at)

        def entries(name: str) -> NDArray[np.float32]:
            return np.ascontiguousarray(observations[:, column[name]])

        self.hosted = entries("modules")
        self.loading = self.hosted - entries("loaded")
        present, compute = entries("present"), entries("compute")
        classes = scenario.workload.class_count
        offered = entries("accuracy").reshape(len(observations), -1, classes)
        each = np.maximum(0, np.rint(entries("class") * classes).astype(np.int64) - 1)
        # A class that a variant does not serve shows as 0, which a requirement of 0 would accept.
        offered_to = np.take_along_axis(offered, each[:, None, :], axis=2)
        enough = (offered_to >= entries("accuracy_requirement")[:, None, :]) & (offered_to > 0.0)
        able = enough & (present[:, None, :] > 0.0)
        # Variants are in ascending order of cost: the first that is accurate enough is the cheapest.
        self._cheapest = able & (np.cumsum(able, axis=1) == 1)
        self._compute, self._urgent = compute, compute * (1.0 - entries("can_wait"))

    def demand(self) -> NDArray[np.float32]:
        """Σ t/T_C of the requests that a variant is the cheapest for."""
        return _sum_over_slots(self._cheapest, self._compute)

    def urgent(self) -> NDArray[np.float32]:
        """The same of those that cannot wait."""
        return _sum_over_slots(self._cheapest, self._urgent)


def _sum_over_slots(which: NDArray[np.bool_], numbers: NDArray[np.float32]) -> NDArray[np.float32]:
    """(rows, G) of (rows, G, Q) and (rows, Q), added up alike for one row and for many."""
    return np.ascontiguousarray(np.where(which, numbers[:, None, :], np.float32(0.0))).sum(axis=-1)


COLUMNS: dict[str, Callable[[SeenVariants], NDArray[np.float32]]] = {
    "hosted": lambda seen: seen.hosted,
    "loading": lambda seen: seen.loading,
    "demand": lambda seen: seen.demand(),
    "urgent": lambda seen: seen.urgent(),
}
"""Every feature of a variant, by its name."""


def entries_of(
    bias: NDArray[np.float32], weights: NDArray[np.float32], features: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Entries in -1..1, (rows, G): biases (rows, G), and features (F, rows, G) times weights (rows, F), in order.

    Not a matrix product, whose sums depend on how many rows there are.
    """
    total = bias.copy()
    for feature, column in zip(features, weights.T, strict=True):
        total += column[:, None] * feature
    return np.clip(total, -1.0, 1.0)
