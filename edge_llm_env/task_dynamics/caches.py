"""Caches of tasks between their calls: kept or swapped to a host by the scenario's rule or by whoever may, dropped."""

from __future__ import annotations

from edge_llm_env.dynamics.state import N_ARRIVED
from edge_llm_env.support.compilation.compiling import compiled
from edge_llm_env.task_dynamics.params import KEEP_OR_SWAP, TaskParams
from edge_llm_env.task_dynamics.progress import is_kept
from edge_llm_env.task_dynamics.state import TaskState


@compiled
def drop_cache(params: TaskParams, state: TaskState, row: int, first: int) -> None:
    """Free the memory of a task's cache, wherever that is."""
    held_bytes = state.cached_tokens[row, first] * params.token_bytes
    if state.cache_in_host[row, first]:
        state.swapped_bytes[row] -= held_bytes
    else:
        state.kept_bytes[row] -= held_bytes
    state.cache_in_host[row, first] = False
    state.cached_tokens[row, first] = 0


@compiled
def keep_cache(params: TaskParams, state: TaskState, row: int, call: int) -> None:
    """After a call is served: keep of its cache what later calls go on from, if the scenario's rule has it so."""
    first = state.task_first[row, call]
    if state.calls_served[row, first] == state.task_calls[row, first]:
        drop_cache(params, state, row, first)
        return
    tokens = state.kept_tokens[row, call]
    if tokens <= state.cached_tokens[row, first]:
        return
    more = tokens - (0 if state.cache_in_host[row, first] else state.cached_tokens[row, first])
    grown_bytes = state.kept_bytes[row] + more * params.token_bytes
    if is_kept(params.kv_cache, grown_bytes, params.kept_limit_bytes):
        drop_cache(params, state, row, first)
        state.kept_bytes[row] = grown_bytes
        state.cached_tokens[row, first] = tokens
    else:
        swap_cache(params, state, row, first, tokens)


@compiled
def swap_cache(params: TaskParams, state: TaskState, row: int, first: int, tokens: int) -> bool:
    """Have so many tokens of a task's cache in host memory: what is not there yet moves, and the next batch waits.

    False, and nothing moves, where the rule does not swap or the host has no room.
    """
    more = tokens - (state.cached_tokens[row, first] if state.cache_in_host[row, first] else 0)
    grown_bytes = state.swapped_bytes[row] + more * params.token_bytes
    if params.kv_cache != KEEP_OR_SWAP or grown_bytes > params.host_bytes:
        return False
    drop_cache(params, state, row, first)
    state.swapped_bytes[row] = grown_bytes
    state.moving_s[row] += more * params.token_transfer_s
    state.cache_in_host[row, first] = True
    state.cached_tokens[row, first] = tokens
    return True


@compiled
def list_caches(state: TaskState, row: int) -> None:
    """Give the slots of `kept` to caches on the node, those of the tasks that arrived first.

    A task with a cache has calls that are not served, so none of those that came before the oldest of these has one.
    """
    slots, slot = state.kept.shape[1], 0
    if slots > 0 and state.oldest[row] < state.counters[row, N_ARRIVED]:
        for call in range(state.task_first[row, state.oldest[row]], state.counters[row, N_ARRIVED]):
            on_node = state.cached_tokens[row, call] > 0 and not state.cache_in_host[row, call]
            if slot < slots and on_node:
                state.kept[row, slot] = call
                slot += 1
    state.in_kept[row] = slot
