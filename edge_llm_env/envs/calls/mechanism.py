"""What environments share that serve the calls of agent tasks."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.dynamics.params import rule_of
from edge_llm_env.envs.calls.observation import OBSERVATION_OF_CALLS, observe_calls
from edge_llm_env.envs.calls.restoring import checked_state
from edge_llm_env.envs.mechanism import Mechanism
from edge_llm_env.scenarios.sections.reward_settings import ALL_TERMS
from edge_llm_env.support.compilation.compiling import compiled
from edge_llm_env.task_dynamics.epoch import begin_episode
from edge_llm_env.task_dynamics.params import TaskParams
from edge_llm_env.task_dynamics.simulation import TaskSimulation
from edge_llm_env.task_dynamics.state import TaskState


@compiled
def begin_rows(
    params: TaskParams, state: TaskState, beginning: NDArray[np.intp], observations: NDArray[np.float32]
) -> None:
    """Begin an episode on each of those rows, with the workload that it holds, and observe them."""
    rule = rule_of(params)
    for row in beginning:
        begin_episode(rule, params, state, row)
        observe_calls(params, state, row, observations[row])


def serving_calls(of_requests: Mechanism, step_row: Callable[..., None], step_rows: Callable[..., None]) -> Mechanism:
    """The mechanism of an environment whose requests are the calls of tasks, with the same actions."""
    return of_requests._replace(
        step_row=step_row,
        step_rows=step_rows,
        observation=OBSERVATION_OF_CALLS,
        begin_rows=begin_rows,
        checked_state=checked_state,
        reward_terms=ALL_TERMS,
        simulates=TaskSimulation,
    )
