"""One call: what it costs with what is kept of its context, and what follows from serving it."""

from __future__ import annotations

from edge_llm_env.dynamics.epoch import admit
from edge_llm_env.dynamics.params import rule_of
from edge_llm_env.dynamics.payment import pay
from edge_llm_env.dynamics.state import EXPIRED, N_EPOCHS, N_EXPIRED, N_PENDING, PENDING, RESOURCES, SERVED
from edge_llm_env.feasibility.request import Request
from edge_llm_env.feasibility.rule import Rule
from edge_llm_env.inference.batch_cost import AffineCost, Polynomial
from edge_llm_env.scenarios.sections.reward_settings import R_EXPIRED
from edge_llm_env.support.compilation.compiling import compiled
from edge_llm_env.task_dynamics.caches import drop_cache
from edge_llm_env.task_dynamics.params import TaskParams
from edge_llm_env.task_dynamics.progress import (
    becomes_ready,
    count_answer,
    count_computed,
    count_failure,
)
from edge_llm_env.task_dynamics.state import N_REUSED, WAITING, TaskState

MEMORY = RESOURCES.index("memory")
"""Column of `utilisation`."""


@compiled
def waiting_rule(params: TaskParams, state: TaskState, row: int) -> Rule:
    """The rule of feasibility of a batch that first waits for caches to leave the node."""
    rule = rule_of(params)
    base = rule.compute_s.base
    return Rule(
        AffineCost(
            Polynomial(
                base.constant + state.moving_s[row], base.s, base.s_squared, base.n, base.n_squared, base.s_times_n
            ),
            rule.compute_s.marginal,
        ),
        rule.memory_bytes,
        rule.energy_j,
        rule.pads_prompts,
        rule.pads_outputs,
        rule.window_s,
        rule.memory_limit_bytes,
    )


@compiled
def rule_of_row(params: TaskParams, state: TaskState, row: int) -> Rule:
    """The same with the memory that caches leave which are kept."""
    rule = waiting_rule(params, state, row)
    return Rule(
        rule.compute_s,
        rule.memory_bytes,
        rule.energy_j,
        rule.pads_prompts,
        rule.pads_outputs,
        rule.window_s,
        rule.memory_limit_bytes - state.kept_bytes[row],
    )


@compiled
def reused_tokens(state: TaskState, row: int, call: int) -> float:
    """Tokens of a call's context that are kept."""
    return float(min(state.context_tokens[row, call], state.cached_tokens[row, state.task_first[row, call]]))


@compiled
def returns(state: TaskState, row: int, call: int) -> bool:
    """Whether what is kept of a call's context is moved back from the host if it is served."""
    return state.cache_in_host[row, state.task_first[row, call]]


@compiled
def call_without_channel(params: TaskParams, state: TaskState, row: int, call: int, start_s: float) -> Request:
    """A call as the rule sees it in the epoch that starts at `start_s`, but for its transfers.

    Its prompt is all of its context that is not kept, and what is new. With t(s, n) the marginal time of a request it
    takes t(c + s, n) - t(c, 1) + t(0, 1) of c kept tokens, t(c, 1) being the prefill alone: t(s, n), and the pairs of
    each new token and of each answer token but the first, which the prefill gives, with the kept ones. Those that a
    host has are first moved to the node; a call has all of them for itself, so that what a batch takes adds up.
    """
    kept = reused_tokens(state, row, call)
    prompt = float(state.context_tokens[row, call]) - kept + float(state.prompt_tokens[row, call])
    output = float(state.output_tokens[row, call])
    transfer_s = kept * params.token_transfer_s if returns(state, row, call) else 0.0
    return Request(
        prompt,
        output,
        state.arrival_s[row, call] + state.latency_requirement_s[row, call] - start_s - params.reserved_s,
        0.0,
        0.0,
        time_at_kept_s(params, kept, prompt, output) + transfer_s,
        kept * params.token_bytes,
    )


@compiled
def time_at_kept_s(params: TaskParams, kept: float, prompt: float, output: float) -> float:
    """What the new tokens of a call take to attend to those whose cache is kept (s)."""
    return kept * (params.pair_prefill_s * prompt + params.pair_decode_s * (output - 1.0))


@compiled
def admit_call(rule: Rule, params: TaskParams, state: TaskState, row: int, slot: int) -> None:
    """Admit an admissible slot's call under the row's rule: it will be served, and what follows of it is certain."""
    admit(rule, params, state, row, slot)
    count_memory(rule, params, state, row)
    call = state.slot_request[row, slot]
    first = state.task_first[row, call]
    tokens = int(state.slot_prompt_tokens[row, slot] + state.slot_output_tokens[row, slot])
    count_computed(state, row, first, tokens)
    state.counters[row, N_REUSED] += int(state.slot_reused_tokens[row, slot])
    if count_answer(params, state, row, call):
        return
    answered_s = (state.counters[row, N_EPOCHS] + 2) * params.epoch_s
    for later in range(call + 1, first + state.task_calls[row, first]):
        if becomes_ready(state, row, later, SERVED):
            state.ready_s[row, later] = answered_s + state.tool_s[row, later]


@compiled
def count_memory(rule: Rule, params: TaskParams, state: TaskState, row: int) -> None:
    """Count what is kept as memory that is used, of all that there is."""
    used = state.utilisation[row, MEMORY] * rule.memory_limit_bytes + state.kept_bytes[row]
    state.utilisation[row, MEMORY] = used / params.memory_limit_bytes


@compiled
def fail_task(params: TaskParams, state: TaskState, row: int, first: int) -> None:
    """Give a task up: its open calls expire, what was served of it is wasted, its cache goes."""
    for call in range(first, first + state.task_calls[row, first]):
        if state.status[row, call] == PENDING or state.status[row, call] == WAITING:
            state.status[row, call] = EXPIRED
            state.counters[row, N_EXPIRED] += 1
            state.counters[row, N_PENDING] -= 1
            pay(params, state, row, R_EXPIRED, 1.0)
    count_failure(params, state, row, first)
    drop_cache(params, state, row, first)
