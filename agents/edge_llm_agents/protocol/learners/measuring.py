"""What a point of a curve of learning shows: what is reached on validation workloads, of what the reference reaches."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from stable_baselines3.common.base_class import BaseAlgorithm

from edge_llm_agents.evaluation.models import acting_model
from edge_llm_agents.pretrained.saved_policies import SavedPolicy
from edge_llm_agents.protocol.judging import Task, gained
from edge_llm_agents.records.workload_sets import WorkloadSet
from edge_llm_baselines.registry.registered import baselines_of
from edge_llm_env.scenarios import Scenario
from edge_llm_env.workload.streams import Stream


def measured(env_id: str, scenario: Scenario, episodes: int) -> Callable[[Any], float]:
    """What gives, of a model or a saved policy, what it reaches on the first validation workloads, in percent of the
    reference rule, tuned with seed 0.
    """
    workload_set = WorkloadSet.of(scenario, episodes, 0, Stream.VALIDATION)
    workloads, reference = workload_set.draw(), _once_per_process(Task(env_id, workload_set, 0))

    def percent(model: BaseAlgorithm | SavedPolicy) -> float:
        acting = acting_model(model) if isinstance(model, BaseAlgorithm) else model.acting
        return 100.0 * float(np.mean(gained(env_id, acting, scenario, workloads))) / max(1.0, reference)

    return percent


@cache
def _once_per_process(task: Task) -> float:
    """What the reference reaches: the same for all algorithms and seeds, and slow where it searches."""
    _, make_policy = baselines_of(task.env_id).tuned_oracle(task.scenario, 0)
    env_id = baselines_of(task.env_id).solved_in or task.env_id
    return float(np.mean(gained(env_id, make_policy, task.scenario, task.workload_set.draw())))
