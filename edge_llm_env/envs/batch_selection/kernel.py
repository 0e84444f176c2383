"""One step of `EdgeLLM/BatchSelection-v0` on a row, and on many rows."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.dynamics.epoch import admit, prefetch_epoch, refresh_mask
from edge_llm_env.dynamics.params import NodeParams, rule_of
from edge_llm_env.dynamics.settling.node import settle_and_dispatch
from edge_llm_env.dynamics.state import N_NOT_ADMITTED, NodeState
from edge_llm_env.envs.observation.kernels import entries_in_use, observe
from edge_llm_env.envs.returned import ROWS_AHEAD, Returned, hand_out_entries
from edge_llm_env.support.compilation.compiling import compiled
from edge_llm_env.support.sharing import next_rows


@compiled
def step_row(
    params: NodeParams, state: NodeState, row: int, chosen: NDArray[np.int8], observation: NDArray[np.float32]
) -> None:
    """Admit the chosen slots from the first on, each if the batch stays feasible with it, then dispatch."""
    rule = rule_of(params)
    state.reward_terms[row, :] = 0.0
    not_admitted = 0
    for slot in range(state.visible[row]):
        if chosen[slot]:
            if state.action_mask[row, slot]:
                admit(rule, params, state, row, slot)
                refresh_mask(rule, state, row)
            else:
                not_admitted += 1
    settle_and_dispatch(rule, params, state, row)
    state.counters[row, N_NOT_ADMITTED] = not_admitted
    observe(rule, params, state, row, observation)


@compiled
def step_rows(
    params: NodeParams,
    state: NodeState,
    chosen: NDArray[np.int8],
    active: NDArray[np.bool_],
    observations: NDArray[np.float32],
    returned: Returned,
    turns: NDArray[np.int64],
    thread: int,
) -> None:
    """Step the active ones of the rows that are the thread's, and copy what all of these return."""
    first, last = next_rows(turns, thread)
    while first < last:
        for row in range(first, last):
            if row + ROWS_AHEAD < len(active):
                prefetch_epoch(state, row + ROWS_AHEAD)
            if active[row]:
                step_row(params, state, row, chosen[row], observations[row])
            hand_out_entries(params, state, observations, returned, row, entries_in_use(state, row))
        first, last = next_rows(turns, thread)


def checked_selection(chosen: Any, shape: tuple[int, ...]) -> NDArray[np.int8]:
    """Selections as int8 of that shape; raises ValueError when the shape differs or a value is neither 0 nor 1."""
    try:
        chosen = np.asarray(chosen)
    except ValueError:
        raise ValueError(f"action of parts of unequal length: must have shape {shape}") from None
    if chosen.shape != shape:
        raise ValueError(f"action of shape {chosen.shape}: must have shape {shape}")
    if not ((chosen == 0) | (chosen == 1)).all():
        raise ValueError("action: every entry must be 0 or 1")
    return np.array(chosen, dtype=np.int8, order="C")  # one layout, so that the kernel is compiled once
