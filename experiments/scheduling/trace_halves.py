"""Schedulers that are learned on the first half of a trace and judged on the second.

So their windows have no request in common; those of a preset's streams do, which are all drawn from the whole trace.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_llm_agents.adapters.threads import set_thread_counts
from edge_llm_agents.records.intervals import Interval, paired_difference
from edge_llm_agents.scheduling.search import SchedulerSettings, search_scheduler
from edge_llm_baselines.schedulers.clairvoyant.hindsight import hindsight_of_iterations
from edge_llm_baselines.schedulers.policy import SchedulerPolicy, tuned_numbers
from edge_llm_baselines.schedulers.suite import SCHEDULERS
from edge_llm_env.arrivals.trace import TraceArrivals
from edge_llm_env.scenarios import Scenario, load_scenario
from edge_llm_env.support.tables import Table
from edge_llm_env.workload.streams import draw_workloads
from experiments.scheduling.best_known import best_known, play_engine

BESIDE = ("cheapest", "edf")
"""Rules that play the second half, tuned on the first: the best one of every preset, and the next."""


def halves(name: str, trace: Path) -> tuple[Scenario, Scenario]:
    """A preset that replays a trace, on the first half of its time and on the second."""
    path = {"workload.arrivals.path": str(trace)}
    arrivals = load_scenario(name, **path).workload.arrivals
    assert isinstance(arrivals, TraceArrivals)
    half_s = 0.5 * arrivals.part.span_s / arrivals.time_scale
    first = {"workload.arrivals.duration_s": half_s}
    return load_scenario(name, **path, **first), load_scenario(
        name, **path, **{"workload.arrivals.start_offset_s": half_s}
    )


class Judged:
    """The workloads of the second half, and who has played them."""

    def __init__(self, name: str, trace: Path, episodes: int, hindsight_episodes: int) -> None:
        set_thread_counts()
        self.first, self.second = halves(name, trace)
        self.workloads = draw_workloads(self.second, episodes, 0)
        self.known = self.workloads[:hindsight_episodes]
        self.numbers = {key: tuned_numbers(SCHEDULERS[key][1], self.first) for key in BESIDE}
        self.rules = {
            key: play_engine(
                lambda env, key=key: SchedulerPolicy(SCHEDULERS[key][1], self.numbers[key], env),  # type: ignore[misc]
                self.second,
                self.workloads,
            )
            for key in BESIDE
        }
        self.bounds = hindsight_of_iterations(self.second, self.known)

    def learn(self, settings: SchedulerSettings, seed: int) -> dict[str, Any]:
        """Search on the first half and judge on the second."""
        learned = search_scheduler(self.first, settings, seed).policy.for_scenario(self.second)
        found = play_engine(learned.acting, self.second, self.workloads)
        known, rule = len(self.known), self.rules["cheapest"]
        schedule = best_known(self.second, self.known, self.bounds, [*self.rules.values(), found])
        return {
            "seed": seed,
            "served": int(found.served.sum()),
            "percent_of_rule": _percent(found.served, rule.served)._asdict(),
            "hindsight": {
                "episodes": known,
                "rule": int(rule.served[:known].sum()),
                "learned": int(found.served[:known].sum()),
                "schedule": int(schedule.served.sum()),
                "bound": int(schedule.upper_bound.sum()),
            },
        }

    def record(self) -> dict[str, Any]:
        """What the rules serve."""
        rule = self.rules["cheapest"].served
        return {
            "episodes": len(self.workloads),
            "arrived": sum(one.requests for one in self.workloads),
            "numbers": {key: list(numbers) for key, numbers in self.numbers.items()},
            "rules": {
                key: {"served": int(one.served.sum()), "percent_of_rule": _percent(one.served, rule)._asdict()}
                for key, one in self.rules.items()
            },
        }


def _percent(served: NDArray[np.int64], rule: NDArray[np.int64]) -> Interval:
    difference = paired_difference(served.astype(float), rule.astype(float))
    return difference.times(100.0 / max(1.0, float(rule.mean()))).plus(100.0)


def halves_table(record: Mapping[str, Any]) -> Table:
    """Every preset and seed."""
    rows = []
    for name, measured in record["scenarios"].items():
        for run in measured["runs"]:
            hindsight = run["hindsight"]
            gap = {most: hindsight[most] - hindsight["rule"] for most in ("schedule", "bound")}
            gained = hindsight["learned"] - hindsight["rule"]
            rows.append(
                (
                    f"`{name}`",
                    f"{measured['rules']['cheapest']['served'] / measured['episodes']:.1f}",
                    f"{measured['rules']['edf']['percent_of_rule']['mean']:.1f}",
                    f"{run['seed']}",
                    Interval(**run["percent_of_rule"]).text(".1f"),
                    *(f"{100 * gained / max(1, one):.0f}" for one in gap.values()),
                )
            )
    headings = (
        "preset", "100 %: cheapest first, served per episode", "earliest deadline first, %", "seed",
        "learned, % of the rule [95 % CI]", "of the gap to the best schedule known, %", "to the bound, %",
    )  # fmt: skip
    return Table(headings, rows)
