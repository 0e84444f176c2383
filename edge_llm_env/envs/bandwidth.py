"""`EdgeLLM/Bandwidth-v0`: divide the bands among the pending requests, and the epoch among its parts."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.compiling import compiled, compiled_allocating
from edge_llm_env.dynamics.epoch import admit, dispatch, load_batch
from edge_llm_env.dynamics.feasibility import BatchSums, Rule, affine_cost, memory_bytes
from edge_llm_env.dynamics.selection import select_batch
from edge_llm_env.dynamics.state import N_NOT_ADMITTED, Constants, Rows, rule_of
from edge_llm_env.envs.base import EpochEnv, Mechanism
from edge_llm_env.envs.box_action import checked_box, onto_simplex, unit_box
from edge_llm_env.envs.observation import copy_observation, observe
from edge_llm_env.optimum.candidates import Candidates
from edge_llm_env.scenarios.schema import Scenario
from edge_llm_env.vector import EpochVectorEnv


def action_length(scenario: Scenario) -> int:
    """Entries of an action: Q uplink shares, Q downlink shares, and where the split is flexible T_U and T_D in T_E."""
    return 2 * scenario.epoch.visible_slots + (2 if scenario.epoch.split == "flexible" else 0)


@compiled
def parts_s(constants: Constants, action: NDArray[np.float64], first: int) -> tuple[float, float]:
    """T_U and T_D (s): the scenario's, or where the split is flexible those of entries `first` and `first + 1`."""
    if not constants.flexible_split:
        return constants.uplink_s, constants.downlink_s
    scale = onto_simplex(action, first, 2)
    return action[first] * scale * constants.epoch_s, action[first + 1] * scale * constants.epoch_s


@compiled
def rule_with_parts(rule: Rule, constants: Constants, uplink_s: float, downlink_s: float) -> Rule:
    """The rule for computing between an uplink and a downlink part of given lengths."""
    window_s = max(0.0, constants.epoch_s - uplink_s - downlink_s) if constants.flexible_split else rule.window_s
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
    constants: Constants, rows: Rows, row: int, slot: int, uplink_band_s: float, downlink_band_s: float
) -> bool:
    """Whether a request's upload and its answer finish; each band is granted as share × part (s of the whole band)."""
    return (
        uplink_band_s >= rows.slot_uplink_share[row, slot] * constants.uplink_s
        and downlink_band_s >= rows.slot_downlink_share[row, slot] * constants.downlink_s
    )


@compiled_allocating
def step_row(
    constants: Constants, rows: Rows, row: int, action: NDArray[np.float64], observation: NDArray[np.float32]
) -> None:
    """Transfer what the shares and the split allow, compute the node's batch of what arrives, and end the epoch."""
    rule = rule_of(constants)
    rows.reward_terms[row, :] = 0.0
    slots, visible = rows.slot_request.shape[1], rows.visible[row]
    uplink_s, downlink_s = parts_s(constants, action, 2 * slots)
    uplink_scale, downlink_scale = onto_simplex(action, 0, visible), onto_simplex(action, slots, visible)
    among = np.zeros(visible, dtype=np.int64)
    size, granted = 0, 0
    uplink_used, downlink_used = 0.0, 0.0
    for slot in range(visible):
        uplink, downlink = action[slot] * uplink_scale, action[slots + slot] * downlink_scale
        uplink_used += uplink
        downlink_used += downlink
        granted += uplink > 0.0 or downlink > 0.0
        if arrives(constants, rows, row, slot, uplink * uplink_s, downlink * downlink_s):
            among[size] = slot
            size += 1
    served = serve_among(
        rule_with_parts(rule, constants, uplink_s, downlink_s),
        rule,
        constants,
        rows,
        row,
        among[:size],
        np.ones(size),
        uplink_s + downlink_s if constants.flexible_split else 0.0,
    )
    batch = load_batch(rows, row)
    dispatch(rule, constants, rows, row)
    rows.counters[row, N_NOT_ADMITTED] = granted - served
    use_granted(rule, constants, rows, row, batch, uplink_used, downlink_used, uplink_s, downlink_s)
    observe(rule, constants, rows, row, observation)


@compiled_allocating
def serve_among(
    node: Rule,
    rule: Rule,
    constants: Constants,
    rows: Rows,
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
        prompt_tokens[i] = rows.slot_prompt_tokens[row, among[i]]
        output_tokens[i] = rows.slot_output_tokens[row, among[i]]
        slack_s[i] = rows.slot_slack_s[row, among[i]] - reserved_s
    candidates = Candidates(prompt_tokens, output_tokens, slack_s, nothing, nothing, nothing, nothing)
    selected = select_batch(node, candidates, values, constants.batch_selection)
    served = 0
    for i in range(size):
        if selected[i]:
            admit(rule, constants, rows, row, among[i])
            served += 1
    return served


@compiled
def use_granted(
    rule: Rule,
    constants: Constants,
    rows: Rows,
    row: int,
    batch: BatchSums,
    uplink_share: float,
    downlink_share: float,
    uplink_s: float,
    downlink_s: float,
) -> None:
    """Make `utilisation` of the epoch that ended count the bands as granted in its parts, not as the batch needed."""
    compute_s = affine_cost(rule, rule.compute_s, batch) if batch.requests > 0.0 else 0.0
    if constants.flexible_split:
        compute_s += uplink_s + downlink_s
    used = (
        uplink_share * uplink_s / constants.uplink_s,
        downlink_share * downlink_s / constants.downlink_s,
        memory_bytes(rule, batch) / rule.memory_limit_bytes,
        compute_s / rule.window_s,
    )
    for resource in range(len(used)):
        rows.utilisation_sum[row, resource] += used[resource] - rows.utilisation[row, resource]
        rows.utilisation[row, resource] = used[resource]


@compiled_allocating
def step_rows(
    constants: Constants,
    rows: Rows,
    actions: NDArray[np.float64],
    active: NDArray[np.bool_],
    observations: NDArray[np.float32],
    seen: NDArray[np.float32],
    first: int,
    last: int,
) -> None:
    """Step the active rows from `first` to before `last`, and copy the observations of all of these to `seen`."""
    for row in range(first, last):
        if active[row]:
            step_row(constants, rows, row, actions[row], observations[row])
        copy_observation(observations, seen, row)


MECHANISM = Mechanism(
    action_space=lambda scenario: unit_box(action_length(scenario)),
    step_row=step_row,
    step_rows=step_rows,
    parts_s=lambda constants, action: parts_s(constants, action, len(action) - 2),
    rows_per_thread=64,
)


class BandwidthEnv(EpochEnv[NDArray[np.floating]]):
    """The bands and the parts of the epoch as decisions; who is computed is left to the node.

    **Action** `Box(0, 1)` of length 2Q, or 2Q + 2 where `epoch.split` is flexible: the uplink share of each slot, the
    downlink share of each slot, then T_U and T_D in units of T_E. The shares of each band over the visible requests,
    and the two parts, are scaled down together where they sum to more than 1; empty slots are ignored. A request is
    uploaded if its share carries it within T_U, ρ·T_U·R ≥ bits, and its answer arrives if its share of the downlink
    does so within T_D; if not, it is not served although it used the bands, and `info["not_admitted"]` counts it.
    Among those that arrive both ways the node computes the batch of `node.batch_selection`, in the time T_C that is
    left and within every deadline. Float64 actions are taken in full precision.

    **Observation** `Box(0, 1)`: see `edge_llm_env.envs.observation`; the shares shown are the least that suffice, of
    T_E where the split is flexible.

    **Reward**: the scenario's weights times served, tokens, energy and expired; `info["reward_terms"]` sums to it.
    `info["utilisation"]` counts the bands as they are granted.

    **Episode**: truncated after `epoch.episode_epochs` steps.
    """

    mechanism = MECHANISM

    def _checked(self, action: Any) -> NDArray[np.float64]:
        return checked_box(action, (action_length(self.scenario),))


class BandwidthVectorEnv(EpochVectorEnv):
    """The native vector form of `BandwidthEnv`: actions of shape (R, 2Q) or (R, 2Q + 2)."""

    mechanism = MECHANISM

    def _checked(self, actions: Any) -> NDArray:
        return checked_box(actions, (self.num_envs, action_length(self.scenario)))
