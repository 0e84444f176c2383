"""What every scheduler serves on a preset of iterations, beside the schedule in hindsight and the bound."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from edge_llm_baselines.playing.roll_out import roll_out
from edge_llm_baselines.schedulers.clairvoyant.hindsight import hindsight_of_iterations
from edge_llm_baselines.schedulers.policy import SchedulerPolicy, tuned_numbers
from edge_llm_baselines.schedulers.suite import schedulers_for
from edge_llm_env.envs.suite import CONTINUOUS_BATCHING
from edge_llm_env.scenarios.schema import Scenario
from edge_llm_env.support.tables import Table
from edge_llm_env.workload.streams import draw_workloads


@dataclass(frozen=True)
class Measured:
    """Of one preset."""

    episodes: int
    arrived: int
    """Requests of all workloads, or tasks."""
    of: str
    """`requests`, or `tasks` where requests are the calls of these."""
    memory: float
    """Share of the cache in use under the best rule, in the mean."""
    served: dict[str, int]
    """On all workloads, by the name of the scheduler."""
    numbers: dict[str, list[float]]
    """That each was tuned to."""
    hindsight: dict[str, int]
    """On the first `episodes` workloads: what the best rule serves, the schedule found, and the bound."""


def measure_schedules(scenario: Scenario, episodes: int, hindsight_episodes: int, seed: int) -> Measured:
    """Counts and fractions only: no timing is taken."""
    workloads = draw_workloads(scenario, episodes, seed)
    played, numbers = {}, {}
    for name, scheduler in schedulers_for(scenario).values():
        tuned = tuned_numbers(scheduler, scenario)
        numbers[name] = list(tuned)
        played[name] = roll_out(
            lambda env, scheduler=scheduler, tuned=tuned: SchedulerPolicy(scheduler, tuned, env),  # type: ignore[misc]
            CONTINUOUS_BATCHING,
            scenario,
            workloads,
        )
    best = max(played, key=lambda name: int(played[name].served.sum()))
    bounds = hindsight_of_iterations(scenario, workloads[:hindsight_episodes])
    return Measured(
        episodes=episodes,
        arrived=sum(
            workload.requests if workload.task is None else len(np.unique(workload.task)) for workload in workloads
        ),
        of="requests" if scenario.workload.tasks is None else "tasks",
        memory=float(played[best].utilisation[:, 2].mean()),
        served={name: int(one.served.sum()) for name, one in played.items()},
        numbers=numbers,
        hindsight={
            "episodes": hindsight_episodes,
            "rule": int(played[best].served[:hindsight_episodes].sum()),
            "schedule": int(bounds.served.sum()),
            "bound": int(bounds.upper_bound.sum()),
        },
    )


def findings_of_schedules(measured: dict[str, Any]) -> str:
    """A preset's measurements in words and a table."""
    served, arrived, hindsight = measured["served"], measured["arrived"], measured["hindsight"]
    best = max(served, key=lambda name: served[name])
    rows = [
        (
            name,
            ", ".join(f"{number:g}" for number in measured["numbers"][name]),
            f"{100 * count / arrived:.1f}",
            f"{100 * (count / max(1, served[best]) - 1):+.1f} %",
        )
        for name, count in sorted(served.items(), key=lambda one: -one[1])
    ]
    above = {which: 100 * (hindsight[which] / max(1, hindsight["rule"]) - 1) for which in ("schedule", "bound")}
    of = measured.get("of", "requests")
    serves, part = ("completes", "completed %") if of == "tasks" else ("serves", "served %")
    table = Table(("in `EdgeLLM/ContinuousBatching-v0`", "tuned to", part, "against the best"), rows).markdown()
    solved = "; the preset is solved by a rule" if above["schedule"] < 1.0 and of == "requests" else ""
    schedule = "a clairvoyant's schedule" if of == "requests" else "the best rule of each workload"
    return (
        f"On {measured['episodes']} workloads of {arrived / measured['episodes']:.0f} {of} each, {best} {serves} "
        f"{100 * served[best] / arrived:.1f} %, {100 * measured['memory']:.0f} % of the KV cache in use. On the first "
        f"{hindsight['episodes']} of them it {serves} {hindsight['rule']}, {schedule} "
        f"{hindsight['schedule']} ({above['schedule']:+.1f} %), and no policy more than {hindsight['bound']} "
        f"({above['bound']:+.1f} %){solved}.\n\n{table}\n"
    )
