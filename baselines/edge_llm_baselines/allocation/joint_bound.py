"""What no assignment of requests to the groups of a partition exceeds: a Lagrangian bound at given prices."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.dynamics.cascade import NOBODY, accurate_enough
from edge_llm_env.dynamics.modules import GROUPS, variant_rule
from edge_llm_env.dynamics.params import NodeParams
from edge_llm_env.dynamics.state import NodeState
from edge_llm_env.feasibility.rule import Rule
from edge_llm_env.solver.best_first import best_batch
from edge_llm_env.solver.candidates import Candidates
from edge_llm_env.solver.search_state import default_node_limit
from edge_llm_env.support.compilation.compiling import compiled_allocating


@compiled_allocating
def relaxed(
    rule: Rule,
    params: NodeParams,
    state: NodeState,
    row: int,
    sizes: NDArray[np.int64],
    delays_s: NDArray[np.float64],
    prices: NDArray[np.float64],
    times: NDArray[np.int64],
    wanted: NDArray[np.int64],
) -> float:
    """The Lagrangian bound Σ λ_i + Σ_g max Σ (1 - λ_i) of a partition at prices λ of shape (visible,).

    Counts in `times` how many groups' batches have each request, and names in `wanted` the first of them.
    """
    visible = len(prices)
    bound = prices.sum()
    for group in range(len(sizes)):
        if sizes[group] == 0:
            continue
        variant = group // GROUPS
        worth = np.zeros(visible)
        for slot in range(visible):
            if accurate_enough(params, state, row, slot, variant):
                worth[slot] = 1.0 - prices[slot]
        delay_s = delays_s[group]
        if not params.flexible_split:
            selected, most = best_alone(rule, params, state, row, variant, sizes[group], worth, delay_s, True)
        else:
            # It computes after the uplink and after loading: no more than if it had to wait for one of them only.
            selected, most = best_alone(rule, params, state, row, variant, sizes[group], worth, 0.0, True)
            if delay_s > 0.0:
                loaded, less = best_alone(rule, params, state, row, variant, sizes[group], worth, delay_s, False)
                if less < most:
                    selected, most = loaded, less
        bound += most
        for slot in range(visible):
            if selected[slot] and worth[slot] > 0.0:
                times[slot] += 1
                if wanted[slot] == NOBODY:
                    wanted[slot] = group
    return bound


@compiled_allocating
def best_alone(
    rule: Rule,
    params: NodeParams,
    state: NodeState,
    row: int,
    variant: int,
    modules: int,
    worth: NDArray[np.float64],
    delay_s: float,
    waits_for_uplink: bool,
) -> tuple[NDArray[np.bool_], float]:
    """The most valuable batch of a variant that begins `delay_s` late, with the bands to itself, and a bound on it.

    Without `waits_for_uplink` only the downlink part of a flexible split takes of its time.
    """
    visible = len(worth)
    if rule.window_s - delay_s <= 0.0:
        return np.zeros(visible, dtype=np.bool_), 0.0
    slack_s, transfer_s = np.zeros(visible), np.zeros(visible)
    for slot in range(visible):
        slack_s[slot] = state.slot_slack_s[row, slot] - delay_s
        if waits_for_uplink:
            transfer_s[slot] = state.slot_transfer_s[row, slot]
        elif not math.isinf(state.slot_downlink_share[row, slot]):
            transfer_s[slot] = state.slot_downlink_share[row, slot] * params.downlink_s
    candidates = Candidates(
        state.slot_prompt_tokens[row, :visible].copy(),
        state.slot_output_tokens[row, :visible].copy(),
        slack_s,
        state.slot_uplink_share[row, :visible].copy(),
        state.slot_downlink_share[row, :visible].copy(),
        transfer_s,
        np.zeros(visible),
    )
    node = variant_rule(rule, params, variant, modules, rule.window_s - delay_s)
    limit = default_node_limit(visible)
    selected, _, most, _ = best_batch(node, candidates, worth, limit, limit)
    return selected, most
