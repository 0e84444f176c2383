"""What schedulers of iterations serve, and what is proven of them."""

from __future__ import annotations

import sys
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path

from edge_llm_agents.records.record import read_record, write_record
from edge_llm_env.support.outputs import OutputFolder
from experiments.benchmarks.counts import check_counts


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
