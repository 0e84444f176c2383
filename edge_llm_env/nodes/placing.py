"""What nodes hold: where the models are when an episode begins, and which a node loads in place of which."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.dynamics.state import NodeState
from edge_llm_env.residency.moving import start_load
from edge_llm_env.residency.residents import IDLE, hosting
from edge_llm_env.support.compilation.compiling import compiled

GIVES_WAY = -2.0
"""The wish for an idle module's model: less than any action can say."""

ASKED_FOR = 0.5
"""A wish above it asks for a load, which takes its module away for long: a policy that has just been initialised, or
explores a little around 0, leaves modules to serve."""


@compiled
def spread(state: NodeState, row: int, node: int, models: int) -> None:
    """A node's modules hold models in turn, those of the next node going on from there, and all have loaded."""
    units = state.module_variant.shape[1]
    for unit in range(units):
        start_load(state.module_variant, state.module_ready_s, row, unit, (node * units + unit) % models, 0.0)


@compiled
def place(state: NodeState, row: int, wishes: Any, first: int, load_s: NDArray[np.float64]) -> None:
    """Load what is wished for more than what a node holds; wishes in -1..1 are in entries `first` on, one of a model.

    The model of the largest wish above `ASKED_FOR` that no module of the node holds is loaded by the module whose model
    has the least, if that is less; an idle one gives way first, between equals the first. Then the next one, and so on:
    0 for all leaves everything as it is.
    """
    units, models = state.module_variant.shape[1], len(load_s)
    for _ in range(units):
        wanted = -1
        for model in range(models):
            is_new = wishes[first + model] > ASKED_FOR and hosting(state.module_variant, row, model) == 0
            if is_new and (wanted < 0 or wishes[first + model] > wishes[first + wanted]):
                wanted = model
        if wanted < 0:
            return
        leaving, least = -1, 2.0
        for unit in range(units):
            held = state.module_variant[row, unit]
            wish = GIVES_WAY if held == IDLE else wishes[first + held]
            if wish < least:
                leaving, least = unit, wish
        if least >= wishes[first + wanted]:
            return
        start_load(state.module_variant, state.module_ready_s, row, leaving, wanted, load_s[wanted])
