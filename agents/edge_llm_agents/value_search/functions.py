"""A small function, shared by all slots, from a request's features to what serving it now is worth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from edge_llm_agents.value_search.features import COLUMNS, FEATURES, RAMPS
from edge_llm_agents.value_search.named_arrays import join_by, size_of, split_by
from edge_llm_baselines.rules.look_ahead import GRID
from edge_llm_env.support.naming import one_of

Parameters = NDArray[np.float32]

WIDEST = 4096
"""Units of a hidden layer."""

PARTS_OF_CHANCE = {"chance": 1.0} | {f"margin_ramp_{ramp}": 1.0 / RAMPS for ramp in range(RAMPS)}
"""What the look-ahead rule's chance to wait is the sum of: the feature itself or its ramps."""


class ValueFunction:
    """v = max(1/GRID, 1 - the worth of waiting), where that is, for features φ,

        Σ w_k φ_k + Σ o_j tanh(b_j + Σ h_jk φ_k),

    linear with `width` 0, else with a hidden layer of that many units. Parameters are float32 of shape (P, size): a
    population of P, each for an equal share of consecutive rows. `features` names the features, of
    `edge_llm_agents.value_search.features.COLUMNS`. Values are divided by the largest of their row, since only ratios
    matter to the oracle, rounded up to multiples of 1/`levels`, and are 0 for empty slots. The oracle is faster with
    fewer levels.

    Raises ValueError for a width out of 0..WIDEST, an unknown feature, or levels that are no power of two in 2..GRID.
    """

    def __init__(self, width: int = 0, features: Sequence[str] = FEATURES, levels: int = GRID) -> None:
        if width < 0 or width > WIDEST:
            raise ValueError(f"width = {width}: must be in 0..{WIDEST}")
        if not 2 <= levels <= GRID or levels & (levels - 1):
            raise ValueError(f"levels = {levels}: must be a power of two in 2..{GRID}")
        for name in features:
            one_of("feature", name, COLUMNS)
        self.width, self.features, self.levels = width, tuple(features), levels
        hidden = {"hidden": (width, len(features)), "bias": (width,), "out": (width,)} if width else {}
        self.shapes: dict[str, tuple[int, ...]] = {"weights": (len(features),)} | hidden

    @property
    def size(self) -> int:
        """How many parameters there are in all: the length of a vector of them."""
        return size_of(self.shapes)

    def starting_point(self, discount: float) -> NDArray[np.float64]:
        """Parameters (size,) with which it is the look-ahead rule of that discount, up to rounding to its levels."""
        arrays = {name: np.zeros(shape) for name, shape in self.shapes.items()}
        arrays["weights"][:] = [discount * PARTS_OF_CHANCE.get(feature, 0.0) for feature in self.features]
        return self.join(arrays)

    def values(
        self, parameters: Parameters, features: NDArray[np.float32], present: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """Values in 0..1, (rows, Q), of features (F, rows, Q)."""
        return self.on_levels(self.worth_now(parameters, features), present)

    def worth_now(self, parameters: Parameters, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """1 - the worth of waiting, (rows, Q), as it is: of any size, and in slots that are not in use any number."""
        arrays = self.split(np.repeat(parameters, features.shape[1] // len(parameters), axis=0))
        worth = weighted_sum(arrays["weights"], features)
        for unit in range(self.width):
            inside = weighted_sum(arrays["hidden"][:, unit], features) + arrays["bias"][:, unit, None]
            worth += arrays["out"][:, unit, None] * np.tanh(inside)
        return 1.0 - worth

    def on_levels(self, worth_now: NDArray[np.float32], present: NDArray[np.float32]) -> NDArray[np.float32]:
        """Values in 0..1, (rows, Q), made of what serving each request now is worth."""
        value = np.maximum(worth_now, np.float32(1.0 / GRID)) * present
        value /= np.maximum(value.max(axis=-1, keepdims=True), np.float32(1.0 / GRID))
        return np.ceil(value * np.float32(self.levels)) / np.float32(self.levels)

    def split(self, parameters: Parameters) -> dict[str, Parameters]:
        """Named arrays, of shape (..., *shape), of parameters (..., size)."""
        return split_by(self.shapes, parameters)

    def join(self, arrays: Mapping[str, NDArray]) -> NDArray:
        """The inverse of `split` for one vector; ValueError when names or shapes differ."""
        return join_by(self.shapes, arrays)


def weighted_sum(weights: Parameters, features: NDArray[np.float32]) -> NDArray[np.float32]:
    """(rows, Q): features (F, rows, Q) times weights (rows, F), added up in order.

    Not a matrix product: libraries add those up in orders that depend on the shapes, and a request's value must not
    depend on how many rows are evaluated with it.
    """
    total = np.zeros(features.shape[1:], dtype=np.float32)
    for feature, column in zip(features, weights.T, strict=True):
        total += column[:, None] * feature
    return total
