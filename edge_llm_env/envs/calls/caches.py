"""What an agent sees of caches that are kept, where it can drop them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.dynamics.state import N_EPOCHS, PENDING
from edge_llm_env.envs.calls.features import TASK_FEATURES, RowsSeen, features_of_slot, observe_task
from edge_llm_env.envs.observation.kernels import clipped
from edge_llm_env.envs.observation.layout import Feature
from edge_llm_env.support.compilation.compiling import compiled
from edge_llm_env.task_dynamics.params import TaskParams
from edge_llm_env.task_dynamics.progress import ToldOfTasks
from edge_llm_env.task_dynamics.state import TaskState


def cache_features(longest: str) -> tuple[Feature, ...]:
    """Of each slot of caches that are kept; slack is divided by what `longest` names."""
    return (
        Feature("kept", "1", "1 if the slot holds a cache that can be dropped"),
        Feature("kept_slack", longest, "time until its task is due, s"),
        Feature("kept_waits", "1", "1 if a call that may go on from it is visible"),
        *(feature._replace(name=f"kept_{feature.name}") for feature in TASK_FEATURES),
    )


@compiled
def features_of_cache(told: ToldOfTasks, state: RowsSeen) -> int:
    """How many `cache_features` there are."""
    return 3 + features_of_slot(told, state) - state.signals.shape[2]


@compiled
def observe_cache(
    told: ToldOfTasks,
    state: RowsSeen,
    row: int,
    first: int,
    slack: float,
    cached: float,
    visible: int,
    observation: NDArray[np.float32],
    at: int,
) -> None:
    """Write the features of the cache of a task from an entry on: `slack` and `cached` are two of them, and `visible`
    is the status of calls that can be served.
    """
    observation[at] = 1.0
    observation[at + 1] = clipped(slack)
    for call in range(first, first + state.task_calls[row, first]):
        if state.status[row, call] == visible:
            observation[at + 2] = 1.0
    observe_task(told, state, row, first, cached, observation, at + 3)


@compiled
def observe_caches(params: TaskParams, state: TaskState, row: int, observation: NDArray[np.float32], at: int) -> int:
    """Write the features of all caches that an action of an epoch can drop; the entry behind them.

    Those of slots that are not in use are left 0, as whoever writes a whole observation has made them.
    """
    size, start_s = features_of_cache(params, state), (state.counters[row, N_EPOCHS] + 1) * params.epoch_s
    for slot in range(state.in_kept[row]):
        first = state.kept[row, slot]
        due_s = state.arrival_s[row, first] + state.latency_requirement_s[row, first]
        slack = (due_s - start_s) / params.longest_latency_s
        cached = state.cached_tokens[row, first] / params.longest_prompt_tokens
        observe_cache(params, state, row, first, slack, cached, PENDING, observation, at + slot * size)
    return at + state.kept.shape[1] * size
