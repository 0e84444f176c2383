"""Search hyperparameters with Optuna: python scripts/tune.py --scenario carry-over --trials 30.

The search starts from the settings of a YAML file and writes another, which `train.py run` takes as --config.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from pathlib import Path

import repository  # noqa: F401 (Ctrl-C is silent from here on)

from edge_llm_agents.commands.running import run_options
from edge_llm_env.support.outputs import OutputFolder
from edge_llm_env.support.system.files import write_text


@dataclass(frozen=True)
class Tune:
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
    folder: OutputFolder = Path("runs/tuning")
    """Folder of the journal and of the best run."""
    results: OutputFolder = Path("results")
    """Folder of tuned-<algo>.yml."""

    def run(self) -> None:
        """Search, write, print."""
        from edge_llm_agents.masked_ppo.hyperparameter_files import read_settings, write_settings
        from edge_llm_agents.masked_ppo.settings import ENV_ID
        from edge_llm_agents.masked_ppo.tuning import tune

        settings = replace(
            read_settings(ENV_ID, self.scenario, self.algo),
            seed=self.seed,
            validation_episodes=self.validation_episodes,
            hindsight_episodes=0,
        )
        if self.steps is not None:
            settings = replace(settings, steps=self.steps, checkpoint_every=max(1, self.steps // 5))
        try:
            best, percent = tune(settings, self.folder, self.trials, self.seed)
        except KeyboardInterrupt:
            raise KeyboardInterrupt("interrupted; the same command goes on") from None
        file = self.results / f"tuned-{self.algo}.yml"
        said = f"# {percent:.2f} % of DFTSP in validation, the best of {self.trials} runs\n"
        write_text(file, said + write_settings(best))
        print(f"best in validation: {percent:.2f} % of DFTSP; written: {file}")


if __name__ == "__main__":
    sys.exit(run_options("tune.py", Tune))
