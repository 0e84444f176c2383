"""What an agent may do with the engine, by the numbers of its actions, and which of it is open."""

from __future__ import annotations

from typing import Any

from edge_llm_env.engine.blocks import blocks_to_fetch, held_blocks, list_caches, release_cache
from edge_llm_env.engine.calls import fail_tasks
from edge_llm_env.engine.iterating import is_decoding, lacking_blocks, run
from edge_llm_env.engine.outlook import is_late
from edge_llm_env.engine.params import EngineParams, EngineTasks
from edge_llm_env.engine.queue import admit, drop, preempt
from edge_llm_env.engine.state import N_INVALID, N_RUNNING, EngineState
from edge_llm_env.support.compilation.compiling import compiled


@compiled
def admit_action(params: EngineParams, slot: int) -> int:
    """Admit the request in a waiting slot."""
    return slot


@compiled
def preempt_action(params: EngineParams, slot: int) -> int:
    """Preempt the request in a running slot."""
    return params.waiting_slots + slot


@compiled
def drop_action(params: EngineParams, slot: int) -> int:
    """Drop the request in a waiting slot."""
    return params.waiting_slots + params.running_slots + slot


@compiled
def run_action(params: EngineParams, choice: int) -> int:
    """Run on with the prefill budget of that number."""
    return 2 * params.waiting_slots + params.running_slots + choice


@compiled
def release_action(params: EngineParams, slot: int) -> int:
    """Drop or swap the cache in a slot of those that are kept, where requests are the calls of tasks."""
    return run_action(params, len(params.budgets)) + slot


@compiled
def fits(params: EngineParams, state: EngineState, row: int, request: int) -> bool:
    """Whether there are blocks for a request to join the batch, above the watermark unless nothing runs."""
    kept = params.watermark_blocks if state.counters[row, N_RUNNING] > 0 else 0
    fetched = blocks_to_fetch(params, state, params.tasks, row, request)
    return held_blocks(params, state, row, request) + fetched + kept <= state.free_blocks[row]


@compiled
def refresh_mask(params: EngineParams, state: EngineState, row: int) -> None:
    """Open what can be done now.

    Nobody is admitted again at the time that it was preempted, so that every episode comes to its end.
    Those are preempted who are late, and anybody while a decode or somebody who waits lacks blocks. Those are dropped
    who are late. Prefill is chosen where there is a prompt to prefill, and must be where nothing decodes.
    """
    mask, running = state.action_mask[row], state.counters[row, N_RUNNING]
    waiting = min(state.in_slots[row], params.waiting_slots)
    short = lacking_blocks(params, state, row, 1) > 0
    pressed = short
    for slot in range(params.waiting_slots):
        may_admit = may_drop = False
        if slot < waiting:
            request = state.waiting[row, slot]
            there_is_room = fits(params, state, row, request)
            pressed |= not there_is_room
            again = state.preempted_s[row, request] == state.now_s[row]
            may_admit = there_is_room and running < params.running_slots and not again
            may_drop = is_late(params, state, row, request)
        mask[admit_action(params, slot)] = may_admit
        mask[drop_action(params, slot)] = may_drop
    decodes = 0
    for slot in range(params.running_slots):
        may_preempt = False
        if slot < running:
            request = state.running[row, slot]
            decodes += is_decoding(state, row, request)
            may_preempt = pressed or is_late(params, state, row, request)
        mask[preempt_action(params, slot)] = may_preempt
    mask[run_action(params, 0)] = not short and (decodes > 0 or running == 0)
    for choice in range(1, len(params.budgets)):
        mask[run_action(params, choice)] = not short and decodes < running
    refresh_releases(params, state, params.tasks, row)


@compiled
def refresh_releases(params: EngineParams, state: Any, tasks: EngineTasks | None, row: int) -> None:
    """Open the release of every cache that has a slot; nothing where requests are on their own."""
    if tasks is None:
        return
    list_caches(state, row)
    for slot in range(params.running_slots):
        state.action_mask[row, release_action(params, slot)] = slot < state.in_kept[row]


@compiled
def act(params: EngineParams, state: EngineState, row: int, action: int) -> None:
    """Do what the action says.

    One that is not open runs on with the least budget that is, or preempts the youngest where decodes lack blocks.
    """
    state.reward_terms[row, :] = 0.0
    if not state.action_mask[row, action]:
        state.counters[row, N_INVALID] += 1
        action = preempt_action(params, state.counters[row, N_RUNNING] - 1)
        for choice in range(len(params.budgets) - 1, -1, -1):
            if state.action_mask[row, run_action(params, choice)]:
                action = run_action(params, choice)
    if action < preempt_action(params, 0):
        admit(params, state, row, action)
    elif action < drop_action(params, 0):
        preempt(params, state, row, action - preempt_action(params, 0))
    elif action < run_action(params, 0):
        drop(params, state, row, action - drop_action(params, 0))
    elif action < release_action(params, 0):
        run(params, state, row, params.budgets[action - run_action(params, 0)])
    else:
        release_cache(params, state, params.tasks, row, action - release_action(params, 0))
    fail_tasks(params, state, params.tasks, row)
    refresh_mask(params, state, row)
