"""Modules divided among variants: what `edge_llm_env.residency` makes of a row's modules, and what variants cost.

A variant's modules work as one, as the node's do in arXiv 2405.07140, and each holds the variant's weights. A module
that moves to another variant first loads them. Meanwhile those of the variant that have loaded serve on; those that
have loaded before the epoch is over serve a batch of their own in what is left of it.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.dynamics.params import NodeParams, affine_cost_at
from edge_llm_env.dynamics.state import NodeState
from edge_llm_env.feasibility.batch import empty_batch, with_request
from edge_llm_env.feasibility.request import Request
from edge_llm_env.feasibility.rule import Rule, compute_time_s, fits_node, memory_bytes
from edge_llm_env.residency.moving import host_evenly, move
from edge_llm_env.residency.residents import IDLE, hosting, last_ready_s, ready_within
from edge_llm_env.support.compilation.compiling import compiled

GROUPS = 2
"""Of a variant's modules in an epoch: those that have loaded, and those that do so before the epoch is over."""


@compiled
def begin_modules(params: NodeParams, state: NodeState, row: int) -> None:
    """Divide a row's modules evenly among the variants, with their weights loaded; none has served anyone."""
    state.served_by[row, :] = IDLE
    host_evenly(state.module_variant, state.module_ready_s, row, len(params.variant_accuracy))


@compiled
def hosted(state: NodeState, row: int, variant: int) -> int:
    """How many modules of a row host a variant."""
    return hosting(state.module_variant, row, variant)


@compiled
def move_modules(params: NodeParams, state: NodeState, row: int, counts: NDArray[np.int64]) -> None:
    """Give each variant that many modules, of shape (G,), by moving as few as possible; the others are idle."""
    move(state.module_variant, state.module_ready_s, row, counts, params.variant_load_s)


@compiled
def loaded_by_s(params: NodeParams) -> float:
    """How long after the start of an epoch a module may still load and be one of those that have loaded (s).

    Until the uplink part is over, as nothing is computed before. Where the split is flexible nobody knows when that is.
    """
    return 0.0 if params.flexible_split else params.uplink_s


@compiled
def groups_after_moving(
    params: NodeParams,
    state: NodeState,
    row: int,
    counts: NDArray[np.int64],
    sizes: NDArray[np.int64],
    ready_s: NDArray[np.float64],
) -> None:
    """The groups that would compute in this epoch after `move_modules` gave each variant `counts` modules, (G,).

    Writes how many modules each has, and how long after the start of the epoch they load (s, 0 for those that have
    loaded), both of shape (G·GROUPS,): group `variant * GROUPS` has loaded, the next has not. Modules that load beyond
    the epoch are in no group. All of a group have loaded at once, since loads begin with epochs.
    """
    by_s = loaded_by_s(params)
    for variant in range(len(counts)):
        first = variant * GROUPS
        kept = min(counts[variant], hosted(state, row, variant))
        # Those that still load longest leave first.
        sizes[first] = min(kept, ready_within(state.module_variant, state.module_ready_s, row, variant, -1.0, by_s))
        ready_s[first] = 0.0
        late = ready_within(state.module_variant, state.module_ready_s, row, variant, by_s, params.epoch_s)
        sizes[first + 1] = min(kept - sizes[first], late)
        ready_s[first + 1] = last_ready_s(state.module_variant, state.module_ready_s, row, variant, params.epoch_s)
        load_s = params.variant_load_s[variant]
        if counts[variant] > kept and load_s <= params.epoch_s:
            sizes[first + (load_s > by_s)] += counts[variant] - kept
            ready_s[first + 1] = max(ready_s[first + 1], load_s)


@compiled
def groups_now(
    params: NodeParams, state: NodeState, row: int, sizes: NDArray[np.int64], ready_s: NDArray[np.float64]
) -> None:
    """The same of the modules as they are."""
    by_s = loaded_by_s(params)
    for variant in range(len(params.variant_accuracy)):
        first = variant * GROUPS
        sizes[first] = ready_within(state.module_variant, state.module_ready_s, row, variant, -1.0, by_s)
        sizes[first + 1] = ready_within(state.module_variant, state.module_ready_s, row, variant, by_s, params.epoch_s)
        ready_s[first] = 0.0
        ready_s[first + 1] = last_ready_s(state.module_variant, state.module_ready_s, row, variant, params.epoch_s)


@compiled
def variant_rule(rule: Rule, params: NodeParams, variant: int, modules: int, window_s: float) -> Rule:
    """The rule of a variant on that many modules, at least one, with `window_s` to compute.

    Each module holds the weights, and the cost counts them once, so the others' are taken off the limit.
    """
    cost = params.variant_cost[variant, modules - 1]
    return Rule(
        affine_cost_at(cost, 0),
        affine_cost_at(cost, 1),
        affine_cost_at(cost, 2),
        rule.pads_prompts,
        rule.pads_outputs,
        window_s,
        modules * params.module_memory_bytes - (modules - 1) * params.variant_weight_bytes[variant],
    )


class Alone(NamedTuple):
    """What a request costs as a batch of its own."""

    fits: bool
    """The node can compute it in time, whatever its channel."""
    compute_s: float
    memory_bytes: float
    """KV cache."""


@compiled
def judge_by(rule: Rule, request: Request) -> Alone:
    """A request alone under a rule."""
    alone = with_request(empty_batch(), request)
    return Alone(
        fits_node(rule, alone),
        compute_time_s(rule, alone),
        memory_bytes(rule, alone) - memory_bytes(rule, empty_batch()),
    )


@compiled
def judge_alone(
    rule: Rule, params: NodeParams, request: Request, request_class: int, accuracy_requirement: float
) -> Alone:
    """A request alone: under the row's rule, or where variants are hosted under that of the cheapest one that can serve
    it on all modules. It comes without transfers, as its channel may recover.
    """
    variants = len(params.variant_accuracy)
    if variants == 0:
        return judge_by(rule, request)
    for variant in range(variants):
        if accuracy_requirement <= params.variant_accuracy[variant, request_class]:
            alone = judge_by(variant_rule(rule, params, variant, params.modules, rule.window_s), request)
            if alone.fits:
                return alone
    return Alone(False, 0.0, 0.0)
