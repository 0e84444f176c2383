"""What rules complete of agent tasks."""

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
