"""The main job: train a policy, then compare it and those that are shipped with DFTSP and the heuristics."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path

import tyro
from sb3_contrib import MaskablePPO

from edge_llm_agents.adapters.threads import set_thread_counts
from edge_llm_agents.comparison.comparison import (
    baseline_solvers,
    comparison_record,
    comparison_table,
    save_results,
    summarise,
)
from edge_llm_agents.evaluation.playing import evaluate_learned, evaluate_model, evaluate_solver
from edge_llm_agents.masked_ppo.hyperparameter_files import read_settings
from edge_llm_agents.masked_ppo.settings import ENV_ID
from edge_llm_agents.masked_ppo.training import train
from edge_llm_agents.pretrained.saved_policies import load_policy, policies_for
from edge_llm_agents.records.record import as_json
from edge_llm_agents.report.html_report import check_html_report, save_html_report
from edge_llm_baselines import hindsight_bounds
from edge_llm_baselines.playing.roll_out import RollOut
from edge_llm_env import ScenarioError, load_scenario
from edge_llm_env.workload.streams import draw_workloads


@dataclass(frozen=True)
class Options:
    """Compare policies on the same workloads: a table, results/compare-<scenario>.json and .png."""

    scenario: str = "carry-over"
    """A preset's name or the path of a TOML file."""
    episodes: int = 100
    """Workloads that every policy runs."""
    seed: int = 0
    """Seeds the workloads and the training."""
    policy: Path | None = None
    """A trained MaskablePPO (.zip) to compare instead of training one."""
    saved: tuple[str, ...] = ()
    """Saved policies, each by its path without suffix, beside those that come with the package for the scenario."""
    no_train: bool = False
    """Train nothing: compare the baselines and the policies that there are."""
    algo: str = "ppo_mask_imitation"
    """How the fresh policy is trained: a file of hyperparameters that comes with the package."""
    training_steps: int | None = None
    """Environment steps of training; those of the file, about two minutes on two cores, if not given."""
    hindsight_episodes: int = 10
    """Workloads, the first ones, that are also optimised in hindsight (some seconds each); 0 for none."""
    json: bool = False
    """Print the results as JSON instead of the table."""
    html: bool = False
    """Also write one self-contained page: interactive charts, the table, the scenario's settings and their sources."""
    results: Path = Path("results")
    """Folder of what is written."""


def main(options: Options) -> int:
    """Run the comparison; the exit status."""
    try:
        return compare(options)
    except (ScenarioError, ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("interrupted; nothing was compared", file=sys.stderr)
        return 130


def compare(options: Options) -> int:
    """Train or load, evaluate everything on the same workloads, report."""
    scenario = load_scenario(options.scenario)
    if options.hindsight_episodes < 0:
        raise ValueError(f"hindsight_episodes = {options.hindsight_episodes}: must be at least 0")
    if options.html:
        check_html_report()
    workloads = draw_workloads(scenario, options.episodes, options.seed)
    named = [(name, name) for name in policies_for(scenario)] + [(Path(path).name, path) for path in options.saved]
    learned_policies = {name: load_policy(path, scenario)[0] for name, path in named}
    model = None
    set_thread_counts()
    if options.policy is not None:
        model = MaskablePPO.load(options.policy)
    elif not options.no_train:
        training = replace(read_settings(ENV_ID, options.scenario, options.algo), seed=options.seed)
        if options.training_steps is not None:
            training = replace(training, steps=options.training_steps)
        with tempfile.TemporaryDirectory() as run_dir:
            model, finished = train(training, Path(run_dir), progress_bar=not options.json)
        if not finished:
            print("training interrupted; comparing the policy as it is", file=sys.stderr)
    runs: dict[str, Callable[..., RollOut]] = {
        name: partial(evaluate_solver, make()) for name, make in baseline_solvers(scenario, options.seed).items()
    }
    runs |= {name: partial(evaluate_learned, one) for name, one in learned_policies.items()}
    if model is not None:
        runs[f"MaskablePPO{'' if options.policy else ', fresh'}"] = partial(evaluate_model, model)
    evaluations = {name: run(scenario, workloads) for name, run in runs.items()}
    alone_s = {name: run(scenario, workloads[:1]).decision_s for name, run in runs.items()}
    known = workloads[: options.hindsight_episodes]
    records = summarise(evaluations, hindsight_bounds(scenario, known) if known else None, alone_s)
    settings = {name: str(value) if isinstance(value, Path) else value for name, value in asdict(options).items()}
    written = save_results(scenario, settings, records, options.results)
    if options.html:
        written.append(save_html_report(scenario, settings, records, options.results))
    if options.json:
        print(as_json(comparison_record(scenario, settings, records)))
    else:
        print(f"{scenario.name}: {scenario.description}")
        print(f"{options.episodes} workloads of {scenario.epoch.episode_epochs} epochs, the same for every policy\n")
        print(comparison_table(records).text())
        if known:
            print(
                f"\nhindsight knows all arrivals; it and the gap to its bound are of the first {len(known)} workloads"
            )
        print(f"\nwritten: {', '.join(map(str, written))}")
    return 0


if __name__ == "__main__":
    sys.exit(main(tyro.cli(Options)))
