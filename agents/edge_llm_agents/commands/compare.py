"""`edge-llm compare`: train a policy, then hold it, those of the package and the rules against the oracle."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import tyro

from edge_llm_agents.commands.plan import plan
from edge_llm_env.envs.suite import BATCHING
from edge_llm_env.registration import environment
from edge_llm_env.scenarios import load_scenario
from edge_llm_env.support.naming import shown
from edge_llm_env.support.outputs import OutputFolder
from edge_llm_env.support.system.command_line import INTERRUPTED

if TYPE_CHECKING:
    from edge_llm_agents.comparison.records import Comparison
    from edge_llm_agents.comparison.sweep import Sweep


@dataclass(frozen=True)
class Compare:
    """Compare policies on the same workloads: a table, results/compare-<scenario>.json and .png, with the environment
    before the scenario where no batch is chosen.

    Ctrl-C ends it with a table and files of what is finished.
    """

    scenario: str | None = None
    """A preset's name or the path of a TOML file; if not given, carry-over where batches are chosen, and elsewhere the
    environment's own."""
    env: Annotated[str, tyro.conf.arg(aliases=("--env-id",))] = BATCHING
    """The environment's id."""
    episodes: int = 100
    """Workloads that every policy plays."""
    seed: int = 0
    """Seeds the workloads and the training."""
    policy: tuple[str, ...] = ()
    """More policies, beside the rules and those of the package, instead of training one: names, paths without suffix,
    with --unpickle zips of Stable-Baselines3 (CLASS@FILE.zip where it is neither MaskablePPO nor PPO).
    """
    unpickle: bool = False
    """Load .zip files of Stable-Baselines3 too: what is in them can run any code, so only of whom you trust."""
    no_train: bool = False
    """Train nothing: compare the rules and the policies that there are."""
    algorithm: str | None = None
    """How the fresh policy is trained, as edge-llm train takes it; the environment's default if not given."""
    training_steps: int | None = None
    """Environment steps of training; those of the algorithm if not given."""
    hindsight_episodes: int = 10
    """Workloads, the first ones, that are also optimised in hindsight (some seconds each); 0 for none."""
    sweep: str | None = None
    """Compare at several values of a field instead, without training: workload.arrivals.rate_per_s=3,5,10."""
    json: bool = False
    """Print the results as JSON instead of the table."""
    html: bool = False
    """Also write one self-contained page: interactive charts, the table, the scenario's settings and their sources."""
    results: OutputFolder = Path("results")
    """Folder of what is written."""

    def run(self) -> int:
        """Compare, print, write; the exit status."""
        scenario = load_scenario(self.scenario or environment(self.env).main_scenario)
        trains = not (self.no_train or self.policy or self.sweep)
        sweep = _swept(self.sweep) if self.sweep else None
        values = max(map(len, sweep.values())) if sweep else 1
        said = plan(self.env, self.episodes, self.hindsight_episodes, trains, values)
        print("\n".join(said), file=sys.stderr, flush=True)

        from edge_llm_agents.commands.bars import Bars
        from edge_llm_agents.commands.fresh import Fresh
        from edge_llm_agents.comparison.comparing import ComparisonInterrupted, compare
        from edge_llm_agents.report.html_report import check_html_report

        if self.html:
            check_html_report()
        status = 0
        with Bars() as bars:
            taking_part: list[Any] = ["all", *self.policy]
            if trains:
                taking_part.append(Fresh(self.env, scenario, self.algorithm, self.training_steps, self.seed, bars))
            try:
                found = compare(
                    taking_part,
                    scenario,
                    env_id=self.env,
                    episodes=self.episodes,
                    seed=self.seed,
                    hindsight_episodes=self.hindsight_episodes,
                    sweep=sweep,
                    unpickle=self.unpickle,
                    report=bars,
                )
            except ComparisonInterrupted as interruption:
                found, status = interruption.comparison, INTERRUPTED
        self._show(found)
        if status:
            print("interrupted; the table and the files have what was finished", file=sys.stderr)
        return status

    def _show(self, found: Comparison | Sweep) -> None:
        from edge_llm_agents.comparison.records import BOUND, Comparison
        from edge_llm_agents.records.record import as_json, settings_of
        from edge_llm_agents.report.html_report import save_html_report

        options = settings_of(self)
        if isinstance(found, Comparison):
            found = found.with_settings(options)
        written = found.save(self.results)
        if self.html and isinstance(found, Comparison):
            written.append(save_html_report(found, self.results))
        if self.json:
            print(as_json(found.to_dict()))
            return
        if isinstance(found, Comparison):
            scenario, known = found.scenario, [one["episodes"] for one in found.policies if one["policy"] == BOUND]
            print(f"{scenario.name}: {scenario.description}")
            print(f"{self.episodes} workloads of {scenario.epoch.episode_epochs} epochs, the same for every policy\n")
            print(found.table())
            for episodes in known:
                print(
                    f"\nhindsight knows all arrivals; it and the gap to its bound are of the first {episodes} workloads"
                )
        else:
            print(found.table())
        print(f"\nwritten: {', '.join(map(str, written))}")


def _swept(text: str) -> dict[str, list[Any]]:
    """`field=1,2.5,name` as a field and its values: numbers where they are."""
    field, equals, values = text.partition("=")
    if not (field and equals and values):
        raise ValueError(f"sweep = {shown(text)}: must be FIELD=VALUE,VALUE,...")
    return {field: [_value(one) for one in values.split(",")]}


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text
