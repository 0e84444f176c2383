"""Blocks of the KV cache: how many a request holds, and what the cache of a task gives its calls.

Functions of `tasks` do nothing where that is None, as it is where requests are on their own: Numba leaves out what
follows, and the state need not be that of tasks.
"""

from __future__ import annotations

from typing import Any

from edge_llm_env.engine.call_state import TaskEngineState
from edge_llm_env.engine.params import EngineParams, EngineTasks, TaskEngineParams
from edge_llm_env.engine.state import N_RUNNING, UPLOADING, WAITING, EngineState
from edge_llm_env.support.compilation.compiling import compiled
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
    more = blocks_of(params, tokens) - blocks_of(params, state.cached_tokens[row, first])
    if not is_kept(params.tasks.kv_cache, float(state.kept_blocks[row] + more), params.tasks.kept_limit_blocks):
        return
    state.free_blocks[row] -= more
    state.kept_blocks[row] += more
    state.cached_tokens[row, first] = tokens
    offer_to_task(params, state, row, first)


@compiled
def offer_to_task(params: TaskEngineParams, state: TaskEngineState, row: int, first: int) -> None:
    """Let the calls of a task that neither run nor are answered have what its cache is now."""
    for call in range(first, first + state.task_calls[row, first]):
        open_ = state.status[row, call] == WAITING or state.status[row, call] == UPLOADING
        if open_ and not state.in_host[row, call]:
            offer_cache(state, params.tasks, row, call)


@compiled
def drop_cache(params: TaskEngineParams, state: TaskEngineState, row: int, first: int) -> None:
    """Free the blocks of a task's cache, of whose calls none runs."""
    blocks = blocks_of(params, state.cached_tokens[row, first])
    state.free_blocks[row] += blocks
    state.kept_blocks[row] -= blocks
    state.cached_tokens[row, first] = 0


@compiled
def release_cache(params: Any, state: Any, tasks: EngineTasks | None, row: int, slot: int) -> None:
    """Drop the cache in a slot of `kept`: calls that go on from it compute their whole context."""
    if tasks is None:
        return
    first = state.kept[row, slot]
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
    """Give the slots of `kept` to caches that no running call reads, those of the tasks that arrived first."""
    slots, slot = state.kept.shape[1], 0
    for call in range(state.oldest[row], state.next_arrival[row]):
        if slot < slots and state.cached_tokens[row, call] > 0 and not is_read(state, row, call):
            state.kept[row, slot] = call
            slot += 1
    state.in_kept[row] = slot
