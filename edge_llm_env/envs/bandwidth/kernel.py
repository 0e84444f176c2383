"""One step of `EdgeLLM/Bandwidth-v0` on a row, and on many rows."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.dynamics.epoch import admit, dispatch, load_batch
from edge_llm_env.dynamics.params import NodeParams, rule_of
from edge_llm_env.dynamics.selections.selection import select_batch
from edge_llm_env.dynamics.state import N_NOT_ADMITTED, NodeState
from edge_llm_env.envs.box_action import onto_simplex
from edge_llm_env.envs.observation import observe
from edge_llm_env.envs.returned import Returned, hand_out
from edge_llm_env.feasibility.batch import BatchSums
from edge_llm_env.feasibility.rule import Rule, affine_cost, memory_bytes
from edge_llm_env.solver.candidates import Candidates
from edge_llm_env.support.compiling import compiled, compiled_allocating
from edge_llm_env.support.sharing import next_rows


@compiled
def parts_s(params: NodeParams, action: NDArray[np.float64], first: int) -> tuple[float, float]:
    """T_U and T_D (s): the scenario's, or where the split is flexible those of entries `first` and `first + 1`."""
    if not params.flexible_split:
        return params.uplink_s, params.downlink_s
    scale = onto_simplex(action, first, 2)
    return action[first] * scale * params.epoch_s, action[first + 1] * scale * params.epoch_s


@compiled
def rule_with_parts(rule: Rule, params: NodeParams, uplink_s: float, downlink_s: float) -> Rule:
    """The rule for computing between an uplink and a downlink part of given lengths."""
    window_s = max(0.0, params.epoch_s - uplink_s - downlink_s) if params.flexible_split else rule.window_s
    return Rule(
        rule.compute_s,
        rule.memory_bytes,
        rule.energy_j,
        rule.pads_prompts,
        rule.pads_outputs,
        window_s,
        rule.memory_limit_bytes,
    )


@compiled
def arrives(
    params: NodeParams, state: NodeState, row: int, slot: int, uplink_band_s: float, downlink_band_s: float
) -> bool:
    """Whether a request's upload and its answer finish; each band is granted as share × part (s of the whole band)."""
    return (
        uplink_band_s >= state.slot_uplink_share[row, slot] * params.uplink_s
        and downlink_band_s >= state.slot_downlink_share[row, slot] * params.downlink_s
    )


@compiled_allocating
def step_row(
    params: NodeParams, state: NodeState, row: int, action: NDArray[np.float64], observation: NDArray[np.float32]
) -> None:
    """Transfer what the shares and the split allow, compute the node's batch of what arrives, and end the epoch."""
    rule = rule_of(params)
    state.reward_terms[row, :] = 0.0
    slots, visible = state.slot_request.shape[1], state.visible[row]
    uplink_s, downlink_s = parts_s(params, action, 2 * slots)
    uplink_scale, downlink_scale = onto_simplex(action, 0, visible), onto_simplex(action, slots, visible)
    among = np.zeros(visible, dtype=np.int64)
    size, granted = 0, 0
    uplink_used, downlink_used = 0.0, 0.0
    for slot in range(visible):
        uplink, downlink = action[slot] * uplink_scale, action[slots + slot] * downlink_scale
        uplink_used += uplink
        downlink_used += downlink
        granted += uplink > 0.0 or downlink > 0.0
        if arrives(params, state, row, slot, uplink * uplink_s, downlink * downlink_s):
            among[size] = slot
            size += 1
    served = serve_among(
        rule_with_parts(rule, params, uplink_s, downlink_s),
        rule,
        params,
        state,
        row,
        among[:size],
        np.ones(size),
        uplink_s + downlink_s if params.flexible_split else 0.0,
    )
    batch = load_batch(state, row)
    dispatch(rule, params, state, row)
    state.counters[row, N_NOT_ADMITTED] = granted - served
    use_granted(rule, params, state, row, batch, uplink_used, downlink_used, uplink_s, downlink_s)
    observe(rule, params, state, row, observation)


@compiled_allocating
def serve_among(
    node: Rule,
    rule: Rule,
    params: NodeParams,
    state: NodeState,
    row: int,
    among: NDArray[np.int64],
    values: NDArray[np.float64],
    reserved_s: float,
) -> int:
    """Admit the batch that the node selects among slots whose transfers are settled; how many it admits.

    `node` is the rule between the transfers, `rule` the row's own; `reserved_s` is what the transfers take of slacks.
    """
    size = len(among)
    nothing = np.zeros(size)
    prompt_tokens, output_tokens, slack_s = np.zeros(size), np.zeros(size), np.zeros(size)
    for i in range(size):
        prompt_tokens[i] = state.slot_prompt_tokens[row, among[i]]
        output_tokens[i] = state.slot_output_tokens[row, among[i]]
        slack_s[i] = state.slot_slack_s[row, among[i]] - reserved_s
    candidates = Candidates(prompt_tokens, output_tokens, slack_s, nothing, nothing, nothing, nothing)
    selected = select_batch(node, candidates, values, params.batch_selection)
    served = 0
    for i in range(size):
        if selected[i]:
            admit(rule, params, state, row, among[i])
            served += 1
    return served


@compiled
def use_granted(
    rule: Rule,
    params: NodeParams,
    state: NodeState,
    row: int,
    batch: BatchSums,
    uplink_share: float,
    downlink_share: float,
    uplink_s: float,
    downlink_s: float,
) -> None:
    """Make `utilisation` of the epoch that ended count the bands as granted in its parts, not as the batch needed."""
    compute_s = affine_cost(rule, rule.compute_s, batch) if batch.requests > 0.0 else 0.0
    if params.flexible_split:
        compute_s += uplink_s + downlink_s
    used = (
        uplink_share * uplink_s / params.uplink_s,
        downlink_share * downlink_s / params.downlink_s,
        memory_bytes(rule, batch) / rule.memory_limit_bytes,
        compute_s / rule.window_s,
    )
    for resource in range(len(used)):
        state.utilisation_sum[row, resource] += used[resource] - state.utilisation[row, resource]
        state.utilisation[row, resource] = used[resource]


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
