"""The baselines of the environment that steps an engine: its schedulers."""

from __future__ import annotations

from dataclasses import replace

from edge_llm_baselines.registry.baseline import RANDOM, Baseline, Baselines
from edge_llm_baselines.schedulers.clairvoyant.hindsight import hindsight_of_iterations
from edge_llm_baselines.schedulers.policy import Scheduler, tuned
from edge_llm_baselines.schedulers.suite import OF_TASKS, SCHEDULERS
from edge_llm_baselines.tasks.orders import has_tasks


def _scheduling(name: str, scheduler: Scheduler) -> Baseline:
    return Baseline(name, lambda env, seed, numbers: tuned(scheduler, env, seed))


OF_CALLS = {key: replace(_scheduling(name, scheduler), plays=has_tasks) for key, (name, scheduler) in OF_TASKS.items()}

OF_ITERATIONS = Baselines(
    oracle="cheapest",
    rules={key: _scheduling(name, scheduler) for key, (name, scheduler) in SCHEDULERS.items()}
    | OF_CALLS
    | {"random": RANDOM},
    hindsight=hindsight_of_iterations,
)
