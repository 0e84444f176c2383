"""What rules complete of agent tasks, and what keeping their caches is worth."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

from edge_llm_agents.records.record import read_record, write_record
from edge_llm_env.support.outputs import OutputFolder
from experiments.benchmarks.counts import check_counts


@dataclass(frozen=True)
class Tasks:
    """Play every rule on presets of agent tasks; what the results have of other presets is kept."""

    scenarios: tuple[str, ...] = ()
    """Presets to measure; without any, all whose requests are calls of tasks and which set no `[iterations]`."""
    episodes: int = 100
    """Workloads that are played."""
    hindsight_episodes: int = 4
    """Workloads, the first ones, that are also scheduled in hindsight."""
    seed: int = 0
    """Sets them."""
    results: OutputFolder = Path("results")
    """Folder of tasks.json."""

    def run(self) -> None:
        """Measure, write and print after each preset."""
        from edge_llm_env import list_scenarios, load_scenario
        from edge_llm_env.scenarios.loading import preset_content
        from experiments.scheduling.tasks import findings_of_tasks, measure_tasks

        check_counts(episodes=self.episodes, hindsight_episodes=self.hindsight_episodes)
        file = self.results / "tasks.json"
        measured = read_record(file)["scenarios"] if file.exists() else {}
        contents = {name: preset_content(name) for name in list_scenarios()}
        ours = [name for name, one in contents.items() if "tasks" in one["workload"] and "iterations" not in one]
        for name in self.scenarios or ours:
            measured[name] = asdict(
                measure_tasks(load_scenario(name), self.episodes, self.hindsight_episodes, self.seed)
            )
            measured = {one: measured[one] for one in list_scenarios() if one in measured}
            write_record(file, {"scenarios": measured})
            print(f"{name}: {findings_of_tasks(measured[name])}", flush=True)


@dataclass(frozen=True)
class TaskCaches:
    """Play one rule on presets of agent tasks with caches dropped, kept and swapped, by rule or by action; what the
    results have of other presets is kept.
    """

    scenarios: tuple[str, ...] = ()
    """Presets to measure; without any, all whose requests are calls of tasks."""
    memory_share: float = 1.0
    """Part of each preset's memory that there is; 0.75 makes it scarce."""
    episodes: int = 20
    """Workloads that are played."""
    seed: int = 0
    """Sets them."""
    results: OutputFolder = Path("results")
    """Folder of task_caches.json."""

    def run(self) -> None:
        """Measure, write and print after each preset."""
        from edge_llm_env import list_scenarios, load_scenario
        from edge_llm_env.scenarios.loading import preset_content
        from experiments.scheduling.task_caches import caches_table, measure_caches

        check_counts(episodes=self.episodes)
        if not 0.0 < self.memory_share <= 1.0:
            raise ValueError(f"memory_share = {self.memory_share:g}: must be above 0 and at most 1")
        file = self.results / "task_caches.json"
        measured = read_record(file)["scenarios"] if file.exists() else {}
        contents = {name: preset_content(name) for name in list_scenarios()}
        for name in self.scenarios or [name for name, one in contents.items() if "tasks" in one["workload"]]:
            scenario, called = load_scenario(name), name
            if self.memory_share < 1.0:
                memory_bytes = self.memory_share * scenario.node.memory_bytes_per_module
                scenario = load_scenario(scenario, **{"node.memory_bytes_per_module": memory_bytes})
                called = f"{name}, {self.memory_share:.0%} of its memory"
            measured[called] = asdict(
                measure_caches(scenario, "iterations" in contents[name], self.episodes, self.seed)
            )
            measured = {key: measured[key] for one in contents for key in sorted(measured) if key.split(",")[0] == one}
            write_record(file, {"scenarios": measured})
            print(caches_table({"scenarios": {called: measured[called]}}).markdown(), flush=True)
