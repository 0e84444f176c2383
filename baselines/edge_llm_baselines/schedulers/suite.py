"""The schedulers of the suite, by the key that they are typed as."""

from __future__ import annotations

from edge_llm_baselines.schedulers.engines import orca, prefill_first, sarathi, simple_chunking, static
from edge_llm_baselines.schedulers.orders import (
    cheapest,
    earliest_deadline,
    feedback,
    fewest_calls,
    least_slack,
    shortest,
)
from edge_llm_baselines.schedulers.policy import BUDGETS, Scheduler
from edge_llm_env.scenarios.schema import Scenario

SEQUENCES = (8.0, 16.0, 24.0, 32.0, 48.0)
"""Most sequences to try."""

CHEAPEST = Scheduler(cheapest.choose_rows, ((0.2, 0.7, 1.0, 2.0, 4.0, 8.0), (0.35, 0.5, 0.65, 0.8, 1.0), (1.0, 2.0)))

SCHEDULERS: dict[str, tuple[str, Scheduler]] = {
    "cheapest": ("cheapest first", CHEAPEST),
    "edf": (
        "earliest deadline first, late ones dropped",
        Scheduler(earliest_deadline.choose_rows, (BUDGETS, SEQUENCES)),
    ),
    "slack": ("least slack first, late ones dropped", Scheduler(least_slack.choose_rows, (BUDGETS, SEQUENCES))),
    "sjf": ("shortest job first", Scheduler(shortest.choose_rows, (BUDGETS,))),
    "feedback": ("multilevel feedback", Scheduler(feedback.choose_rows, ((0.05, 0.2, 1.0), BUDGETS))),
    "sarathi": ("Sarathi-Serve", Scheduler(sarathi.choose_rows, (BUDGETS,))),
    "chunking": ("simple chunking", Scheduler(simple_chunking.choose_rows, (BUDGETS,))),
    "vllm": ("vLLM (prefill first)", Scheduler(prefill_first.choose_rows)),
    "orca": ("Orca", Scheduler(orca.choose_rows)),
    "static": ("static batching", Scheduler(static.choose_rows)),
}
"""Name in tables, and the scheduler: the strongest first."""

FEWEST_CALLS = Scheduler(fewest_calls.choose_rows, ((512.0, 2048.0), (8.0, 16.0, 32.0), (0.0, 4.0, 8.0)))

OF_TASKS: dict[str, tuple[str, Scheduler]] = {
    "fewest-calls": ("fewest calls left, tasks begun while there is time", FEWEST_CALLS),
}
"""Likewise, where requests are the calls of agent tasks and nowhere else."""


def schedulers_for(scenario: Scenario) -> dict[str, tuple[str, Scheduler]]:
    """Those that play a scenario."""
    return SCHEDULERS if scenario.workload.tasks is None else OF_TASKS | SCHEDULERS
