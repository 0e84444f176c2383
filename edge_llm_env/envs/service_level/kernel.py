"""One step of `EdgeLLM/ServiceLevel-v0` on a row, and on many rows."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.dynamics.cascade import NOBODY, bands_used
from edge_llm_env.dynamics.modules import GROUPS
from edge_llm_env.dynamics.params import NodeParams, rule_of
from edge_llm_env.dynamics.payment import spend
from edge_llm_env.dynamics.settling.variants import delays_after, groups_of, serve_and_dispatch
from edge_llm_env.dynamics.state import N_NOT_ADMITTED, RESOURCES, NodeState
from edge_llm_env.envs.observation.kernels import observe
from edge_llm_env.envs.returned import Returned, hand_out
from edge_llm_env.envs.service_level.levels import accuracy_at, at_level, in_turn, load_targets
from edge_llm_env.envs.service_level.table import NOT_NOW, LevelActions, LevelTable
from edge_llm_env.feasibility.rule import Rule
from edge_llm_env.scenarios.sections.reward_settings import R_SERVED
from edge_llm_env.support.compilation.compiling import compiled_allocating
from edge_llm_env.support.sharing import next_rows

_COMPUTE = RESOURCES.index("compute")


@compiled_allocating
def step_row(
    params: NodeParams, state: NodeState, row: int, action: LevelActions, observation: NDArray[np.float32]
) -> None:
    """Load what modules shall hold, serve by levels, and end the epoch."""
    _step(params, state, row, action.table, action.entries, observation)


@compiled_allocating
def step_rows(
    params: NodeParams,
    state: NodeState,
    actions: LevelActions,
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
                _step(params, state, row, actions.table, actions.entries[row], observations[row])
            hand_out(params, state, observations, returned, row)
        first, last = next_rows(turns, thread)


@compiled_allocating
def _step(
    params: NodeParams,
    state: NodeState,
    row: int,
    table: LevelTable,
    entries: NDArray[np.int64],
    observation: NDArray[np.float32],
) -> None:
    rule, slots, visible = rule_of(params), state.slot_request.shape[1], state.visible[row]
    state.reward_terms[row, :] = 0.0
    load_targets(params, state, row, entries, slots)
    sizes, ready_s = groups_of(params, state, row)
    everyone = np.arange(visible)
    delays_s = delays_after(params.uplink_s, ready_s)
    server, compression = in_turn(rule, params, state, row, table, everyone, entries, sizes, delays_s)
    not_admitted = 0
    for slot in range(visible):
        not_admitted += entries[slot] != NOT_NOW and server[slot] == NOBODY
    serve(rule, params, state, row, table, server, compression, sizes)
    state.counters[row, N_NOT_ADMITTED] = not_admitted
    observe(rule, params, state, row, observation)


@compiled_allocating
def serve(
    rule: Rule,
    params: NodeParams,
    state: NodeState,
    row: int,
    table: LevelTable,
    server: NDArray[np.int64],
    compression: NDArray[np.int64],
    sizes: NDArray[np.int64],
) -> None:
    """Serve each visible request by its group and with its compression, and end the epoch."""
    visible = len(server)
    accuracy, compressing_s = np.zeros(visible), np.zeros(visible)
    for slot in range(visible):
        if server[slot] != NOBODY:
            variant = server[slot] // GROUPS
            accuracy[slot] = accuracy_at(params, state, row, slot, variant, table, compression[slot])
            request = at_level(params, state, row, slot, table, compression[slot], 0.0)
            compressing_s[slot] = request.compute_s
            state.slot_prompt_tokens[row, slot] = request.prompt_tokens
            state.slot_uplink_share[row, slot] = request.uplink_share
    uplink, downlink = bands_used(state, row, server)
    serve_and_dispatch(rule, params, state, row, server, sizes, uplink, downlink, 0.0)
    delivered, used_s, joules = 0.0, 0.0, 0.0
    for slot in range(visible):
        if server[slot] != NOBODY:
            used_s += compressing_s[slot] * sizes[server[slot]] / params.modules
            joules += compressing_s[slot] * table.module_power_w * sizes[server[slot]]
            if state.served_by[row, slot] != NOBODY:
                delivered += accuracy[slot]
    spend(params, state, row, joules)
    state.utilisation[row, _COMPUTE] += used_s / rule.window_s
    state.utilisation_sum[row, _COMPUTE] += used_s / rule.window_s
    state.served_accuracy[row] = delivered
    if table.counts_accuracy:
        state.reward_terms[row, R_SERVED] = params.reward_weights[R_SERVED] * delivered
