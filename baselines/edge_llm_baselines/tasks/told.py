"""What an informed rule is told of tasks: all their calls to come, and the times of their tools."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from edge_llm_baselines.tasks.index import LEAST
from edge_llm_baselines.tasks.valued import Floats, Seen, Values
from edge_llm_baselines.tasks.work import work_of_call_s
from edge_llm_env.dynamics.state import SERVED
from edge_llm_env.support.calling import direct
from edge_llm_env.support.compilation.compiling import compiled
from edge_llm_env.task_dynamics.params import TaskParams
from edge_llm_env.task_dynamics.state import TaskState


def told_values(stretch: float) -> Values:
    """Values that serve those tasks first that end in time with the least work, for each second of a call's own work.

    A task ends in time if the epochs that its calls and tools need one after another, times `stretch`, fit into its
    slack: 1 is what is needed where nothing has to wait.
    """

    def values(seen: Seen) -> Floats:
        work_s, epochs = np.zeros(seen.alone_s.shape), np.zeros(seen.alone_s.shape)
        needed = np.zeros(seen.simulation.state.arrival_s.shape[1])
        direct(read_tasks)(seen.simulation.params, seen.simulation.state, needed, work_s, epochs)
        in_time = epochs * stretch <= seen.slack_epochs
        return seen.alone_s / np.maximum(work_s, 1e-9) * np.where(in_time, 1.0, LEAST)

    return values


@compiled
def read_tasks(
    params: TaskParams,
    state: TaskState,
    needed: NDArray[np.float64],
    work_s: NDArray[np.float64],
    epochs: NDArray[np.float64],
) -> None:
    """Write of each visible call, (rows, Q), its task's work that is open and the epochs from it to the task's end.

    `needed` is room for a number per call of a row.
    """
    for row in range(len(work_s)):
        for slot in range(state.visible[row]):
            call = state.slot_request[row, slot]
            first = state.task_first[row, call]
            read_task(params, state, row, first, first + state.task_calls[row, first], needed)
            epochs[row, slot] = needed[call]
            work_s[row, slot] = 0.0
            for other in range(first, first + state.task_calls[row, first]):
                if state.status[row, other] != SERVED:
                    prompt, output = float(state.prompt_tokens[row, other]), float(state.output_tokens[row, other])
                    context = float(state.context_tokens[row, other])
                    work_s[row, slot] += work_of_call_s(params, prompt, output, context)


@compiled
def read_task(
    params: TaskParams, state: TaskState, row: int, first: int, end: int, needed: NDArray[np.float64]
) -> None:
    """Write how many epochs after each call of a task its last one can be served at the earliest."""
    for call in range(first, end):
        needed[call] = 0.0
    for call in range(end - 1, first - 1, -1):
        for column in range(state.predecessors.shape[2]):
            back = state.predecessors[row, call, column]
            if back > 0:
                after = needed[call] + 1.0 + math.ceil(state.tool_s[row, call] / params.epoch_s)
                needed[call - back] = max(needed[call - back], after)
