"""Blocks of the KV cache: how many a request holds, and what the cache of a task gives its calls.

Functions of `tasks` do nothing where that is None, as it is where requests are on their own: Numba leaves out what
follows, and the state need not be that of tasks.
"""

from __future__ import annotations

from typing import Any

from edge_llm_env.engine.call_state import TaskEngineState
from edge_llm_env.engine.params import EngineParams, EngineTasks, TaskEngineParams
from edge_llm_env.engine.state import N_RUNNING, N_SWAPPED, UPLOADING, WAITING, EngineState
from edge_llm_env.support.compilation.compiling import compiled
from edge_llm_env.task_dynamics.params import KEEP_OR_SWAP
from edge_llm_env.task_dynamics.progress import is_kept
from edge_llm_env.task_dynamics.state import N_REUSED


@compiled
def blocks_of(params: EngineParams, tokens: int) -> int:
    """Blocks that hold so many tokens: the whole part of a quotient of floats, exact as both are far below 2⁵³.

    A division of integers takes several times as long, and this is most of what an iteration computes.
    """
    return int((tokens + params.block_tokens - 1) / params.block_tokens)


@compiled
def shared_blocks(params: EngineParams, state: Any, tasks: EngineTasks | None, row: int, request: int) -> int:
    """Blocks of its task's cache that a call reads and does not hold itself: those that its context fills."""
    if tasks is None:
        return 0
    return int(state.reused_tokens[row, request] / params.block_tokens)


@compiled
def had_before(state: Any, tasks: EngineTasks | None, row: int, request: int) -> int:
    """Tokens that a request had from its task's cache when it was admitted."""
    if tasks is None:
        return 0
    return int(state.reused_tokens[row, request])


@compiled
def blocks_for(params: EngineParams, state: EngineState, row: int, request: int, tokens: int) -> int:
    """Blocks that a request holds with so many tokens."""
    return blocks_of(params, tokens) - shared_blocks(params, state, params.tasks, row, request)


@compiled
def held_blocks(params: EngineParams, state: EngineState, row: int, request: int) -> int:
    """Blocks that a request holds while it runs: those of all that it is to prefill, or of what it has since cached."""
    return blocks_for(params, state, row, request, max(state.target[row, request], state.cached[row, request]))


@compiled
def offer_cache(state: Any, tasks: EngineTasks | None, row: int, request: int) -> int:
    """Let a call that does not run have what its task's cache has of its context; how many tokens that are."""
    if tasks is None:
        return 0
    kept = min(state.context_tokens[row, request], state.cached_tokens[row, state.task_first[row, request]])
    state.reused_tokens[row, request] = state.cached[row, request] = kept
    return kept


@compiled
def take_own_cache(state: Any, tasks: EngineTasks | None, row: int, request: int) -> None:
    """What a call has cached goes to host memory whole: it shares nothing any more."""
    if tasks is None:
        return
    state.reused_tokens[row, request] = 0


@compiled
def count_reused(state: Any, tasks: EngineTasks | None, row: int, request: int) -> None:
    """Count what a call that is admitted need not compute."""
    if tasks is None:
        return
    state.counters[row, N_REUSED] += state.reused_tokens[row, request]


@compiled
def keep_cache(params: TaskEngineParams, state: TaskEngineState, row: int, call: int) -> None:
    """Keep of the cache of an answered call, whose blocks are free, what later calls go on from, if the rule has it so.

    The last token of an answer is not in it: nothing was computed from that.
    """
    first = state.task_first[row, call]
    tokens = min(state.kept_tokens[row, call], state.cached[row, call])
    if tokens <= state.cached_tokens[row, first]:
        return
    blocks, had = blocks_of(params, tokens), blocks_of(params, state.cached_tokens[row, first])
    elsewhere = state.kept_blocks[row] - (0 if state.cache_in_host[row, first] else had)
    if is_kept(params.tasks.kv_cache, float(elsewhere + blocks), params.tasks.kept_limit_blocks):
        drop_cache(params, state, row, first)
        state.free_blocks[row] -= blocks
        state.kept_blocks[row] += blocks
        state.cached_tokens[row, first] = tokens
    elif not swap_cache(params, state, row, first, tokens):
        return
    offer_to_task(params, state, row, first)


@compiled
def swap_cache(params: TaskEngineParams, state: TaskEngineState, row: int, first: int, tokens: int) -> bool:
    """Move so many tokens of a task's cache to host memory, in place of what is kept of it.

    False, and nothing moves, where the rule does not swap, a running call reads the cache or the host has no room.
    """
    blocks, had = blocks_of(params, tokens), blocks_of(params, state.cached_tokens[row, first])
    room = state.host_free[row] + (had if state.cache_in_host[row, first] else 0)
    if params.tasks.kv_cache != KEEP_OR_SWAP or blocks > room or is_read(state, row, first):
        return False
    drop_cache(params, state, row, first)
    state.cache_in_host[row, first] = True
    state.cached_tokens[row, first] = tokens
    state.host_free[row] -= blocks
    state.transfer_s[row] += blocks * params.block_transfer_s
    state.counters[row, N_SWAPPED] += 1
    return True


@compiled
def blocks_to_fetch(params: EngineParams, state: Any, tasks: EngineTasks | None, row: int, request: int) -> int:
    """Blocks of its task's cache that must be moved back from the host before a call can read it."""
    if tasks is None:
        return 0
    first = state.task_first[row, request]
    if state.reused_tokens[row, request] == 0 or not state.cache_in_host[row, first]:
        return 0
    return blocks_of(params, state.cached_tokens[row, first])


@compiled
def fetch_cache(params: EngineParams, state: Any, tasks: EngineTasks | None, row: int, request: int) -> None:
    """Move the cache that a call is to read back from the host, where it is there; it is kept on the node from then."""
    if tasks is None:
        return
    blocks = blocks_to_fetch(params, state, tasks, row, request)
    if blocks > 0:
        state.cache_in_host[row, state.task_first[row, request]] = False
        state.host_free[row] += blocks
        state.free_blocks[row] -= blocks
        state.kept_blocks[row] += blocks
        state.transfer_s[row] += blocks * params.block_transfer_s


@compiled
def offer_to_task(params: TaskEngineParams, state: TaskEngineState, row: int, first: int) -> None:
    """Let the calls of a task that neither run nor are answered have what its cache is now."""
    for call in range(first, first + state.task_calls[row, first]):
        open_ = state.status[row, call] == WAITING or state.status[row, call] == UPLOADING
        if open_ and not state.in_host[row, call]:
            offer_cache(state, params.tasks, row, call)


@compiled
def drop_cache(params: TaskEngineParams, state: TaskEngineState, row: int, first: int) -> None:
    """Free the blocks of a task's cache, wherever they are."""
    blocks = blocks_of(params, state.cached_tokens[row, first])
    if state.cache_in_host[row, first]:
        state.host_free[row] += blocks
    else:
        state.free_blocks[row] += blocks
        state.kept_blocks[row] -= blocks
    state.cache_in_host[row, first] = False
    state.cached_tokens[row, first] = 0


@compiled
def release_cache(params: Any, state: Any, tasks: EngineTasks | None, row: int, slot: int) -> None:
    """Swap the cache in a slot of `kept`, or drop it: calls that go on from it then compute their whole context."""
    if tasks is None:
        return
    first = state.kept[row, slot]
    if not swap_cache(params, state, row, first, state.cached_tokens[row, first]):
        drop_cache(params, state, row, first)
        offer_to_task(params, state, row, first)


@compiled
def is_read(state: TaskEngineState, row: int, first: int) -> bool:
    """Whether a running call has anything of its task's cache."""
    for slot in range(state.counters[row, N_RUNNING]):
        call = state.running[row, slot]
        if state.task_first[row, call] == first and state.reused_tokens[row, call] > 0:
            return True
    return False


@compiled
def list_caches(state: TaskEngineState, row: int) -> None:
    """Give the slots of `kept` to caches on the node that no running call reads, of the tasks that arrived first."""
    slots, slot = state.kept.shape[1], 0
    for call in range(state.oldest[row], state.next_arrival[row]):
        on_node = state.cached_tokens[row, call] > 0 and not state.cache_in_host[row, call]
        if slot < slots and on_node and not is_read(state, row, call):
            state.kept[row, slot] = call
            slot += 1
    state.in_kept[row] = slot
