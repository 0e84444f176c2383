"""One step of `EdgeLLM/Compute-v0` on a row, and on many rows."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.dynamics.cascade import NOBODY, SHARES, cascade
from edge_llm_env.dynamics.modules import move_modules
from edge_llm_env.dynamics.params import NodeParams, rule_of
from edge_llm_env.dynamics.serving import delays_of, serve_and_dispatch
from edge_llm_env.dynamics.state import N_NOT_ADMITTED, NodeState
from edge_llm_env.envs.box_action import onto_simplex
from edge_llm_env.envs.observation import observe
from edge_llm_env.envs.returned import Returned, hand_out
from edge_llm_env.support.compiling import compiled_allocating
from edge_llm_env.support.sharing import next_rows

ROUNDING = 1e-6
"""Shares are float32 as a rule; what is this much of the node short of a whole module counts as one."""


@compiled_allocating
def modules_of(params: NodeParams, action: NDArray[np.float64], first: int) -> NDArray[np.int64]:
    """Modules of each variant, int64 of shape (G,), from shares in entries `first` on, by largest remainders.

    Shares are scaled down where they sum to more than 1; of the modules that they sum to, whole ones, each variant has
    its quota rounded down, and those with the largest remainders one more, the cheaper first between equals.
    """
    variants, modules = len(params.variant_accuracy), params.modules
    scale = onto_simplex(action, first, variants)
    rounding = ROUNDING * modules
    counts = np.zeros(variants, dtype=np.int64)
    remainders = np.zeros(variants)
    total = 0.0
    for variant in range(variants):
        quota = action[first + variant] * scale * modules
        total += quota
        counts[variant] = math.floor(quota + rounding)
        remainders[variant] = quota - counts[variant]
    for _ in range(math.floor(total + rounding) - counts.sum()):
        largest = np.argmax(remainders)
        counts[largest] += 1
        remainders[largest] -= 1.0
    return counts


@compiled_allocating
def step_row(
    params: NodeParams, state: NodeState, row: int, action: NDArray[np.float64], observation: NDArray[np.float32]
) -> None:
    """Move modules, compute the variants' batches, and end the epoch."""
    rule = rule_of(params)
    state.reward_terms[row, :] = 0.0
    counts = modules_of(params, action, 0)
    move_modules(params, state, row, counts)
    delays_s = delays_of(params, state, row, params.uplink_s)
    values = np.ones(state.visible[row])
    server = cascade(rule, params, state, row, values, counts, delays_s, rule.window_s, 0.0, SHARES)
    uplink, downlink = 0.0, 0.0
    for slot in range(len(server)):
        if server[slot] != NOBODY:
            uplink += state.slot_uplink_share[row, slot]
            downlink += state.slot_downlink_share[row, slot]
    serve_and_dispatch(rule, params, state, row, server, counts, uplink, downlink, 0.0)
    state.counters[row, N_NOT_ADMITTED] = 0
    observe(rule, params, state, row, observation)


@compiled_allocating
def step_rows(
    params: NodeParams,
    state: NodeState,
    actions: NDArray[np.float64],
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
            if active[row]:
                step_row(params, state, row, actions[row], observations[row])
            hand_out(params, state, observations, returned, row)
        first, last = next_rows(turns, thread)
