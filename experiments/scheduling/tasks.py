"""What rules and learned policies complete on a preset of agent tasks, held against DFTSP on calls."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_llm_agents.pretrained.saved_policies import load_policy
from edge_llm_agents.pretrained.shipped import PRETRAINED, card_of, policies_for
from edge_llm_agents.records.intervals import ratio_interval
from edge_llm_baselines.playing.play import MakePolicy, play
from edge_llm_baselines.playing.roll_out import vector_of
from edge_llm_baselines.registry.batches import OF_BATCHES, bounds_of_batches
from edge_llm_env.envs.suite import BATCH_SELECTION
from edge_llm_env.scenarios.schema import Scenario
from edge_llm_env.support.tables import Table
from edge_llm_env.task_dynamics.state import TASK_COUNTERS
from edge_llm_env.workload.streams import draw_workloads
from edge_llm_env.workload.workload import Workload


@dataclass(frozen=True)
class Played:
    """Of one policy, on all workloads."""

    completed: int
    failed: int
    """Tasks given up, those included that were never begun."""
    reward: float
    """Of an episode, mean."""
    wasted: float
    """Part of the tokens computed that went into tasks which failed."""
    percent_of_dftsp: float
    interval: list[float]
    """95 %, of that."""
    informed: bool


@dataclass(frozen=True)
class Measured:
    """Of one preset."""

    episodes: int
    arrived: int
    """Tasks of all workloads that arrive before the last epoch begins."""
    median_task_s: float
    """From arrival to end, where every call is served at once."""
    failures_cost: bool
    """Whether a reward says more than the tasks completed."""
    rules: dict[str, Played]
    learned: dict[str, Played]
    """Policies of the package for the preset, by name."""
    tuned: dict[str, Any]
    hindsight: dict[str, int]
    """On the first `episodes` workloads: what DFTSP and the best rule that is not informed complete, the schedule
    found, and the bound. The best rule earns most where failures cost, and completes most elsewhere."""


def measure_tasks(scenario: Scenario, episodes: int, hindsight_episodes: int, seed: int) -> Measured:
    """Counts and fractions only: no timing is taken."""
    workloads, tuned = draw_workloads(scenario, episodes, seed), OF_BATCHES.tuned(scenario, seed)
    counted = {
        key: (rule, counters_of(BATCH_SELECTION, rule.acting(seed, rule.of(tuned)), scenario, workloads))
        for key, rule in OF_BATCHES.playable(scenario, tuned).items()
    }
    learned = {
        name: counters_of(BATCH_SELECTION, load_policy(name, scenario)[0].acting, scenario, workloads)
        for name in policies_for(scenario)
        if card_of(PRETRAINED / name)["environment"] == BATCH_SELECTION
    }
    oracle = counted[OF_BATCHES.oracle][1]["tasks_completed"]
    known = workloads[:hindsight_episodes]
    bounds = bounds_of_batches(scenario, known)
    failures_cost = scenario.reward.task_failed < 0.0
    uninformed = [one for rule, one in counted.values() if not rule.informed]
    best = max(uninformed, key=lambda one: float(one["reward" if failures_cost else "tasks_completed"].sum()))
    everybody = [*(found for _, found in counted.values()), *learned.values()]
    played = [found["tasks_completed"][: len(known)] for found in everybody]
    return Measured(
        episodes=episodes,
        arrived=int(counted[OF_BATCHES.oracle][1]["tasks_arrived"].sum()),
        median_task_s=median_task_s(scenario, workloads),
        failures_cost=failures_cost,
        rules={rule.name: _played(found, oracle, rule.informed) for rule, found in counted.values()},
        learned={name: _played(found, oracle, False) for name, found in learned.items()},
        tuned={name: value for name, value in tuned.items() if value is not None},
        hindsight={
            "episodes": len(known),
            "dftsp": int(oracle[: len(known)].sum()),
            "rule": int(best["tasks_completed"][: len(known)].sum()),
            "schedule": int(np.max([bounds.served, *played], axis=0).sum()),
            "bound": int(bounds.upper_bound.sum()),
        },
    )


def median_task_s(scenario: Scenario, workloads: list[Workload]) -> float:
    """Median time from a task's arrival to its last answer where every call is served as soon as it is visible (s)."""
    epoch_s, taken = scenario.epoch.epoch_s, []
    for workload in workloads:
        assert workload.task is not None  # and with it:
        assert workload.predecessors is not None
        assert workload.tool_s is not None
        answered_s = np.zeros(workload.requests)
        for call, (arrival_s, tool_s) in enumerate(zip(workload.arrival_s, workload.tool_s, strict=True)):
            before = workload.predecessors[call][workload.predecessors[call] > 0]
            ready_s = max(arrival_s, *answered_s[call - before]) + tool_s if len(before) else arrival_s + tool_s
            answered_s[call] = (np.floor(ready_s / epoch_s) + 2.0) * epoch_s
        last = np.flatnonzero(np.diff(workload.task, append=-1))
        taken.append(answered_s[last] - workload.arrival_s[last])
    return float(np.median(np.concatenate(taken)))


def findings_of_tasks(measured: dict[str, Any]) -> str:
    """A preset's measurements in words and a table."""
    rules, arrived, hindsight = measured["rules"], measured["arrived"], measured["hindsight"]
    above = {which: 100 * (hindsight[which] / max(1, hindsight["rule"]) - 1) for which in ("schedule", "bound")}
    uninformed = {name: one for name, one in rules.items() if not one["informed"]}
    goal = "reward" if measured.get("failures_cost") else "completed"
    best = max(uninformed, key=lambda name: uninformed[name][goal])
    learned = {f"learned: `{name}`": one for name, one in measured.get("learned", {}).items()}
    heads = ["in `EdgeLLM/BatchSelection-v0`", "completed %", "wasted %", "% of DFTSP [95 %]"]
    rows = [
        [
            name,
            f"{100 * one['completed'] / arrived:.1f}",
            f"{100 * one['wasted']:.0f}",
            f"{one['percent_of_dftsp']:.1f} [{one['interval'][0]:.1f}, {one['interval'][1]:.1f}]",
        ]
        for name, one in sorted((rules | learned).items(), key=lambda one: -one[1][goal])
    ]
    if goal == "reward":
        heads.append("reward")
        rows = [[*row, f"{(rules | learned)[row[0]]['reward']:.1f}"] for row in rows]
    table, earns = Table(heads, rows).markdown(), ", which earns most," if goal == "reward" else ""
    return (
        f"On {measured['episodes']} workloads of {arrived / measured['episodes']:.0f} tasks each, of which the median "
        f"takes {measured['median_task_s']:.0f} s where nothing waits, {best}{earns} completes "
        f"{100 * uninformed[best]['completed'] / arrived:.1f} % and DFTSP on calls "
        f"{100 * rules['DFTSP']['completed'] / arrived:.1f} %. *Wasted* is the part of the tokens computed that went "
        f"into tasks which failed. On the first {hindsight['episodes']} workloads DFTSP completes "
        f"{hindsight['dftsp']}, {best} {hindsight['rule']}, a clairvoyant's schedule {hindsight['schedule']} "
        f"({above['schedule']:+.1f} % above the rule), and no policy more than {hindsight['bound']} "
        f"({above['bound']:+.1f} %).\n\n{table}\n"
    )


def counters_of(env_id: str, make: MakePolicy, scenario: Scenario, workloads: list[Workload]) -> dict[str, NDArray]:
    """A policy's counters at the end of each workload, and its reward."""
    env, reward = vector_of(env_id, scenario, workloads), np.zeros(len(workloads))
    for step in play(env, make(env), workloads=workloads):
        last = step.next_info
        reward += step.reward
    env.close()
    return {name: np.atleast_1d(last[name]).copy() for name in TASK_COUNTERS} | {"reward": reward}


def _played(found: dict[str, NDArray], oracle: NDArray[np.int64], informed: bool) -> Played:
    ratio = ratio_interval(found["tasks_completed"].astype(float), oracle.astype(float))
    return Played(
        completed=int(found["tasks_completed"].sum()),
        failed=int(found["tasks_failed"].sum()),
        reward=float(found["reward"].mean()),
        wasted=float(found["tokens_wasted"].sum() / max(1, found["tokens_computed"].sum())),
        percent_of_dftsp=100.0 * ratio.mean,
        interval=[100.0 * ratio.low, 100.0 * ratio.high],
        informed=informed,
    )
