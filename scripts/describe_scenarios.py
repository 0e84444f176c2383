"""Measure what binds in the presets and what is left to gain: python scripts/describe_scenarios.py."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path

import tyro

from agents.files import write_text
from baselines.scenario_measurements import measure_scenario
from baselines.scenario_page import overview
from edge_llm_env import list_scenarios, load_scenario
from edge_llm_env.scenarios.loading import preset_content


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
    """Tapes that are played."""
    hindsight_episodes: int = 4
    """Tapes, the first ones, that are also optimised in hindsight (up to a minute each)."""
    seed: int = 0
    """Sets the tapes."""
    results: Path = Path("results")
    """Folder of scenarios.json."""


def main(options: Options) -> int:
    """Measure, write after each preset, print the overview; the exit status."""
    file = options.results / "scenarios.json"
    try:
        measured = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
        for name in options.scenarios or list_scenarios():
            replays = preset_content(name)["workload"]["arrivals"]["kind"] == "trace"
            if replays and options.trace is None and not options.scenarios:
                print(f"{name}: left out, as it needs --trace", file=sys.stderr)
                continue
            trace = {"workload.arrivals.path": str(options.trace)} if replays and options.trace is not None else {}
            scenario = load_scenario(name, **trace)
            measured[name] = measure_scenario(scenario, options.episodes, options.hindsight_episodes, options.seed)
            measured = {one: measured[one] for one in list_scenarios() if one in measured}
            write_text(file, json.dumps(measured, indent=1) + "\n")
    except (ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(f"{overview(measured)}\nwritten: {file}")
    return 0


if __name__ == "__main__":
    sys.exit(main(tyro.cli(Options)))
