"""Actions of a learned scheduler, from what is observed of a row: compiled."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from edge_llm_agents.scheduling.numbers import NUMBERS
from edge_llm_env.engine.actions import admit_action, drop_action, preempt_action, run_action
from edge_llm_env.engine.params import EngineParams
from edge_llm_env.envs.continuous_batching.observation import ENGINE_FEATURES, RUNNING_FEATURES, WAITING_FEATURES
from edge_llm_env.envs.observation.layout import Feature
from edge_llm_env.support.compilation.compiling import compiled

NONE = -1


def _columns(features: tuple[Feature, ...], *names: str) -> tuple[int, ...]:
    known = [feature.name for feature in features]
    return tuple(known.index(name) for name in names)


FREE, IN_BATCH, TO_PREFILL, IN_QUEUE = _columns(ENGINE_FEATURES, "blocks_free", "running", "to_prefill", "waiting")
PRESENT, TTFT, TPOT, PROMPT, TOLD, SLACK, BLOCKS, HAS = _columns(
    WAITING_FEATURES, "present", "ttft", "tpot", "prompt", "told_output", "slack", "blocks", "generated"
)
RUNS, PREFILLED, R_TTFT, R_TPOT, R_HAS, R_TOLD, HELD, R_SLACK, FIRST_LATE = _columns(
    RUNNING_FEATURES,
    "runs",
    "prefilled",
    "running_ttft",
    "running_tpot",
    "running_generated",
    "running_told_output",
    "held",
    "pace_slack",
    "first_late",
)
N_ENGINE, N_WAITING, N_RUNNING = len(ENGINE_FEATURES), len(WAITING_FEATURES), len(RUNNING_FEATURES)

(
    W_PATIENCE,
    W_PREFILL,
    W_WORK,
    W_SLACK,
    W_GENERATED,
    W_BLOCKS,
    W_PATIENCE_QUEUE,
    W_WORK_QUEUE,
    L_COST,
    L_QUEUE,
    L_BATCH,
    P_SHARE,
    P_PATIENCE,
    P_WORK,
    P_URGENCY,
    P_QUEUE,
    K_GAINED,
    K_STALLED,
    C_CHUNK,
    C_URGENCY,
    C_QUEUE,
    C_REGAINED,
    C_BEHIND,
    E_LENGTH,
    E_GENERATED,
    V_AGE,
    V_HELD,
    V_LEFT,
    V_PATIENCE,
    V_SLACK,
) = range(len(NUMBERS))

Seen = NDArray[np.float64]
Numbers = NDArray[np.float64]


@compiled
def prefill_s(params: EngineParams, tokens: float, cached: float) -> float:
    """Time of what is left of a prefill, in one pass of its own (s)."""
    time, pairs = params.time, 0.5 * (tokens * tokens - cached * cached)
    left = tokens - cached
    return time.prefill_pass + time.prefill_token * left + time.prefill_pair * pairs + time.prefill_sequence


@compiled
def left_tokens(params: EngineParams, numbers: Numbers, told: float, generated: float) -> float:
    """Output tokens that a request is expected to need still, at least 1; `told` and `generated` as observed."""
    longest = params.longest_output_tokens
    if told > 0.0:
        return max(1.0, (told - generated) * longest)
    return max(1.0, numbers[E_LENGTH] * longest + numbers[E_GENERATED] * generated * longest)


@compiled
def work_s(params: EngineParams, prefill: float, prompt: float, tokens: float) -> float:
    """Time that a request takes of the engine beside others (s)."""
    time = params.time
    return prefill + tokens * (time.decode_sequence + time.decode_context * (prompt + 0.5 * tokens))


@compiled
def give_up(params: EngineParams, seen: Seen, mask: NDArray[np.bool_], numbers: Numbers) -> int:
    """The action that gives up who is late, waiting or running, or makes room for decodes; NONE where there is none."""
    slots = params.waiting_slots
    free, in_batch = round(seen[FREE] * params.blocks), seen[IN_BATCH] > 0.0
    pressed = False
    for slot in range(slots):
        if mask[drop_action(params, slot)]:
            return drop_action(params, slot)
        at = N_ENGINE + slot * N_WAITING
        kept = params.watermark_blocks if in_batch else 0
        pressed |= seen[at + PRESENT] > 0.0 and round(seen[at + BLOCKS] * params.blocks) + kept > free
    short = True
    for choice in range(len(params.budgets)):
        short &= not mask[run_action(params, choice)]
    worst, most = NONE, -math.inf
    for slot in range(params.running_slots - 1, -1, -1):
        if not mask[preempt_action(params, slot)]:
            continue
        at = N_ENGINE + slots * N_WAITING + slot * N_RUNNING
        if seen[at + FIRST_LATE] > 0.0 or not (pressed or short):
            return preempt_action(params, slot)
        left = left_tokens(params, numbers, seen[at + R_TOLD], seen[at + R_HAS])
        score = numbers[V_AGE] * slot + numbers[V_HELD] * seen[at + HELD] + numbers[V_LEFT] * math.log(left)
        score += numbers[V_PATIENCE] * math.log(seen[at + R_TPOT]) + numbers[V_SLACK] * seen[at + R_SLACK]
        if short and score > most:
            worst, most = preempt_action(params, slot), score
    return worst


@compiled
def choose(params: EngineParams, seen: Seen, mask: NDArray[np.bool_], numbers: Numbers) -> int:
    """The action for what is seen of a row.

    Who is late is given up. Of those whose prompt comes in time, whose cost is below the limit, and with whom a decode
    step keeps within the share of every pace, the cheapest is admitted. Then it runs on, with a chunk for which the
    slack of the decodes has time.
    """
    action = give_up(params, seen, mask, numbers)
    if action != NONE:
        return action
    time, slots, longest = params.time, params.waiting_slots, params.longest_output_tokens
    first = N_ENGINE + slots * N_WAITING
    queue, batch = seen[IN_QUEUE], seen[IN_BATCH]
    contexts, running, to_prefill = 0.0, 0, 0.0
    for slot in range(params.running_slots):
        at = first + slot * N_RUNNING
        if seen[at + RUNS] == 0.0:
            break
        running += 1
        held = seen[at + HELD] * params.blocks * params.block_tokens
        contexts += held
        to_prefill += held * (1.0 - seen[at + PREFILLED])
    middle_prompt, middle_tokens = 0.25 * params.longest_prompt_tokens, 0.25 * longest
    middle_s = work_s(params, prefill_s(params, middle_prompt, 0.0), middle_prompt, middle_tokens)
    best, least = NONE, numbers[L_COST] + numbers[L_QUEUE] * queue + numbers[L_BATCH] * batch
    for slot in range(slots):
        if not mask[admit_action(params, slot)]:
            continue
        at = N_ENGINE + slot * N_WAITING
        prompt, patience = seen[at + PROMPT] * params.longest_prompt_tokens, math.log(seen[at + TPOT])
        prefill = prefill_s(params, prompt, 0.0)
        tokens = left_tokens(params, numbers, seen[at + TOLD], seen[at + HAS])
        work = work_s(params, prefill, prompt, tokens)
        size, preempted = math.log(work / middle_s), seen[at + HAS] > 0.0
        slack_s = seen[at + SLACK] * params.longest_ttft_s
        urgency = max(0.0, 1.0 - seen[at + SLACK] / seen[at + TTFT])
        if not preempted and numbers[C_BEHIND] * time.prefill_token * to_prefill > slack_s:
            continue
        cost = size + (numbers[W_PATIENCE] + numbers[W_PATIENCE_QUEUE] * queue) * patience
        cost += numbers[W_PREFILL] * math.log(prefill / work) + (numbers[W_WORK] + numbers[W_WORK_QUEUE] * queue) * size
        cost += numbers[W_SLACK] * (1.0 - urgency) + numbers[W_GENERATED] * preempted
        cost += numbers[W_BLOCKS] * seen[at + BLOCKS]
        if cost >= least:
            continue
        if running > 0:
            share = numbers[P_SHARE] + numbers[P_PATIENCE] * patience + numbers[P_WORK] * size
            share = math.exp(share + numbers[P_URGENCY] * urgency + numbers[P_QUEUE] * queue)
            step = time.decode_pass + time.decode_sequence * (running + 1) + time.decode_context * (contexts + prompt)
            paced = step <= share * seen[at + TPOT] * params.longest_tpot_s
            for other in range(running):
                if not paced:
                    break
                of = first + other * N_RUNNING
                left = left_tokens(params, numbers, seen[of + R_TOLD], seen[of + R_HAS])
                gained_s = seen[of + R_SLACK] * params.longest_ttft_s if seen[of + R_HAS] > 0.0 else 0.0
                pace_s = seen[of + R_TPOT] * params.longest_tpot_s
                spare_s = numbers[K_GAINED] * gained_s - numbers[K_STALLED] * prefill
                paced = step <= share * (pace_s + spare_s / left)
            if not paced:
                continue
        best, least = admit_action(params, slot), cost
    if best != NONE:
        return best
    return run_action(params, chunk(params, seen, mask, numbers, running, contexts))


@compiled
def chunk(
    params: EngineParams, seen: Seen, mask: NDArray[np.bool_], numbers: Numbers, running: int, contexts: float
) -> int:
    """Number of the prefill budget to run on with: the largest open one for which there is time, or the least."""
    time, first = params.time, N_ENGINE + params.waiting_slots * N_WAITING
    step = time.decode_pass + time.decode_sequence * running + time.decode_context * contexts
    slack_s, urgency = math.inf, 0.0
    for slot in range(running):
        at = first + slot * N_RUNNING
        if seen[at + PREFILLED] >= 1.0:
            left = left_tokens(params, numbers, seen[at + R_TOLD], seen[at + R_HAS])
            pace_s = seen[at + R_TPOT] * params.longest_tpot_s
            regained_s = numbers[C_REGAINED] * max(0.0, left * (pace_s - step))
            slack_s = min(slack_s, seen[at + R_SLACK] * params.longest_ttft_s + regained_s)
        elif seen[at + R_HAS] == 0.0:
            urgency = max(urgency, 1.0 - seen[at + R_SLACK] / seen[at + R_TTFT])
    share = math.exp(numbers[C_CHUNK] + numbers[C_URGENCY] * urgency + numbers[C_QUEUE] * seen[IN_QUEUE])
    tokens = (share * slack_s - step) / time.prefill_token
    chosen = NONE
    for choice in range(len(params.budgets)):
        if mask[run_action(params, choice)] and (chosen == NONE or params.budgets[choice] <= tokens):
            chosen = choice
    return chosen


@compiled
def choose_rows(
    params: EngineParams,
    observations: NDArray[np.float64],
    masks: NDArray[np.bool_],
    numbers: NDArray[np.float64],
    actions: NDArray[np.int64],
) -> None:
    """The actions of all rows, of which consecutive ones have one row of `numbers` (P, size) in equal parts."""
    each = len(actions) // len(numbers)
    for row in range(len(actions)):
        actions[row] = choose(params, observations[row], masks[row], numbers[row // each])
