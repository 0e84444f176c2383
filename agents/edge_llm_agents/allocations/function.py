"""The function behind a learned allocation, and where a search for its parameters begins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_llm_agents.allocations import modules
from edge_llm_agents.allocations.forecast import AHEAD_EPOCHS
from edge_llm_agents.value_search.functions import Parameters, ValueFunction
from edge_llm_agents.value_search.named_arrays import join_by, size_of, split_by
from edge_llm_baselines.allocation.partitions import logits_of
from edge_llm_env.envs.observation.layout import Layout, names
from edge_llm_env.scenarios.schema import Scenario
from edge_llm_env.support.naming import one_of

MODULE_FEATURES = ("hosted", "loaded", "demand", "urgent")
"""What logits of modules follow from where requests are of one class."""

EXPECTED = tuple(f"expected_{span}" for span in range(len(AHEAD_EPOCHS)))
"""What they follow from, too, where requests are of several classes."""

FEWEST = -0.9
"""Entry that a search begins with for a variant without modules: at -1 a logit is cut off and feels no change."""


class AllocationFunction:
    """Values of requests by a `ValueFunction` that all slots share, logits of modules by a linear function that all
    variants share but for a bias of each; where uploads carry over, a constant for the split of the uplink.

    What an action has no entries for is left out. `features` are those of requests, `module_features` those of
    variants, by default all that there are in the scenario. Parameters are float32 of shape (P, size), a population,
    each for an equal share of consecutive rows.

    Raises ValueError for unknown features.
    """

    def __init__(
        self,
        action: Layout,
        scenario: Scenario,
        *,
        width: int = 0,
        features: Sequence[str] = (),
        module_features: Sequence[str] | None = None,
    ) -> None:
        entries = [name.partition("[")[0] for name in names(action, scenario)]
        self.variants = entries.count("modules")
        self.splits = entries.count("split")
        self.classes = scenario.workload.class_count
        if module_features is None:
            module_features = MODULE_FEATURES + (EXPECTED if self.classes > 1 else ())
        for name in module_features:
            one_of("module feature", name, modules.COLUMNS)
        self.values = ValueFunction(width, features) if "value" in entries else None
        self.module_features = tuple(module_features) if self.variants else ()
        weights = (len(self.module_features),)
        own = {"module_bias": (self.variants,), "module_weights": weights} if self.variants else {}
        split = {"split": (self.splits,)} if self.splits else {}
        self.shapes: dict[str, tuple[int, ...]] = (self.values.shapes if self.values else {}) | split | own

    @property
    def foresees(self) -> bool:
        """Whether it sees what is expected to arrive, and so needs a forecast."""
        return any(name in EXPECTED for name in self.module_features)

    @property
    def size(self) -> int:
        """Parameters in all."""
        return size_of(self.shapes)

    def description(self) -> dict[str, Any]:
        """What a card says of it."""
        values = self.values
        return {
            "width": values.width if values else 0,
            "features": list(values.features) if values else [],
            "module_features": list(self.module_features),
        }

    def starting_point(self, partition: Sequence[float] | None, discount: float | None) -> NDArray[np.float64]:
        """Parameters (size,) of the look-ahead rule of that discount and of that fixed partition, shares of modules.

        Without these: of equal values, and of modules divided evenly.
        """
        arrays = {name: np.zeros(shape) for name, shape in self.shapes.items()}
        if self.values and discount is not None:
            of_values = self.values.split(self.values.starting_point(discount).astype(np.float32))
            arrays |= {name: array.astype(np.float64) for name, array in of_values.items()}
        if self.variants and partition is not None:
            arrays["module_bias"] = np.maximum(logits_of(np.asarray(partition), modules.LOGIT_SCALE), FEWEST)
        return self.join(arrays)

    def split(self, parameters: Parameters) -> dict[str, Parameters]:
        """Named arrays, of shape (..., *shape), of parameters (..., size)."""
        return split_by(self.shapes, parameters)

    def join(self, arrays: Mapping[str, NDArray]) -> NDArray:
        """The inverse of `split` for one vector; ValueError when names or shapes differ."""
        return join_by(self.shapes, arrays)
