"""Train admission policies with several seeds: python scripts/train_admission.py --algo ppo_mask_imitation.

The settings come from the YAML file of the algorithm, as those of scripts/train.py do; that trains a single policy.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from pathlib import Path

import tyro

from edge_llm_agents.evaluation.references import References
from edge_llm_agents.masked_ppo.hyperparameter_files import read_settings
from edge_llm_agents.masked_ppo.settings import ENV_ID
from edge_llm_agents.seeded.admission import train_seeds
from edge_llm_agents.seeded.runs import as_line, save_training
from edge_llm_env import ScenarioError, load_scenario


@dataclass(frozen=True)
class Options:
    """Train with several seeds, judge each on held-out workloads, save the median policy and the record of all."""

    scenario: str = "carry-over"
    """A preset's name or the path of a TOML file."""
    algo: str = "ppo_mask_imitation"
    """Name of a file of hyperparameters that comes with the package."""
    config: Path | None = None
    """A file of your own instead."""
    imitate: str | None = None
    """Another teacher than the file's: dftsp, look-ahead or hindsight."""
    name: str = "batching-carry-over"
    """Name of the policy and of the record."""
    seeds: tuple[int, ...] = (0, 1, 2, 3, 4)
    """One run each."""
    run_dir: Path = Path("runs/admission")
    """Folder of the runs, each with its seed behind the name; the same command goes on where it was interrupted."""
    evaluation_episodes: int = 200
    """Held-out workloads that every policy is judged on."""
    hindsight_episodes: int = 20
    """Of these, the first ones, that are also optimised in hindsight (some seconds each); 0 for none."""
    results: Path = Path("results")
    """Folder of the record."""
    policies: Path = Path("results")
    """Folder of the policy; agents/edge_llm_agents/pretrained to ship it."""


def main(options: Options) -> int:
    """Train, judge, save; the exit status."""
    try:
        if not options.seeds:
            raise ValueError("seeds: must have at least one")
        settings = read_settings(ENV_ID, options.scenario, options.algo, options.config)
        if options.imitate is not None:
            settings = replace(settings, imitate=options.imitate)
        scenario = load_scenario(options.scenario)
        references = References(scenario, options.evaluation_episodes, options.hindsight_episodes, seed=0)
        for trained in train_seeds(settings, options.seeds, options.run_dir, references, progress_bar=True):
            print(as_line(trained.record["runs"][-1]), flush=True)
            written = save_training(trained, options.name, options.results, options.policies)
    except (ScenarioError, ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("interrupted; the same command goes on", file=sys.stderr)
        return 130
    print(f"written: {', '.join(map(str, written))}")
    return 0


if __name__ == "__main__":
    sys.exit(main(tyro.cli(Options)))
