"""Search hyperparameters with Optuna: python scripts/tune.py --scenario carry-over --trials 30.

The search starts from the settings of a YAML file and writes another, which scripts/train.py takes as --config.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from pathlib import Path

import tyro

from edge_llm_agents.masked_ppo.hyperparameter_files import read_settings, write_settings
from edge_llm_agents.masked_ppo.settings import ENV_ID
from edge_llm_agents.masked_ppo.tuning import tune
from edge_llm_agents.records.files import write_text
from edge_llm_env import ScenarioError


@dataclass(frozen=True)
class Options:
    """Search, and write the best settings found; Ctrl-C ends it, and the same command goes on."""

    scenario: str = "carry-over"
    """A preset's name or the path of a TOML file."""
    algo: str = "ppo_mask"
    """The file of hyperparameters that the search starts from: ppo_mask, ppo_mask_imitation."""
    trials: int = 30
    """Runs in all, those of earlier calls included."""
    steps: int | None = None
    """Steps of each run; those of the file if not given."""
    validation_episodes: int = 40
    """Workloads of each validation."""
    seed: int = 0
    """Seeds the search and every run."""
    folder: Path = Path("runs/tuning")
    """Folder of the journal and of the best run."""
    results: Path = Path("results")
    """Folder of tuned-<algo>.yml."""


def main(options: Options) -> int:
    """Search, write, print; the exit status."""
    try:
        settings = replace(
            read_settings(ENV_ID, options.scenario, options.algo),
            seed=options.seed,
            validation_episodes=options.validation_episodes,
            hindsight_episodes=0,
        )
        if options.steps is not None:
            settings = replace(settings, steps=options.steps, checkpoint_every=max(1, options.steps // 5))
        best, percent = tune(settings, options.folder, options.trials, options.seed)
    except (ScenarioError, ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("interrupted; the same command goes on", file=sys.stderr)
        return 130
    file = options.results / f"tuned-{options.algo}.yml"
    write_text(
        file, f"# {percent:.2f} % of DFTSP in validation, the best of {options.trials} runs\n{write_settings(best)}"
    )
    print(f"best in validation: {percent:.2f} % of DFTSP; written: {file}")
    return 0


if __name__ == "__main__":
    sys.exit(main(tyro.cli(Options)))
