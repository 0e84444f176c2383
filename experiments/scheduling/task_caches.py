"""What keeping, dropping or swapping the caches of agent tasks is worth: one rule on the same workloads each way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from edge_llm_agents.records.intervals import Interval, ratio_interval
from edge_llm_baselines.playing.play import MakePolicy
from edge_llm_baselines.registry.batches import OF_BATCHES
from edge_llm_baselines.schedulers.orders import dropping
from edge_llm_baselines.schedulers.policy import Scheduler, SchedulerPolicy, tuned_numbers
from edge_llm_baselines.schedulers.suite import OF_TASKS
from edge_llm_baselines.tasks.orders import expected_calls_left
from edge_llm_baselines.tasks.policy import CallsInOrderDropping
from edge_llm_env import load_scenario
from edge_llm_env.envs.suite import BATCH_SELECTION, CONTINUOUS_BATCHING
from edge_llm_env.scenarios.schema import Scenario
from edge_llm_env.support.tables import Table
from edge_llm_env.tasks.settings import KV_CACHE_RULES
from edge_llm_env.workload.streams import draw_workloads
from experiments.scheduling.tasks import counters_of

RULE = "fewest-calls"
"""That chooses the calls, by its key in either environment."""

DROPPED = "drop"
"""What the others are held against."""

BY_ACTION = "keep, drop by action where memory lacks"

SWAPPED = "keep_or_swap"
"""To a host that has memory for all."""

SWAPPED_BY_ACTION = "keep, swap by action where memory lacks"

HOST = {"workload.tasks.kv_cache": SWAPPED, "iterations.host_memory_bytes": 32e9}

SETTINGS: dict[str, dict[str, Any]] = {
    BY_ACTION: {"workload.tasks.kv_cache": "keep", "workload.tasks.drop_by_action": True},
    SWAPPED: HOST,
    SWAPPED_BY_ACTION: HOST | {"workload.tasks.cache_share": 1.0, "workload.tasks.drop_by_action": True},
}
"""Of a scenario, by the way; of the others `workload.tasks.kv_cache` alone."""


@dataclass(frozen=True)
class OneWay:
    """Caches treated one way, on all workloads."""

    completed: int
    reused: float
    """Part of the tokens of prompts and answers that was not computed as it had been kept."""
    percent_of_dropped: float
    """Tasks completed."""
    interval: list[float]
    """95 %, of that."""


@dataclass(frozen=True)
class MeasuredCaches:
    """Of one preset."""

    environment: str
    episodes: int
    arrived: int
    """Tasks of all workloads that arrive before the end."""
    numbers: list[float]
    """That the rule was tuned to under the preset's own `kv_cache`, the same for all ways; none in epochs."""
    ways: dict[str, OneWay]
    """By what becomes of a cache."""


def measure_caches(scenario: Scenario, runs_engine: bool, episodes: int, seed: int) -> MeasuredCaches:
    """Counts and fractions only: no timing is taken."""
    workloads = draw_workloads(scenario, episodes, seed)
    env_id, rules, numbers = _by_iterations(scenario, seed) if runs_engine else _by_epochs(seed)
    found = {}
    for way, make_policy in rules.items():
        settings = SETTINGS.get(way, {"workload.tasks.kv_cache": way})
        found[way] = counters_of(env_id, make_policy, load_scenario(scenario, **settings), workloads)
    dropped = found[DROPPED]["tasks_completed"].astype(float)
    ways = {}
    for way, one in found.items():
        ratio = ratio_interval(one["tasks_completed"].astype(float), dropped)
        reused, computed = one["cached_tokens_reused"].sum(), one["tokens_computed"].sum()
        ways[way] = OneWay(
            completed=int(one["tasks_completed"].sum()),
            reused=float(reused / max(1, reused + computed)),
            percent_of_dropped=100.0 * ratio.mean,
            interval=[100.0 * ratio.low, 100.0 * ratio.high],
        )
    return MeasuredCaches(
        environment=env_id,
        episodes=episodes,
        arrived=int(found[DROPPED]["tasks_arrived"].sum()),
        numbers=list(numbers),
        ways=ways,
    )


def _by_epochs(seed: int) -> tuple[str, dict[str, MakePolicy], tuple[float, ...]]:
    rules: dict[str, MakePolicy] = dict.fromkeys(KV_CACHE_RULES, OF_BATCHES.rules[RULE].acting(seed))
    rules[BY_ACTION] = rules[SWAPPED_BY_ACTION] = lambda env: CallsInOrderDropping(expected_calls_left, env)
    return BATCH_SELECTION, rules, ()


def _by_iterations(scenario: Scenario, seed: int) -> tuple[str, dict[str, MakePolicy], tuple[float, ...]]:
    scheduler = OF_TASKS[RULE][1]
    numbers = tuned_numbers(scheduler, scenario, seed)
    rules: dict[str, MakePolicy] = dict.fromkeys(KV_CACHE_RULES, lambda env: SchedulerPolicy(scheduler, numbers, env))
    rules[BY_ACTION] = lambda env: SchedulerPolicy(Scheduler(dropping.choose_rows), numbers, env)
    rules[SWAPPED_BY_ACTION] = rules[BY_ACTION]
    return CONTINUOUS_BATCHING, rules, numbers


def caches_table(record: Mapping[str, Any]) -> Table:
    """Of a recorded measurement: every preset with each way."""
    rows = []
    for preset, measured in record["scenarios"].items():
        for way, one in measured["ways"].items():
            ratio = Interval(one["percent_of_dropped"], *one["interval"])
            rows.append(
                (
                    preset,
                    f"`{way}`" if way in KV_CACHE_RULES else way,
                    f"{100 * one['completed'] / measured['arrived']:.1f}",
                    ratio.text(".1f"),
                    f"{100 * one['reused']:.0f}",
                )
            )
    return Table(("preset", "caches", "completed %", "% of `drop` [95 % CI]", "tokens reused %"), rows)
