"""What a clairvoyant could have completed of agent tasks on an engine: a schedule, and a bound on any.

The schedule is that of a search which begins at whom the best of replayed rules took, or that rule's own.

The bound is the linear programme of `bound`, with tasks for requests. A completed task takes the engine's time for the
new tokens of its prompts, which its whole context may be cached for, and for its answers, between its coming and its
deadline. Memory is left out, the order of its calls too, but that a task which calls and tools alone make too late is
none of those completed. Fractions of tasks may be: all of that only adds to what can be.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from edge_llm_baselines.playing.roll_out import roll_out_in, vector_of
from edge_llm_baselines.schedulers.clairvoyant.bound import MIXES, Work, longest_pass_s, relaxed
from edge_llm_baselines.schedulers.clairvoyant.search import schedule_in_hindsight, taken_of
from edge_llm_baselines.schedulers.policy import SchedulerPolicy, tuned_numbers
from edge_llm_baselines.schedulers.suite import FEWEST_CALLS, schedulers_for
from edge_llm_env.engine.beginning import begin_episode
from edge_llm_env.engine.call_state import TaskEngineState
from edge_llm_env.engine.params import TaskEngineParams
from edge_llm_env.engine.rows.calls import TaskEngineSimulation
from edge_llm_env.envs.suite import CONTINUOUS_BATCHING
from edge_llm_env.scenarios.schema import Scenario
from edge_llm_env.support.calling import direct
from edge_llm_env.workload.workload import Workload

CELL_S = 5.0
"""Stretches of time of the programme: deadlines are some ten of them."""


def best_schedules(scenario: Scenario, workloads: Sequence[Workload], moves: int) -> NDArray[np.int64]:
    """Tasks that the best schedule known completes of each workload, (E,)."""
    completed, taken = best_replayed(scenario, workloads)
    numbers = tuned_numbers(FEWEST_CALLS, scenario)
    for at, workload in enumerate(workloads):
        found = schedule_in_hindsight(scenario, workload, numbers, moves, taken=taken[at][: workload.requests])
        completed[at] = max(completed[at], found)
    return completed


def best_replayed(
    scenario: Scenario, workloads: Sequence[Workload]
) -> tuple[NDArray[np.int64], list[NDArray[np.bool_]]]:
    """Tasks that the best of all tuned schedulers completes of each workload, (E,), and whom it took of each."""
    most, taken = np.full(len(workloads), -1, dtype=np.int64), [np.empty(0, dtype=np.bool_)] * len(workloads)
    for _, scheduler in schedulers_for(scenario).values():
        env = vector_of(CONTINUOUS_BATCHING, scenario, workloads)
        policy = SchedulerPolicy(scheduler, tuned_numbers(scheduler, scenario), env)
        completed, state = roll_out_in(env, policy, workloads).served, env.unwrapped.simulation.state
        for at in np.flatnonzero(completed > most).tolist():
            most[at], taken[at] = completed[at], taken_of(state, at)
        env.close()
    return most, taken


def most_completed(scenario: Scenario, workload: Workload, cell_s: float = CELL_S) -> int:
    """Tasks of a workload of which no schedule completes more, however much it knows."""
    simulation = TaskEngineSimulation(scenario, rows=1)
    simulation.load(0, workload)
    direct(begin_episode)(simulation.params, simulation.state, 0)
    params, state = simulation.params, simulation.state
    ends_s = params.end_s + longest_pass_s(params, state, 0)
    bounds = [relaxed(work_of_tasks(params, state, 0, mix), params.blocks, ends_s, cell_s) for mix in MIXES]
    return math.floor(min(bounds) + 1e-6)


def work_of_tasks(params: TaskEngineParams, state: TaskEngineState, row: int, mix: float) -> Work:
    """The least work of each task, all of it as if it were that of one prompt, with such a part of passes charged to
    prompts (`bound.work_of`).
    """
    count = int(state.requests[row])
    work_s = work_of_calls(params, state, row, mix)
    first = np.flatnonzero(state.task_first[row, :count] == np.arange(count))
    ends_s, due_s = np.zeros(count), state.first_due_s[row, first]
    for call in range(count):
        before = state.predecessors[row, call]
        before = call - before[before > 0]
        begins_s = ends_s[before].max() if len(before) else state.arrival_s[row, call]
        ends_s[call] = begins_s + state.tool_s[row, call] + work_s[call]
    late = np.maximum.reduceat(ends_s, first) > due_s
    nothing = np.zeros(len(first))
    return Work(
        prefill_s=np.where(late, np.inf, np.add.reduceat(work_s, first)),
        decode_s=nothing,
        prefill_blocks=nothing,
        decode_blocks=nothing,
        from_s=state.arrival_s[row, first],
        first_by_s=due_s,
        done_by_s=due_s,
    )


def work_of_calls(params: TaskEngineParams, state: TaskEngineState, row: int, mix: float) -> NDArray[np.float64]:
    """The least time that each call takes of the engine (s).

    Of its prompt what is new, the context being cached; and of each further token either its sequence's part of a
    decode, or what it takes to compute all new tokens anew after a preemption, whichever is less.
    """
    time, count = params.time, int(state.requests[row])
    prompt, output = (
        getattr(state, name)[row, :count].astype(np.float64) for name in ("prompt_tokens", "output_tokens")
    )
    context = state.context_tokens[row, :count].astype(np.float64)
    new = prompt - context
    token_s = time.prefill_token + mix * time.prefill_pass / float(params.budgets[-1])
    each_s = time.decode_sequence + (1.0 - mix) * time.decode_pass / params.running_slots
    work_s = token_s * new + 0.5 * time.prefill_pair * (prompt**2 - context**2) + time.prefill_sequence
    for tokens in range(1, int(output.max(initial=1))):
        least_s = np.minimum(each_s + time.decode_context * (prompt + tokens), token_s * (new + tokens))
        work_s += np.where(tokens < output, least_s, 0.0)
    return work_s
