"""`TaskEngineSimulation`: rows of an engine whose requests are the calls of agent tasks."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.engine.call_state import OF_ENGINE_CALLS, TaskEngineState, with_calls
from edge_llm_env.engine.params import TaskEngineParams, task_engine_params
from edge_llm_env.engine.simulation import EngineSimulation
from edge_llm_env.engine.state import COUNTERS, PER_REQUEST
from edge_llm_env.scenarios.content import ScenarioError
from edge_llm_env.scenarios.schema import Scenario
from edge_llm_env.scenarios.sections.iteration_settings import IterationSettings
from edge_llm_env.task_dynamics.loading import check_calls, put_calls
from edge_llm_env.task_dynamics.params import tasks_of
from edge_llm_env.task_dynamics.state import TASK_COUNTERS
from edge_llm_env.workload.generator import Drawn

OF_REQUESTS = ("classes", "soft_misses")
"""Settings of iterations that are about objectives which calls of tasks do not have."""


class TaskEngineSimulation(EngineSimulation):
    """State of `rows` environments of one scenario with tasks; raises `ScenarioError` for objectives of requests."""

    counter_names = (*COUNTERS, *TASK_COUNTERS)
    per_request = (*PER_REQUEST, *OF_ENGINE_CALLS)
    params: TaskEngineParams
    state: TaskEngineState

    def __init__(self, scenario: Scenario, rows: int) -> None:
        for field in OF_REQUESTS:
            if getattr(scenario.iterations, field) != IterationSettings.model_fields[field].default:
                raise ScenarioError(
                    f"scenario {scenario.name}: iterations.{field}: must be left out with workload.tasks, whose calls "
                    "have the deadline of their task"
                )
        super().__init__(scenario, rows)
        tasks = tasks_of(scenario)
        self.params = task_engine_params(scenario)
        self.state = with_calls(self.state, tasks.most_predecessors, tasks.signal_size)

    def load_rows(self, rows: NDArray[np.intp], drawn: Drawn) -> None:
        """Put a workload on each of those rows, as `load` does. Raises ValueError for one without tasks."""
        tasks = tasks_of(self.scenario)
        check_calls(drawn.joined, tasks)
        super().load_rows(rows, drawn)
        state, first = self.state, 0
        put_calls(state, rows.tolist(), drawn, tasks)
        for row, count in zip(rows.tolist(), drawn.requests, strict=True):
            begins = state.task_first[row, :count]
            latency_s = drawn.joined.latency_requirement_s[first : first + count]
            due_s = state.arrival_s[row, :count] + latency_s - state.download_s[row, :count]
            state.first_due_s[row, :count] = due_s[begins]
            state.tpot_s[row, :count] = np.inf
            state.prompt_tokens[row, :count] += state.context_tokens[row, :count]
            first += count
