"""Fill the README's tables and the pages in docs/ anew from the code, the presets and results/recorded/."""

from __future__ import annotations

import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

import repository  # noqa: F401 (makes experiments importable)

from edge_llm_agents.commands.running import Command, run_command
from edge_llm_agents.records.record import read_record, write_record
from edge_llm_env import list_scenarios, load_scenario
from edge_llm_env.scenarios.loading import preset_content
from edge_llm_env.support.outputs import OutputFolder
from edge_llm_env.support.system.files import write_text


@dataclass(frozen=True)
class Update:
    """Bring the README and the pages in docs/ up to date; run it in the repository's root."""

    record: bool = False
    """First make what the last runs wrote to results/ the recorded results."""

    def run(self) -> None:
        """Update all."""
        from experiments.pages.environments import environment_pages
        from experiments.pages.readme import pages_with_tables
        from experiments.pages.recorded import RECORDED, recorded
        from experiments.pages.scenarios import findings_elsewhere, scenario_pages
        from experiments.paper.measurements import Measurements
        from experiments.paper.page import paper_page

        if self.record:
            RECORDED.mkdir(parents=True, exist_ok=True)
            for file in sorted(RECORDED.parent.glob("*.*")):
                shutil.copy(file, RECORDED / file.name)
            for name in ("paper", "faults"):
                if (several := RECORDED.parent / name).is_dir():
                    shutil.copytree(several, RECORDED / name, dirs_exist_ok=True)
        measured = (recorded(name)["scenarios"] for name in ("scenarios", "schedules", "tasks"))
        scenarios = scenario_pages(*measured, findings_elsewhere())
        pages = pages_with_tables() | environment_pages() | scenarios
        for file, page in pages.items():
            write_text(file, page)
        write_text(Path("docs/paper.md"), paper_page(Measurements.read(RECORDED / "paper" / "measurements.json")))


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
        from experiments.pages.scenarios import other_command, overview
        from experiments.presets.measurements import measure_scenario

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


@dataclass(frozen=True)
class Animations:
    """Make the animations of the environments' pages anew; needs the extra viewer."""

    folder: OutputFolder = Path("docs/images")
    """Where they are written."""

    def run(self) -> None:
        """Play and write."""
        from experiments.pages.pictures.animations import animate_engine, animate_levels, animate_network, animate_rack

        for animate in (animate_engine, animate_network, animate_rack, animate_levels):
            print(f"written: {animate(self.folder)}")


@dataclass(frozen=True)
class Policies:
    """Evaluate policies again on their cards' workloads and rewrite the cards; the weights stay as they are."""

    policies: tuple[str, ...] = ()
    """Names of policies of the package, or paths of others without suffix; all of the package if none is given."""
    hindsight_episodes: int | None = None
    """Workloads that are also optimised in hindsight; as many as each card has if not given."""

    def run(self) -> None:
        """Refresh, and print what each reached before and reaches now."""
        from edge_llm_agents.pretrained.shipped import shipped_policies
        from experiments.learning.policy_refresh import refresh_policy

        for name in self.policies or shipped_policies():
            before, after, changed = refresh_policy(name, self.hindsight_episodes)
            fell = ": IT FELL, train it again" if after < before else ""
            as_it_was = "changed" if changed else "is as it was"
            print(f"{name}: {before:.3f} -> {after:.3f} % of the oracle{fell}; its scenario {as_it_was}", flush=True)


COMMANDS = {
    "update": Command(Update, "the README's tables and the pages, from what is recorded"),
    "scenarios": Command(Scenarios, "measure the presets, for their pages"),
    "animations": Command(Animations, "the animations of the environments' pages"),
    "policies": Command(Policies, "evaluate saved policies again after a change of the environment"),
}

if __name__ == "__main__":
    sys.exit(run_command("pages.py", COMMANDS, default="update"))
