"""The parameters of placement that is found by search, by what it sees, and where a search for them begins."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_llm_agents.placement.demand import AGES_EPOCHS
from edge_llm_agents.placement.observed import placing_params
from edge_llm_agents.value_search.named_arrays import Shapes, join_by, size_of, split_by
from edge_llm_env.scenarios.schema import Scenario
from edge_llm_env.support.naming import one_of

SEES = ("arrivals", "followers", "forecast")
"""What demand is made of: recent arrivals of a class and its age; with them those of the classes that it follows, by a
table of each cell that is searched for; or shares that the supervised forecaster expects."""

SPANS_EPOCHS = ((1, 3), (3, 5), (5, 7), (7, 9), (9, 12))
"""Spans of forecast epochs, the first being the one that has just ended, whose demand has a weight each."""


class PlacementFunction:
    """Parameters by their names: vectors (P, size) of a population, each for an equal share of consecutive rows.

    Raises ValueError for what is not of `SEES`, ScenarioError where nothing is placed or no history is shown.
    """

    def __init__(self, sees: str, scenario: Scenario) -> None:
        self.sees = one_of("sees", sees, SEES)
        params = placing_params(scenario)
        ages, table = (len(AGES_EPOCHS),), (params.cells, params.classes, params.classes)
        own: dict[str, dict[str, tuple[int, ...]]] = {
            "arrivals": {"stays": ages},
            "followers": {"stays": ages, "comes": ages, "followers": table},
            "forecast": {"spans": (len(SPANS_EPOCHS),)},
        }
        self.shapes: Shapes = {"keeps": (1,), "rooms": (1,)} | own[sees]
        self._none = {"comes": np.zeros(ages), "followers": np.zeros(table), "spans": np.ones(1)}

    @property
    def size(self) -> int:
        """How many parameters there are in all: the length of a vector of them."""
        return size_of(self.shapes)

    def starting_point(self) -> NDArray[np.float64]:
        """Parameters (size,) that load for what has arrived lately, or for what is expected, with nothing following."""
        begins = {"keeps": 2.0 if self.sees == "forecast" else 0.5, "rooms": 1.0, "followers": 0.0}
        begins |= {"stays": 0.3, "comes": 0.3, "spans": 0.5}
        return self.join({name: np.full(shape, begins[name]) for name, shape in self.shapes.items()})

    def of_rows(self, parameters: NDArray[np.float64], rows: int) -> dict[str, NDArray[np.float64]]:
        """All arrays that a decision takes, of each row, (rows, *shape); those that it does without are 0, or 1."""
        each = split_by(self.shapes, np.repeat(parameters, rows // len(parameters), axis=0))
        none = {name: np.repeat(array[None], rows, axis=0) for name, array in self._none.items()}
        return {name: np.ascontiguousarray(array) for name, array in (none | each).items()}  # as kernels read them

    def split(self, parameters: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
        """Named arrays of one vector (size,)."""
        return split_by(self.shapes, parameters)

    def join(self, arrays: dict[str, NDArray]) -> NDArray:
        """The inverse of `split`; ValueError when names or shapes differ."""
        return join_by(self.shapes, arrays)
