"""What schedulers of iterations serve, and what is proven of them."""

from __future__ import annotations

import json
import sys
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from edge_llm_agents.records.record import read_record, write_record
from edge_llm_env.support.outputs import OutputFolder
from experiments.benchmarks.counts import check_counts, check_episodes


@dataclass(frozen=True)
class UnitTime:
    """Hold bound, integer programme and every rule against each other in tiny instances in unit time."""

    instances: int = 500
    """Drawn instances."""
    seed: int = 0
    """Sets them."""
    results: OutputFolder = Path("results")
    """Folder of unit_time.json."""

    def run(self) -> int:
        """Compare, write and print; 1 if a rule is above the optimum or the optimum above the bound."""
        import numpy as np

        from experiments.scheduling.unit_time import compared, unit_instance

        check_counts(instances=self.instances)
        rng = np.random.default_rng(self.seed)
        found = [compared(unit_instance(rng)) for _ in range(self.instances)]
        report = {
            "settings": {"instances": self.instances, "seed": self.seed},
            "rule_above_optimum": sum(one.best_rule > one.optimum for one in found),
            "optimum_above_bound": sum(one.optimum > one.bound for one in found),
            "best_rule_is_optimal": sum(one.best_rule == one.optimum for one in found),
            "bound_is_tight": sum(one.bound == one.optimum for one in found),
            "optimum": sum(one.optimum for one in found),
            "bound": sum(one.bound for one in found),
            "rules": dict(sum((Counter(one.rules) for one in found), Counter())),
        }
        print(write_record(self.results / "unit_time.json", report), end="")
        return int(bool(report["rule_above_optimum"] or report["optimum_above_bound"]))


@dataclass(frozen=True)
class Schedules:
    """Play every tuned scheduler on presets of iterations, and look at the first workloads in hindsight; what the
    results have of other presets is kept.
    """

    scenarios: tuple[str, ...] = ()
    """Presets to measure; without any, all that set `[iterations]`, those that replay a trace only with --trace."""
    trace: Path | None = None
    """Trace for the presets that replay one."""
    episodes: int = 16
    """Workloads that are played."""
    hindsight_episodes: int = 4
    """Workloads, the first ones, that are also scheduled in hindsight."""
    seed: int = 0
    """Sets the workloads."""
    results: OutputFolder = Path("results")
    """Folder of schedules.json."""

    def run(self) -> None:
        """Measure, write and print after each preset."""
        from edge_llm_env import list_scenarios, load_scenario
        from edge_llm_env.scenarios.loading import preset_content
        from experiments.scheduling.measurements import measure_schedules

        check_counts(episodes=self.episodes, hindsight_episodes=self.hindsight_episodes)
        file = self.results / "schedules.json"
        measured = read_record(file)["scenarios"] if file.exists() else {}
        for name in self.scenarios or [one for one in list_scenarios() if "iterations" in preset_content(one)]:
            replays = preset_content(name)["workload"]["arrivals"]["kind"] == "trace"
            if replays and self.trace is None:
                print(f"{name}: left out, as it needs --trace", file=sys.stderr)
                continue
            trace = {"workload.arrivals.path": str(self.trace)} if replays else {}
            found = measure_schedules(load_scenario(name, **trace), self.episodes, self.hindsight_episodes, self.seed)
            measured[name] = asdict(found)
            measured = {one: measured[one] for one in list_scenarios() if one in measured}
            write_record(file, {"scenarios": measured})
            print(f"{name}: {measured[name]}", flush=True)


@dataclass(frozen=True)
class BothWays:
    """Serve the same requests in epochs and by an engine of iterations, and print who was answered when."""

    scenario: str = "chat-4090"
    """A preset that sets `[iterations]`."""
    epochs_s: tuple[float, ...] = (2.0, 5.0, 10.0)
    """Lengths of epochs to try; each must divide the episode."""
    episodes: int = 16
    """Workloads that are played."""
    seed: int = 0
    """Sets the workloads."""
    results: OutputFolder = Path("results")
    """Folder of both_ways.json."""

    def run(self) -> None:
        """Play, print and write."""
        from experiments.scheduling.both_ways import both_ways_table, served_both_ways

        ways = []
        for one in served_both_ways(self.scenario, self.epochs_s, self.episodes, self.seed):
            print(f"{one['way']}: {one['in_time']} of {one['requests']} in time", file=sys.stderr, flush=True)
            ways.append(one)
        settings = {"scenario": self.scenario, "episodes": self.episodes, "seed": self.seed}
        record = {"settings": settings, "ways": ways}
        write_record(self.results / "both_ways.json", record)
        print(both_ways_table(record).markdown())


@dataclass(frozen=True)
class EngineLearners:
    """Let MaskablePPO learn to schedule an engine, with SB3's perceptrons from scratch and with networks over both sets
    that clone the best rule first; runs that the results have already are kept.
    """

    scenarios: tuple[str, ...] = ("chat-4090-overload", "chat-4090", "chat-orin-overload")
    """Presets that set `[iterations]`."""
    ways: tuple[str, ...] = ("plain", "sets")
    """plain, sets"""
    seeds: tuple[int, ...] = (0,)
    """One run of each way each."""
    seconds: float = 180.0
    """Of processor time for each run, cloning included."""
    episodes: int = 20
    """Held-out workloads."""
    results: OutputFolder = Path("results")
    """Folder of engine_learners.json."""

    def run(self) -> None:
        """Learn, judge, write and print after each."""
        from edge_llm_env.support.naming import one_of
        from experiments.scheduling.learners import WAYS, Beside, learn

        check_counts(episodes=self.episodes)
        for way in self.ways:
            one_of("ways", way, WAYS)
        file = self.results / "engine_learners.json"
        report: dict[str, Any] = (
            read_record(file) if file.exists() else {"episodes": self.episodes, "beside": {}, "runs": []}
        )
        check_episodes(self.episodes, report["episodes"], file)
        done = {(run["scenario"], run["way"], run["seed"]) for run in report["runs"]}
        for scenario in self.scenarios:
            asked = [(way, seed) for seed in self.seeds for way in self.ways if (scenario, way, seed) not in done]
            if not asked:
                continue
            beside = Beside.of(scenario, self.episodes)
            report["beside"][scenario] = beside.record
            for way, seed in asked:
                run = learn(way, beside, seed, self.seconds)
                report["runs"].append(run)
                print(json.dumps(run), flush=True)
                write_record(file, report)


@dataclass(frozen=True)
class TraceHalves:
    """Search for schedulers on the first half of a trace and judge them on the second; runs that the results have
    already are kept.
    """

    trace: Path
    """The trace."""
    scenarios: tuple[str, ...] = ("azure-continuous-overload", "azure-continuous")
    """Presets that replay it in iterations."""
    seeds: tuple[int, ...] = (0, 1, 2)
    """One search each."""
    generations: int = 15
    """Of a search, of 20 candidates on 6 workloads."""
    episodes: int = 40
    """Workloads of the second half."""
    hindsight_episodes: int = 5
    """Of these, the first ones, that are also scheduled in hindsight."""
    results: OutputFolder = Path("results")
    """Folder of trace_halves.json."""

    def run(self) -> None:
        """Search, judge, write and print after each."""
        from edge_llm_agents.scheduling.search import SchedulerSettings
        from edge_llm_agents.value_search.cross_entropy import CrossEntropySettings
        from experiments.scheduling.trace_halves import Judged

        check_counts(episodes=self.episodes, hindsight_episodes=self.hindsight_episodes)
        settings = SchedulerSettings(self.generations, 6, CrossEntropySettings(20, 5, 0.6, 1.0, 0.1), 5, 24)
        file = self.results / "trace_halves.json"
        report: dict[str, Any] = read_record(file) if file.exists() else {"scenarios": {}}
        report["settings"] = asdict(settings)
        for name in self.scenarios:
            found = report["scenarios"].get(name, {"episodes": self.episodes, "runs": []})
            check_episodes(self.episodes, found["episodes"], file)
            runs = found["runs"]
            seeds = [seed for seed in self.seeds if seed not in {run["seed"] for run in runs}]
            if not seeds:
                continue
            judged = Judged(name, self.trace, self.episodes, self.hindsight_episodes)
            for seed in seeds:
                runs.append(judged.learn(settings, seed))
                report["scenarios"][name] = judged.record() | {"runs": runs}
                print(f"{name}: {json.dumps(runs[-1])}", flush=True)
                write_record(file, report)
