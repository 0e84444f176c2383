"""`EdgeLLM/Compute-v0`: divide the node's modules among the variants that it hosts."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.compiling import compiled_allocating
from edge_llm_env.dynamics.cascade import NOBODY, SHARES, cascade, use_of_variants
from edge_llm_env.dynamics.epoch import dispatch, serve, spend
from edge_llm_env.dynamics.feasibility import Rule
from edge_llm_env.dynamics.modules import loading_s, move_modules, pass_time
from edge_llm_env.dynamics.state import N_NOT_ADMITTED, Constants, Rows, rule_of
from edge_llm_env.envs.base import EpochEnv, Mechanism
from edge_llm_env.envs.box_action import checked_box, onto_simplex, unit_box
from edge_llm_env.envs.observation import copy_observation, observe
from edge_llm_env.vector import EpochVectorEnv

ROUNDING = 1e-6
"""Shares are float32 as a rule; what is this much of the node short of a whole module counts as one."""


@compiled_allocating
def modules_of(constants: Constants, action: NDArray[np.float64], first: int) -> NDArray[np.int64]:
    """Modules of each variant, int64 of shape (G,), from shares in entries `first` on, by largest remainders.

    Shares are scaled down where they sum to more than 1; of the modules that they sum to, whole ones, each variant has
    its quota rounded down, and those with the largest remainders one more, the cheaper first between equals.
    """
    variants, modules = len(constants.variant_accuracy), constants.modules
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
def delays_of(constants: Constants, rows: Rows, row: int, uplink_s: float) -> NDArray[np.float64]:
    """How long after the uplink each variant still loads weights (s), shape (G,)."""
    delays_s = np.zeros(len(constants.variant_accuracy))
    for variant in range(len(delays_s)):
        delays_s[variant] = max(0.0, loading_s(rows, row, variant) - uplink_s)
    return delays_s


@compiled_allocating
def step_row(
    constants: Constants, rows: Rows, row: int, action: NDArray[np.float64], observation: NDArray[np.float32]
) -> None:
    """Move modules, compute the variants' batches, and end the epoch."""
    rule = rule_of(constants)
    rows.reward_terms[row, :] = 0.0
    counts = modules_of(constants, action, 0)
    move_modules(constants, rows, row, counts)
    delays_s = delays_of(constants, rows, row, constants.uplink_s)
    values = np.ones(rows.visible[row])
    server = cascade(rule, constants, rows, row, values, counts, delays_s, rule.window_s, 0.0, SHARES)
    uplink, downlink = 0.0, 0.0
    for slot in range(len(server)):
        if server[slot] != NOBODY:
            uplink += rows.slot_uplink_share[row, slot]
            downlink += rows.slot_downlink_share[row, slot]
    serve_and_dispatch(rule, constants, rows, row, server, counts, uplink, downlink, 0.0)
    rows.counters[row, N_NOT_ADMITTED] = 0
    observe(rule, constants, rows, row, observation)


@compiled_allocating
def serve_and_dispatch(
    rule: Rule,
    constants: Constants,
    rows: Rows,
    row: int,
    server: NDArray[np.int64],
    counts: NDArray[np.int64],
    uplink: float,
    downlink: float,
    transfer_s: float,
) -> int:
    """Serve each request by its variant, end the epoch, and account for what was used; how many are served.

    `uplink` and `downlink` are the parts of the bands that were used, `transfer_s` what transfers took of the window.
    """
    memory, compute_s, energy = use_of_variants(rule, constants, rows, row, server, counts)
    served = 0
    rows.served_by[row, :] = NOBODY
    for slot in range(len(server)):
        rows.served_by[row, slot] = server[slot]
        if server[slot] != NOBODY:
            serve(constants, rows, row, slot)
            served += 1
    spend(constants, rows, row, energy)
    dispatch(rule, constants, rows, row)
    pass_time(constants, rows, row)
    used = (
        uplink,
        downlink,
        memory / (constants.modules * constants.module_memory_bytes),
        (compute_s + transfer_s) / rule.window_s,
    )
    for resource in range(len(used)):
        rows.utilisation_sum[row, resource] += used[resource] - rows.utilisation[row, resource]
        rows.utilisation[row, resource] = used[resource]
    return served


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
    action_space=lambda scenario: unit_box(len(scenario.variants)),
    step_row=step_row,
    step_rows=step_rows,
    rows_per_thread=64,
    hosts_variants=True,
    keeps_split=True,
)


class ComputeEnv(EpochEnv[NDArray[np.floating]]):
    """The node's modules as a decision: how many host which variant, a decoder at a precision (`node.variants`).

    **Action** `Box(0, 1)` of length G, the variants from the cheapest on (`scenario.variants`): the share of the M
    modules that hosts each. Shares that sum to more than 1 are scaled down, and become whole modules by largest
    remainders; modules that none wants are idle. A module that comes to a variant loads its weights, weight bytes /
    storage bandwidth, from the start of the epoch on, and a variant computes once all of its modules have loaded. Its
    modules work as one, each with the weights in its own memory.

    A request is served by the cheapest variant that is accurate enough and has room: from the cheapest on, each variant
    computes the batch of `node.batch_selection`, by default a largest one, among the requests that no cheaper one has
    taken, with what is left of the bands. T_U and T_D are the scenario's, even where `epoch.split` is flexible.

    **Observation** `Box(0, 1)`: see `edge_llm_env.envs.observation`; a slot's compute time and memory are those of the
    cheapest variant that can serve it on all modules.

    **Reward**: the scenario's weights times served, tokens, energy and expired; `info["reward_terms"]` sums to it.

    **Episode**: begins with the modules divided evenly and loaded, truncated after `epoch.episode_epochs` steps.
    """

    mechanism = MECHANISM

    def _checked(self, action: Any) -> NDArray[np.float64]:
        return checked_box(action, (len(self.scenario.variants),))


class ComputeVectorEnv(EpochVectorEnv):
    """The native vector form of `ComputeEnv`: actions of shape (R, G)."""

    mechanism = MECHANISM

    def _checked(self, actions: Any) -> NDArray:
        return checked_box(actions, (self.num_envs, len(self.scenario.variants)))
