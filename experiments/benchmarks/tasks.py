"""What rules complete of agent tasks."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edge_llm_agents.records.record import read_record, write_record
from edge_llm_env.support.outputs import OutputFolder
from experiments.benchmarks.counts import check_counts

if TYPE_CHECKING:
    from edge_llm_env.scenarios.schema import Scenario


@dataclass(frozen=True)
class Tasks:
    """Play every rule on presets of agent tasks; what the results have of other presets is kept."""

    scenarios: tuple[str, ...] = ()
    """Presets to measure; without any, all whose requests are calls of tasks; those that set `[iterations]` only with
    --caches."""
    caches: bool = False
    """Instead, play one rule with caches dropped, kept, and dropped by action: what that is worth."""
    memory_share: float = 1.0
    """With --caches, the part of each preset's memory that there is; 0.75 makes it scarce."""
    episodes: int = 100
    """Workloads that are played."""
    hindsight_episodes: int = 4
    """Workloads, the first ones, that are also scheduled in hindsight; none with --caches."""
    seed: int = 0
    """Sets them."""
    results: OutputFolder = Path("results")
    """Folder of tasks.json, or of task_caches.json."""

    def run(self) -> None:
        """Measure, write and print after each preset."""
        from edge_llm_env import list_scenarios, load_scenario
        from edge_llm_env.scenarios.loading import preset_content

        check_counts(episodes=self.episodes, hindsight_episodes=self.hindsight_episodes)
        if self.memory_share != 1.0 and not self.caches:
            raise ValueError(f"memory_share = {self.memory_share:g}: must be left out without --caches")
        file = self.results / ("task_caches.json" if self.caches else "tasks.json")
        measured = read_record(file)["scenarios"] if file.exists() else {}
        contents = {name: preset_content(name) for name in list_scenarios()}
        engines = {name for name, one in contents.items() if "iterations" in one}
        ours = [name for name, one in contents.items() if "tasks" in one["workload"]]
        for name in self.scenarios or [one for one in ours if self.caches or one not in engines]:
            scenario, called = load_scenario(name), name
            if self.memory_share != 1.0:
                memory_bytes = self.memory_share * scenario.node.memory_bytes_per_module
                scenario = load_scenario(scenario, **{"node.memory_bytes_per_module": memory_bytes})
                called = f"{name}, {self.memory_share:.0%} of its memory"
            measured[called], found = self._measured(scenario, name in engines)
            measured = {key: measured[key] for one in contents for key in sorted(measured) if key.split(",")[0] == one}
            write_record(file, {"scenarios": measured})
            print(f"{called}: {found}", flush=True)

    def _measured(self, scenario: Scenario, runs_engine: bool) -> tuple[dict[str, Any], str]:
        """Of one preset, and in words."""
        if self.caches:
            from experiments.scheduling.task_caches import caches_table, measure_caches

            of_caches = asdict(measure_caches(scenario, runs_engine, self.episodes, self.seed))
            return of_caches, f"\n{caches_table({'scenarios': {scenario.name: of_caches}}).markdown()}"
        from experiments.scheduling.tasks import findings_of_tasks, measure_tasks

        of_rules = asdict(measure_tasks(scenario, self.episodes, self.hindsight_episodes, self.seed))
        return of_rules, findings_of_tasks(of_rules)
