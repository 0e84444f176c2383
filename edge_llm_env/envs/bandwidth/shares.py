"""One step of `EdgeLLM/Bandwidth-v0` where an action grants shares of the bands, on a row and on many rows."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.dynamics.channels import uplink_arrives
from edge_llm_env.dynamics.epoch import admit, dispatch, load_batch
from edge_llm_env.dynamics.params import NodeParams, rule_of
from edge_llm_env.dynamics.settling.node import settle
from edge_llm_env.dynamics.state import N_NOT_ADMITTED, N_UPLINKS_FAILED, NodeState, own_compute_time_s
from edge_llm_env.dynamics.uploads.sending import complete, send
from edge_llm_env.envs.box_action import as_share, onto_simplex
from edge_llm_env.envs.observation.kernels import observe
from edge_llm_env.envs.returned import Returned, hand_out
from edge_llm_env.feasibility.batch import BatchSums
from edge_llm_env.feasibility.rule import Rule, affine_cost, memory_bytes, within
from edge_llm_env.selections.selection import select_batch
from edge_llm_env.solver.candidates import Candidates
from edge_llm_env.support.compilation.compiling import compiled, compiled_allocating
from edge_llm_env.support.sharing import next_rows


@compiled
def parts_s(params: NodeParams, action: NDArray[np.float64], first: int) -> tuple[float, float]:
    """T_U and T_D (s): the scenario's, or where the split is flexible those of entries `first` and `first + 1`."""
    if not params.flexible_split:
        return params.uplink_s, params.downlink_s
    uplink_s = part_s(params, action[first], params.nominal_uplink_s)
    downlink_s = part_s(params, action[first + 1], params.nominal_downlink_s)
    total_s = uplink_s + downlink_s
    scale = 1.0 if within(total_s, params.epoch_s) else params.epoch_s / total_s
    return uplink_s * scale, downlink_s * scale


@compiled
def part_s(params: NodeParams, entry: float, nominal_s: float) -> float:
    """A part of a flexible split (s): none at -1, the scenario's at 0, the whole epoch at 1, linear in between."""
    return (1.0 + entry) * nominal_s if entry <= 0.0 else nominal_s + entry * (params.epoch_s - nominal_s)


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


class Transfers(NamedTuple):
    """What an action's shares and parts carry."""

    among: NDArray[np.int64]
    """Slots whose transfers finish both ways."""
    granted: int
    """Requests that are given band."""
    uplink: NDArray[np.float64]
    """(visible,) share of the uplink of each slot."""
    uplink_share: float
    downlink_share: float
    uplink_s: float
    downlink_s: float


@compiled_allocating
def transfer(params: NodeParams, state: NodeState, row: int, action: NDArray[np.float64], first: int) -> Transfers:
    """Who is carried by the shares in entries `first` on, and the parts behind them."""
    slots, visible = state.slot_request.shape[1], state.visible[row]
    uplink_s, downlink_s = parts_s(params, action, first + 2 * slots)
    uplink_scale = onto_simplex(action, first, visible)
    downlink_scale = onto_simplex(action, first + slots, visible)
    among = np.zeros(visible, dtype=np.int64)
    size, granted = 0, 0
    uplink_used, downlink_used = 0.0, 0.0
    uplinks = np.zeros(visible)
    for slot in range(visible):
        uplink = as_share(action[first + slot]) * uplink_scale
        downlink = as_share(action[first + slots + slot]) * downlink_scale
        uplinks[slot] = uplink
        uplink_used += uplink
        downlink_used += downlink
        granted += uplink > 0.0 or downlink > 0.0
        if arrives(params, state, row, slot, uplink * uplink_s, downlink * downlink_s):
            among[size] = slot
            size += 1
    return Transfers(among[:size], granted, uplinks, uplink_used, downlink_used, uplink_s, downlink_s)


@compiled_allocating
def transferred(
    params: NodeParams, state: NodeState, row: int, action: NDArray[np.float64], first: int, believed: Transfers
) -> Transfers:
    """Who is carried as the channels are: whose prompts arrive, and whose answers are believed to.

    Slots then have the shares that they are granted, not those that they are believed to need.
    """
    slots, visible = state.slot_request.shape[1], state.visible[row]
    downlink_scale = onto_simplex(action, first + slots, visible)
    among = np.zeros(visible, dtype=np.int64)
    size = 0
    for slot in range(visible):
        uplink_s = believed.uplink[slot] * believed.uplink_s
        downlink_s = as_share(action[first + slots + slot]) * downlink_scale * believed.downlink_s
        was_to_arrive = arrives(params, state, row, slot, uplink_s, downlink_s)
        answer_arrives = arrives(params, state, row, slot, np.inf, downlink_s)
        state.slot_uplink_share[row, slot] = uplink_s / params.uplink_s
        state.slot_downlink_share[row, slot] = downlink_s / params.downlink_s
        prompt_arrives = uplink_arrives(params, state, row, slot)
        if was_to_arrive and not prompt_arrives:
            state.counters[row, N_UPLINKS_FAILED] += 1
        if prompt_arrives and answer_arrives:
            among[size] = slot
            size += 1
    return Transfers(
        among[:size],
        believed.granted,
        believed.uplink,
        believed.uplink_share,
        believed.downlink_share,
        believed.uplink_s,
        believed.downlink_s,
    )


@compiled_allocating
def batch_granted(params: NodeParams, state: NodeState, row: int, carried: Transfers) -> NDArray[np.bool_]:
    """The batch that the node computes of those who are carried, bool over the visible slots."""
    size = len(carried.among)
    nothing, encoding_s = np.zeros(size), np.zeros(size)
    prompt_tokens, output_tokens, slack_s = np.zeros(size), np.zeros(size), np.zeros(size)
    reserved_s = carried.uplink_s + carried.downlink_s if params.flexible_split else 0.0
    for i in range(size):
        slot = carried.among[i]
        prompt_tokens[i] = state.slot_prompt_tokens[row, slot]
        output_tokens[i] = state.slot_output_tokens[row, slot]
        slack_s[i] = state.slot_slack_s[row, slot] - reserved_s
        encoding_s[i] = own_compute_time_s(state, row, slot)
    candidates = Candidates(prompt_tokens, output_tokens, slack_s, nothing, nothing, encoding_s, nothing)
    node = rule_with_parts(rule_of(params), params, carried.uplink_s, carried.downlink_s)
    selected = select_batch(node, candidates, np.ones(size), params.batch_selection)
    batch = np.zeros(state.visible[row], dtype=np.bool_)
    for i in range(size):
        batch[carried.among[i]] = selected[i]
    return batch


@compiled_allocating
def step_row(
    params: NodeParams, state: NodeState, row: int, action: NDArray[np.float64], observation: NDArray[np.float32]
) -> None:
    """Transfer what the shares and the split allow, compute the node's batch of what arrives, and end the epoch.

    Where uploads carry over, what the others were granted of the uplink is sent.
    """
    rule = rule_of(params)
    state.reward_terms[row, :] = 0.0
    carried = transfer(params, state, row, action, 0)
    if params.believes:
        carried = transferred(params, state, row, action, 0, carried)
    selected = batch_granted(params, state, row, carried)
    served, encoding_s = 0, 0.0
    for slot in range(len(selected)):
        if selected[slot]:
            admit(rule, params, state, row, slot)
            served += 1
            encoding_s += own_compute_time_s(state, row, slot)
            if params.carries_over:
                complete(params, state, row, slot)
        elif params.carries_over:
            send(params, state, row, slot, carried.uplink[slot] * carried.uplink_s / params.uplink_s)
    if params.believes:
        settle(rule, params, state, row)
    batch = load_batch(state, row)
    dispatch(rule, params, state, row)
    state.counters[row, N_NOT_ADMITTED] = carried.granted - served
    use_granted(rule, params, state, row, batch, carried, encoding_s)
    observe(rule, params, state, row, observation)


@compiled
def use_granted(
    rule: Rule,
    params: NodeParams,
    state: NodeState,
    row: int,
    batch: BatchSums,
    carried: Transfers,
    encoding_s: float,
) -> None:
    """Make `utilisation` of the epoch that ended count the bands as granted in its parts, not as the batch needed; the
    batch's images take `encoding_s`.
    """
    compute_s = affine_cost(rule, rule.compute_s, batch) + encoding_s if batch.requests > 0.0 else 0.0
    if params.flexible_split:
        compute_s += carried.uplink_s + carried.downlink_s
    used = (
        carried.uplink_share * carried.uplink_s / params.uplink_s,
        carried.downlink_share * carried.downlink_s / params.downlink_s,
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
