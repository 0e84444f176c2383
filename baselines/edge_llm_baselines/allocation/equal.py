"""Modules in equal parts, and everything that `Joint-v0` decides in equal parts."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_llm_baselines.allocation.bandwidth import EqualShare
from edge_llm_baselines.allocation.partitions import FixedPartition
from edge_llm_baselines.allocation.policy import Allocation
from edge_llm_env.dynamics.simulation import Simulation


class EqualModules:
    """An action of `Compute-v0`: as many modules for each variant."""

    def action(self, simulation: Simulation, row: int) -> NDArray[np.float64]:
        """The action."""
        variants = len(simulation.params.variant_accuracy)
        return FixedPartition(np.full(variants, 1.0 / variants)).action(simulation, row)


class EqualEverything:
    """An action of `Joint-v0`: every request worth the same, modules as `partition` has them, by default equal shares
    of these, and where actions grant bands equal shares of these in the scenario's split.
    """

    def __init__(self, partition: Allocation | None = None) -> None:
        self.partition = partition or EqualModules()

    def action(self, simulation: Simulation, row: int) -> NDArray[np.float64]:
        """The action."""
        values, modules = np.zeros(simulation.slots), self.partition.action(simulation, row)
        bands = [EqualShare().action(simulation, row)] if simulation.grants_bands else []
        return np.concatenate([values, *bands, modules])
