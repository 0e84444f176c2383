"""Caches of tasks between their calls: kept by the scenario's rule, listed for whoever may drop them, dropped."""

from __future__ import annotations

from edge_llm_env.dynamics.state import N_ARRIVED
from edge_llm_env.support.compilation.compiling import compiled
from edge_llm_env.task_dynamics.params import TaskParams
from edge_llm_env.task_dynamics.progress import is_kept
from edge_llm_env.task_dynamics.state import TaskState


@compiled
def drop_cache(params: TaskParams, state: TaskState, row: int, first: int) -> None:
    """Free the memory of a task's cache."""
    state.kept_bytes[row] -= state.cached_tokens[row, first] * params.token_bytes
    state.cached_tokens[row, first] = 0


@compiled
def keep_cache(params: TaskParams, state: TaskState, row: int, call: int) -> None:
    """After a call is served: keep of its cache what later calls go on from, if the scenario's rule has it so."""
    first = state.task_first[row, call]
    if state.calls_served[row, first] == state.task_calls[row, first]:
        drop_cache(params, state, row, first)
        return
    more = state.kept_tokens[row, call] - state.cached_tokens[row, first]
    grown_bytes = state.kept_bytes[row] + more * params.token_bytes
    if more > 0 and is_kept(params.kv_cache, grown_bytes, params.kept_limit_bytes):
        state.kept_bytes[row] = grown_bytes
        state.cached_tokens[row, first] = state.kept_tokens[row, call]


@compiled
def list_caches(state: TaskState, row: int) -> None:
    """Give the slots of `kept` to caches, those of the tasks that arrived first.

    A task with a cache has calls that are not served, so none of those that came before the oldest of these has one.
    """
    slots, slot = state.kept.shape[1], 0
    if slots > 0 and state.oldest[row] < state.counters[row, N_ARRIVED]:
        for call in range(state.task_first[row, state.oldest[row]], state.counters[row, N_ARRIVED]):
            if slot < slots and state.cached_tokens[row, call] > 0:
                state.kept[row, slot] = call
                slot += 1
    state.in_kept[row] = slot
