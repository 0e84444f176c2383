"""Scenarios with agent tasks that are small and quick."""

from __future__ import annotations

from typing import Any

from edge_llm_env import Scenario
from tests.support.helpers import small_scenario

TASK_WEIGHTS = {
    "reward.served": 0.1,
    "reward.tokens": 0.01,
    "reward.energy": -0.003,
    "reward.expired": -0.7,
    "reward.task_completed": 2.0,
    "reward.task_failed": -1.0,
}
"""Reward weights that make every term count."""

ALL_KINDS = [
    {"kind": "chain", "median_calls": 2.0, "p90_calls": 5.0, "most_calls": 6},
    {"kind": "plan", "least_branches": 1, "most_branches": 3},
    {"kind": "reflect", "accept_probability": 0.6, "most_rounds": 3},
    {"kind": "team", "agents": 2, "another_round_probability": 0.3, "most_rounds": 2, "weight": 0.5},
]


def small_tasks(**overrides: Any) -> Scenario:
    """`carry-over` with few and short tasks of every kind; dots of the overridden fields are written as `__`."""
    tasks = {
        "epoch__episode_epochs": 20,
        "epoch__visible_slots": 8,
        "workload__arrivals__rate_per_s": 1.2,
        "workload__prompt_tokens": [64, 128, 256],
        "workload__output_tokens": [32, 64],
        "workload__latency_requirement_s": {"low": 8.0, "high": 30.0},
        "workload__tasks__kinds": ALL_KINDS,
        "workload__tasks__tool_tokens": [16, 64],
        "workload__tasks__instruction_tokens": 8,
        "workload__tasks__tool_times": {"median_s": 0.3, "p90_s": 4.0, "longest_s": 20.0},
        "workload__tasks__calls_left": "known",
    }
    return small_scenario(**(tasks | overrides))
