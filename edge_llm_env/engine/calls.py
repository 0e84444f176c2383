"""What an engine's rows do for agent tasks: calls become visible one after another, tasks fail.

As in `blocks`, functions of `tasks` do nothing where these are None.
"""

from __future__ import annotations

import math
from typing import Any

from edge_llm_env.engine.blocks import drop_cache, keep_cache
from edge_llm_env.engine.call_state import TaskEngineState
from edge_llm_env.engine.params import EngineTasks, TaskEngineParams
from edge_llm_env.engine.queue import count_visible, fill_slots, give_up, leave_batch, leave_slot
from edge_llm_env.engine.state import (
    COMPLETED,
    DROPPED,
    N_RUNNING,
    N_WAITING,
    REJECTED,
    RUNNING,
    UPLOADING,
    WAITING,
)
from edge_llm_env.support.compilation.compiling import compiled
from edge_llm_env.task_dynamics.progress import becomes_ready, count_answer, count_computed, count_failure, opens_task


@compiled
def put_transfers(
    state: Any, tasks: EngineTasks | None, row: int, call: int, upload_s: float, download_s: float
) -> None:
    """Note what the transfers of a call take."""
    if tasks is None:
        return
    state.upload_s[row, call] = upload_s
    state.download_s[row, call] = download_s


@compiled
def begin_tasks(state: Any, tasks: EngineTasks | None, row: int) -> None:
    """Begin an episode: of each task, the calls that wait for no other are on their way when it arrives."""
    if tasks is None:
        return
    state.known[row] = state.oldest[row] = state.kept_blocks[row] = 0
    for call in range(state.requests[row]):
        state.ready_s[row, call] = math.inf
        state.visible_s[row, call] = math.inf
        state.calls_served[row, call] = 0
        state.cached_tokens[row, call] = 0
        state.computed_tokens[row, call] = 0
        state.reused_tokens[row, call] = 0
        state.task_over[row, call] = False
        state.cache_in_host[row, call] = False
        if opens_task(state, row, call):
            expect(state, row, call, state.arrival_s[row, call])


@compiled
def expect(state: TaskEngineState, row: int, call: int, answered_s: float) -> None:
    """Let a call become visible once its tool, which begins at that time, has ended and its prompt is uploaded."""
    state.ready_s[row, call] = answered_s + state.tool_s[row, call]
    state.visible_s[row, call] = state.ready_s[row, call] + state.upload_s[row, call]
    place, order = state.known[row], state.order[row]
    while place > state.next_visible[row] and state.visible_s[row, order[place - 1]] > state.visible_s[row, call]:
        order[place] = order[place - 1]
        place -= 1
    order[place] = call
    state.known[row] += 1


@compiled
def follow(params: Any, state: Any, tasks: EngineTasks | None, row: int, call: int, in_time: bool) -> None:
    """What follows of a call that has all its tokens and has left the batch: its task is completed, or goes on.

    A tool begins when the last token is downloaded. Where that is too late, the task fails (`fail_tasks`).
    """
    if tasks is None:
        return
    first = state.task_first[row, call]
    count_computed(state, row, first, state.prompt_tokens[row, call] - state.reused_tokens[row, call])
    count_computed(state, row, first, state.output_tokens[row, call])
    if not in_time:
        return
    if count_answer(params, state, row, call):
        state.task_over[row, first] = True
        drop_cache(params, state, row, first)
        return
    keep_cache(params, state, row, call)
    for later in range(call + 1, first + state.task_calls[row, first]):
        if becomes_ready(state, row, later, COMPLETED):
            expect(state, row, later, state.now_s[row] + state.download_s[row, call])


@compiled
def fail_tasks(params: Any, state: Any, tasks: EngineTasks | None, row: int) -> None:
    """Tasks fail of which the deadline has passed, or a call was dropped or could never be served."""
    if tasks is None:
        return
    arrived = state.next_arrival[row]
    for call in range(state.oldest[row], arrived):
        first, status = state.task_first[row, call], state.status[row, call]
        lost = status in (DROPPED, REJECTED) or state.now_s[row] > state.first_due_s[row, call]
        if lost and not state.task_over[row, first]:
            fail_task(params, state, row, first)
    oldest = state.oldest[row]
    while oldest < arrived and state.task_over[row, state.task_first[row, oldest]]:
        oldest += 1
    state.oldest[row] = oldest


@compiled
def fail_task(params: TaskEngineParams, state: TaskEngineState, row: int, first: int) -> None:
    """Give a task up, with all of its calls that are not answered, wherever these are."""
    for call in range(first, first + state.task_calls[row, first]):
        status = state.status[row, call]
        if status == UPLOADING:
            forget(state, row, call)
            count_visible(state, params.tasks, row, call)
        elif status == WAITING:
            stop_waiting(params, state, row, call)
        elif status == RUNNING:
            stop_running(params, state, row, call)
        else:
            continue
        give_up(params, state, row, call)
    fill_slots(params, state, row)
    drop_cache(params, state, row, first)
    count_failure(params, state, row, first)
    state.task_over[row, first] = True


@compiled
def forget(state: TaskEngineState, row: int, call: int) -> None:
    """Expect a call no more, if it was expected."""
    kept = state.next_visible[row]
    for place in range(state.next_visible[row], state.known[row]):
        if state.order[row, place] != call:
            state.order[row, kept] = state.order[row, place]
            kept += 1
    state.known[row] = kept


@compiled
def stop_waiting(params: TaskEngineParams, state: TaskEngineState, row: int, call: int) -> None:
    """Take a call from those who wait, in a slot or beyond."""
    for slot in range(state.in_slots[row]):
        if state.waiting[row, slot] == call:
            leave_slot(params, state, row, slot)
            return
    state.counters[row, N_WAITING] -= 1


@compiled
def stop_running(params: TaskEngineParams, state: TaskEngineState, row: int, call: int) -> None:
    """Take a call from the running batch; what was computed for it is wasted."""
    first, computed = state.task_first[row, call], state.cached[row, call] - state.reused_tokens[row, call]
    for slot in range(state.counters[row, N_RUNNING]):
        if state.running[row, slot] == call:
            leave_batch(params, state, row, slot)
            count_computed(state, row, first, computed)
            return
