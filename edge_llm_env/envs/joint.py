"""`EdgeLLM/Joint-v0`: values of requests, bands, the split of the epoch and modules, all at once."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.compiling import compiled_allocating
from edge_llm_env.dynamics.cascade import SETTLED, cascade
from edge_llm_env.dynamics.modules import move_modules
from edge_llm_env.dynamics.state import N_NOT_ADMITTED, Constants, Rows, rule_of
from edge_llm_env.envs.bandwidth import arrives, parts_s, rule_with_parts
from edge_llm_env.envs.base import EpochEnv, Mechanism
from edge_llm_env.envs.box_action import checked_box, onto_simplex, unit_box
from edge_llm_env.envs.compute import delays_of, modules_of, serve_and_dispatch
from edge_llm_env.envs.observation import copy_observation, observe
from edge_llm_env.scenarios.schema import Scenario
from edge_llm_env.vector import EpochVectorEnv


def action_length(scenario: Scenario) -> int:
    """Entries of an action: Q values, Q uplink and Q downlink shares, T_U and T_D where the split is flexible, G."""
    return 3 * scenario.epoch.visible_slots + (2 if scenario.epoch.split == "flexible" else 0) + len(scenario.variants)


@compiled_allocating
def step_row(
    constants: Constants, rows: Rows, row: int, action: NDArray[np.float64], observation: NDArray[np.float32]
) -> None:
    """Move modules, transfer what the shares allow, compute the variants' most valuable batches, and end the epoch."""
    rule = rule_of(constants)
    rows.reward_terms[row, :] = 0.0
    slots, visible = rows.slot_request.shape[1], rows.visible[row]
    uplink_s, downlink_s = parts_s(constants, action, 3 * slots)
    counts = modules_of(constants, action, len(action) - len(constants.variant_accuracy))
    move_modules(constants, rows, row, counts)
    uplink_scale, downlink_scale = onto_simplex(action, slots, visible), onto_simplex(action, 2 * slots, visible)
    values = np.zeros(visible)
    granted = 0
    uplink_used, downlink_used = 0.0, 0.0
    for slot in range(visible):
        uplink, downlink = action[slots + slot] * uplink_scale, action[2 * slots + slot] * downlink_scale
        uplink_used += uplink
        downlink_used += downlink
        granted += uplink > 0.0 or downlink > 0.0
        if arrives(constants, rows, row, slot, uplink * uplink_s, downlink * downlink_s):
            values[slot] = action[slot]
    reserved_s = uplink_s + downlink_s if constants.flexible_split else 0.0
    node = rule_with_parts(rule, constants, uplink_s, downlink_s)
    delays_s = delays_of(constants, rows, row, uplink_s)
    end_s = node.window_s + reserved_s
    server = cascade(rule, constants, rows, row, values, counts, delays_s, end_s, reserved_s, SETTLED)
    served = serve_and_dispatch(
        rule,
        constants,
        rows,
        row,
        server,
        counts,
        uplink_used * uplink_s / constants.uplink_s,
        downlink_used * downlink_s / constants.downlink_s,
        reserved_s,
    )
    rows.counters[row, N_NOT_ADMITTED] = granted - served
    observe(rule, constants, rows, row, observation)


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
    rows_per_thread=64,
    hosts_variants=True,
    parts_s=lambda constants, action: parts_s(constants, action, len(action) - 2 - len(constants.variant_accuracy)),
)


class JointEnv(EpochEnv[NDArray[np.floating]]):
    """All allocations of an epoch as one decision.

    **Action** `Box(0, 1)`: the value of the request in each slot (Q), the uplink share of each slot (Q), the downlink
    share of each slot (Q), T_U and T_D in units of T_E where `epoch.split` is flexible (2), and the share of the
    modules that hosts each variant (G). Shares and parts are read as in `EdgeLLM/Bandwidth-v0`, modules as in
    `EdgeLLM/Compute-v0`. Requests whose transfers finish both ways, and whose value is not 0, can be computed: from the
    cheapest variant on, each computes the most valuable batch (by `node.batch_selection`) of those that it is accurate
    enough for and no cheaper one has taken.

    **Observation** `Box(0, 1)`: see `edge_llm_env.envs.observation`.

    **Reward**: the scenario's weights times served, tokens, energy and expired; `info["reward_terms"]` sums to it. A
    request counts 1 whatever value the action gave it.

    **Episode**: begins with the modules divided evenly and loaded, truncated after `epoch.episode_epochs` steps.
    """

    mechanism = MECHANISM

    def _checked(self, action: Any) -> NDArray[np.float64]:
        return checked_box(action, (action_length(self.scenario),))


class JointVectorEnv(EpochVectorEnv):
    """The native vector form of `JointEnv`: actions of shape (R, length)."""

    mechanism = MECHANISM

    def _checked(self, actions: Any) -> NDArray:
        return checked_box(actions, (self.num_envs, action_length(self.scenario)))
