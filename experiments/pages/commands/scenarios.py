"""`pages.py scenarios`: presets measured, for their pages."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

from edge_llm_agents.records.record import read_record, write_record
from edge_llm_env import list_scenarios, load_scenario
from edge_llm_env.scenarios.loading import preset_content
from edge_llm_env.support.outputs import OutputFolder
from experiments.pages.scenarios import other_command, overview
from experiments.presets.measurements import measure_scenario


@dataclass(frozen=True)
class Scenarios:
    """Measure presets under DFTSP and in hindsight, into results/scenarios.json.

    What that file holds of other presets is kept. `pages.py --record` makes docs/scenarios/ of it.
    """

    scenarios: tuple[str, ...] = ()
    """Presets to measure; without any, all, but those that replay a trace only with --trace."""
    trace: Path | None = None
    """Trace for the presets that replay one."""
    episodes: int = 20
    """Workloads that are played."""
    hindsight_episodes: int = 4
    """Workloads, the first ones, that are also optimised in hindsight (up to a minute each)."""
    seed: int = 0
    """Sets the workloads."""
    results: OutputFolder = Path("results")
    """Folder of scenarios.json."""

    def run(self) -> None:
        """Measure, write after each preset, print the overview."""
        file = self.results / "scenarios.json"
        measured = read_record(file)["scenarios"] if file.exists() else {}
        for name in self.scenarios or list_scenarios():
            if command := other_command(name):
                print(f"{name}: left out, measured by {command}", file=sys.stderr)
                continue
            replays = preset_content(name)["workload"]["arrivals"]["kind"] == "trace"
            if replays and self.trace is None and not self.scenarios:
                print(f"{name}: left out, as it needs --trace", file=sys.stderr)
                continue
            trace = {"workload.arrivals.path": str(self.trace)} if replays and self.trace is not None else {}
            scenario = load_scenario(name, **trace)
            measured[name] = measure_scenario(scenario, self.episodes, self.hindsight_episodes, self.seed)
            measured = {one: measured[one] for one in list_scenarios() if one in measured}
            write_record(file, {"scenarios": measured})
        print(f"{overview(measured).text()}\nwritten: {file}")
