"""Other ways to say how modules are divided, as actions of the environments."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import NDArray

from edge_llm_baselines.allocation.partitions import logits_of
from edge_llm_env.dynamics.modules import hosted
from edge_llm_env.dynamics.simulation import Simulation
from edge_llm_env.dynamics.values.partition import LOGIT_SCALE, whole_modules

Reading = Callable[[Simulation, int, NDArray[np.float64]], NDArray[np.float64]]
"""What an action of a trial is in the environment, for a row; modules are its last entries, one for each variant."""


def rounded_anew(simulation: Simulation, row: int, entries: NDArray[np.float64]) -> NDArray[np.float64]:
    """Logits, rounded by largest remainders whatever is hosted now."""
    return logits_of(whole_modules(np.exp(LOGIT_SCALE * entries), simulation.params.modules))


def changes(simulation: Simulation, row: int, entries: NDArray[np.float64]) -> NDArray[np.float64]:
    """Changes of the shares of the modules relative to what is hosted now."""
    variants, modules = len(entries), simulation.params.modules
    now = np.array([hosted(simulation.state, row, variant) for variant in range(variants)])
    wanted = np.maximum(0.0, now / modules + entries)
    return logits_of(whole_modules(wanted, modules) if wanted.any() else now)


def cubed_changes(simulation: Simulation, row: int, entries: NDArray[np.float64]) -> NDArray[np.float64]:
    """The same with cubes of the entries, of which small ones move nothing."""
    return changes(simulation, row, entries**3)


def scaled(scale: float, simulation: Simulation, row: int, entries: NDArray[np.float64]) -> NDArray[np.float64]:
    """Logits of another scale: what the environment makes of shares exp(scale·a) - exp(-scale), or 1 + a for 0."""
    weights = np.exp(scale * entries) - np.exp(-scale) if scale > 0.0 else 1.0 + entries
    return logits_of(weights)


def of_modules(reading: Reading) -> Reading:
    """The reading of a whole action, of which all but the modules is the environment's own."""

    def whole(simulation: Simulation, row: int, action: NDArray[np.float64]) -> NDArray[np.float64]:
        entries = action.astype(np.float64)
        first = len(entries) - len(simulation.params.variant_accuracy)
        entries[first:] = np.clip(reading(simulation, row, entries[first:]), -1.0, 1.0)
        return entries

    return whole


READINGS: dict[str, Reading] = {
    "logits, rounded anew": of_modules(rounded_anew),
    "logits, twice the scale": of_modules(partial(scaled, LOGIT_SCALE * 2.0)),
    "shares of modules": of_modules(partial(scaled, 0.0)),
    "changes": of_modules(changes),
    "changes, cubed": of_modules(cubed_changes),
}
"""By the name in tables."""
