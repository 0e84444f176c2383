"""Observations taken apart by the names of their entries."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.envs.observation.layout import Layout, names
from edge_llm_env.scenarios.schema import Scenario


def entries_of_observation(
    observations: NDArray[np.float32], layout: Layout, scenario: Scenario
) -> dict[str, NDArray[np.float32]]:
    """Every quantity by its name, (rows, times), of observations (rows, length) of a layout."""
    columns: dict[str, list[int]] = {}
    for at, name in enumerate(names(layout, scenario)):
        columns.setdefault(name.partition("[")[0], []).append(at)
    return {name: np.ascontiguousarray(observations[:, at]) for name, at in columns.items()}
