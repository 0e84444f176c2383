"""Modules divided among variants: which hosts what, and how long it loads weights after it moves.

A variant's modules work as one, as the node's do in arXiv 2405.07140, and each holds the variant's weights. A module
that moves to another variant first loads them, and the variant computes once all of its modules have loaded: adding a
module stalls it.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.dynamics.params import NodeParams, affine_cost_at
from edge_llm_env.dynamics.state import IDLE, NodeState
from edge_llm_env.feasibility.batch import empty_batch, with_request
from edge_llm_env.feasibility.request import Request
from edge_llm_env.feasibility.rule import Rule, compute_time_s, fits_node, memory_bytes
from edge_llm_env.support.compilation.compiling import compiled


@compiled
def begin_modules(params: NodeParams, state: NodeState, row: int) -> None:
    """Divide a row's modules evenly among the variants, with their weights loaded; none has served anyone."""
    state.served_by[row, :] = IDLE
    variants, modules = len(params.variant_accuracy), state.module_variant.shape[1]
    for module in range(modules):
        state.module_variant[row, module] = module * variants // modules
        state.module_ready_s[row, module] = 0.0


@compiled
def hosted(state: NodeState, row: int, variant: int) -> int:
    """How many modules of a row host a variant."""
    count = 0
    for module in range(state.module_variant.shape[1]):
        count += state.module_variant[row, module] == variant
    return count


@compiled
def loading_s(state: NodeState, row: int, variant: int) -> float:
    """Time after the start of the epoch at which all modules of a variant have loaded, 0 if they have (s)."""
    longest_s = 0.0
    for module in range(state.module_variant.shape[1]):
        if state.module_variant[row, module] == variant:
            longest_s = max(longest_s, state.module_ready_s[row, module])
    return longest_s


@compiled
def next_to_leave(state: NodeState, row: int, variant: int) -> int:
    """The module of a variant that would leave it first: that which still loads longest, between equals the last."""
    leaving = -1
    for module in range(state.module_variant.shape[1]):
        if state.module_variant[row, module] == variant and (
            leaving < 0 or state.module_ready_s[row, module] >= state.module_ready_s[row, leaving]
        ):
            leaving = module
    return leaving


@compiled
def move_modules(params: NodeParams, state: NodeState, row: int, counts: NDArray[np.int64]) -> None:
    """Give each variant that many modules, of shape (G,), by moving as few as possible; the others are idle."""
    for variant in range(len(counts)):
        for _ in range(hosted(state, row, variant) - counts[variant]):
            module = next_to_leave(state, row, variant)
            state.module_variant[row, module] = IDLE
            state.module_ready_s[row, module] = 0.0
    for variant in range(len(counts)):
        for _ in range(counts[variant] - hosted(state, row, variant)):
            module = next_to_leave(state, row, IDLE)
            state.module_variant[row, module] = variant
            state.module_ready_s[row, module] = params.variant_load_s[variant]


@compiled
def delay_after_moving_s(params: NodeParams, state: NodeState, row: int, variant: int, count: int) -> float:
    """What `loading_s` of a variant would be after `move_modules` gave it `count` modules (s)."""
    already = hosted(state, row, variant)
    if count > already:
        return max(params.variant_load_s[variant], loading_s(state, row, variant))
    # Those that still load longest leave first: what is left is as ready as the `count` readiest.
    readiest_s = 0.0
    for module in range(state.module_variant.shape[1]):
        if state.module_variant[row, module] == variant:
            sooner = 0
            for other in range(state.module_variant.shape[1]):
                if state.module_variant[row, other] == variant and (
                    state.module_ready_s[row, other] < state.module_ready_s[row, module]
                    or (state.module_ready_s[row, other] == state.module_ready_s[row, module] and other < module)
                ):
                    sooner += 1
            if sooner < count:
                readiest_s = max(readiest_s, state.module_ready_s[row, module])
    return readiest_s


@compiled
def pass_time(params: NodeParams, state: NodeState, row: int) -> None:
    """An epoch passes: modules go on loading."""
    for module in range(state.module_variant.shape[1]):
        state.module_ready_s[row, module] = max(0.0, state.module_ready_s[row, module] - params.epoch_s)


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
def judge_alone(rule: Rule, params: NodeParams, request: Request, accuracy_requirement: float) -> Alone:
    """A request alone: under the row's rule, or where variants are hosted under that of the cheapest one that can serve
    it on all modules. It comes without transfers, as its channel may recover.
    """
    variants = len(params.variant_accuracy)
    if variants == 0:
        return judge_by(rule, request)
    for variant in range(variants):
        if accuracy_requirement <= params.variant_accuracy[variant]:
            alone = judge_by(variant_rule(rule, params, variant, params.modules, rule.window_s), request)
            if alone.fits:
                return alone
    return Alone(False, 0.0, 0.0)
