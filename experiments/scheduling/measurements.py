"""What every scheduler serves on a preset of iterations, beside the schedule in hindsight and the bound."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from edge_llm_agents.pretrained.saved_policies import load_policy
from edge_llm_agents.pretrained.shipped import PRETRAINED, card_of, policies_for
from edge_llm_baselines.schedulers.clairvoyant.hindsight import hindsight_of_iterations
from edge_llm_baselines.schedulers.policy import SchedulerPolicy, tuned_numbers
from edge_llm_baselines.schedulers.suite import schedulers_for
from edge_llm_env.envs.suite import CONTINUOUS_BATCHING
from edge_llm_env.scenarios.schema import Scenario
from edge_llm_env.support.tables import Table
from edge_llm_env.workload.streams import draw_workloads
from experiments.scheduling.best_known import Outcome, best_known, play_engine

LEARNING_PAYS = 8.0
"""From so many percent on that a clairvoyant's schedule serves more than the best rule, learning has room."""


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
    learned: dict[str, int]
    """Served by policies of the package for the preset, by name."""
    preempted: dict[str, int]
    """On all workloads, by the name of the scheduler or the learned policy."""
    hindsight: dict[str, int]
    """On the first `episodes` workloads: what the best rule serves, the best learned policy if there is one, what a
    search from the rule finds, the best schedule known, and the bound."""


def measure_schedules(scenario: Scenario, episodes: int, hindsight_episodes: int, seed: int) -> Measured:
    """Counts and fractions only: no timing is taken."""
    workloads = draw_workloads(scenario, episodes, seed)
    played: dict[str, Outcome] = {}
    numbers = {}
    for name, scheduler in schedulers_for(scenario).values():
        tuned = tuned_numbers(scheduler, scenario)
        numbers[name] = list(tuned)
        played[name] = play_engine(
            lambda env, scheduler=scheduler, tuned=tuned: SchedulerPolicy(scheduler, tuned, env),  # type: ignore[misc]
            scenario,
            workloads,
        )
    learned = {
        name: play_engine(load_policy(name, scenario)[0].acting, scenario, workloads)
        for name in policies_for(scenario)
        if card_of(PRETRAINED / name)["environment"] == CONTINUOUS_BATCHING
    }
    best, known = max(played, key=lambda name: int(played[name].served.sum())), workloads[:hindsight_episodes]
    everybody = played | learned
    bounds = hindsight_of_iterations(scenario, known)
    schedule = best_known(scenario, known, bounds, list(everybody.values()))
    hindsight = {"episodes": len(known), "rule": int(played[best].served[: len(known)].sum())}
    if learned:
        hindsight["learned"] = max(int(one.served[: len(known)].sum()) for one in learned.values())
    return Measured(
        episodes=episodes,
        arrived=sum(
            workload.requests if workload.task is None else len(np.unique(workload.task)) for workload in workloads
        ),
        of="requests" if scenario.workload.tasks is None else "tasks",
        memory=played[best].memory,
        served={name: int(one.served.sum()) for name, one in played.items()},
        numbers=numbers,
        learned={name: int(one.served.sum()) for name, one in learned.items()},
        preempted={name: one.preempted for name, one in everybody.items()},
        hindsight=hindsight
        | {
            "searched": int(bounds.served.sum()),
            "schedule": int(schedule.served.sum()),
            "bound": int(schedule.upper_bound.sum()),
        },
    )


def findings_of_schedules(measured: dict[str, Any]) -> str:
    """A preset's measurements in words and a table."""
    served, arrived, hindsight = measured["served"], measured["arrived"], measured["hindsight"]
    best = max(served, key=lambda name: served[name])
    numbers = measured["numbers"]
    everybody = served | measured["learned"]
    rows = [
        (
            name if name in served else f"learned: `{name}`",
            ", ".join(f"{number:g}" for number in numbers.get(name, ())),
            f"{100 * count / arrived:.1f}",
            f"{100 * (count / max(1, served[best]) - 1):+.1f} %",
            f"{measured['preempted'][name] / measured['episodes']:.1f}",
        )
        for name, count in sorted(everybody.items(), key=lambda one: -one[1])
    ]
    above = {
        which: 100 * (count / max(1, hindsight["rule"]) - 1)
        for which, count in hindsight.items()
        if which not in ("episodes", "rule")
    }
    of = measured["of"]
    serves, part = ("completes", "completed %") if of == "tasks" else ("serves", "served %")
    heads = ("in `EdgeLLM/ContinuousBatching-v0`", "tuned to", part, "against the best", "preempted per episode")
    learned = ""
    if "learned" in above:
        learned = f", the learned policy {hindsight['learned']} ({above['learned']:+.1f} %)"
    return (
        f"On {measured['episodes']} workloads of {arrived / measured['episodes']:.0f} {of} each, {best} {serves} "
        f"{100 * served[best] / arrived:.1f} %, {100 * measured['memory']:.0f} % of the KV cache in use. On the first "
        f"{hindsight['episodes']} of them it {serves} {hindsight['rule']}{learned}, the best schedule known "
        f"{hindsight['schedule']} ({above['schedule']:+.1f} %), and no policy more than {hindsight['bound']} "
        f"({above['bound']:+.1f} %){_room(of, above['schedule'])}.\n\n{Table(heads, rows).markdown()}\n"
    )


def _room(of: str, schedule: float) -> str:
    """What a schedule that serves so many percent more than the best rule says of what there is to learn."""
    if of != "requests" or schedule >= LEARNING_PAYS:
        return ""
    if schedule < 1.0:
        return "; the preset is solved by a rule"
    return f"; the schedule serves less than the {LEARNING_PAYS:.0f} % more from which learning has room"
