"""Measure what binds in the presets and what is left to gain: python scripts/describe_scenarios.py."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import repository  # noqa: F401 (makes experiments importable)
import tyro

from edge_llm_agents.records.record import read_record, write_record
from edge_llm_env import list_scenarios, load_scenario
from edge_llm_env.scenarios.loading import preset_content
from experiments.pages.scenario_measurements import measure_scenario
from experiments.pages.scenarios import overview


@dataclass(frozen=True)
class Options:
    """Measure presets under DFTSP and in hindsight, into results/scenarios.json.

    What that file holds of other presets is kept. `scripts/update_readme.py --record` makes docs/scenarios/ of it.
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
    results: Path = Path("results")
    """Folder of scenarios.json."""


def main(options: Options) -> int:
    """Measure, write after each preset, print the overview; the exit status."""
    file = options.results / "scenarios.json"
    try:
        measured = read_record(file)["scenarios"] if file.exists() else {}
        for name in options.scenarios or list_scenarios():
            replays = preset_content(name)["workload"]["arrivals"]["kind"] == "trace"
            if replays and options.trace is None and not options.scenarios:
                print(f"{name}: left out, as it needs --trace", file=sys.stderr)
                continue
            trace = {"workload.arrivals.path": str(options.trace)} if replays and options.trace is not None else {}
            scenario = load_scenario(name, **trace)
            measured[name] = measure_scenario(scenario, options.episodes, options.hindsight_episodes, options.seed)
            measured = {one: measured[one] for one in list_scenarios() if one in measured}
            write_record(file, {"scenarios": measured})
    except (ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(f"{overview(measured).text()}\nwritten: {file}")
    return 0


if __name__ == "__main__":
    sys.exit(main(tyro.cli(Options)))
