"""Train MaskablePPO: python scripts/train.py --scenario carry-over --algo ppo_mask_imitation --run-dir runs/mine.

The settings come from the YAML file of the algorithm (hyperparameters of edge_llm_agents) or from --config; options go
before both.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import tyro

from edge_llm_agents.masked_ppo.hyperparameter_files import read_settings
from edge_llm_agents.masked_ppo.settings import ENV_ID, TrainingSettings
from edge_llm_agents.masked_ppo.training import train
from edge_llm_env import ScenarioError


@dataclass(frozen=True)
class Source:
    """Where settings come from that no option sets."""

    env: str = ENV_ID
    scenario: str = TrainingSettings.scenario
    """A preset's name or the path of a TOML file."""
    algo: str = "ppo_mask"
    """Name of a file of hyperparameters that comes with the package: ppo_mask, ppo_mask_imitation."""
    config: Path | None = None
    """A file of your own instead."""


@dataclass(frozen=True)
class Options:
    """Train a policy; Ctrl-C saves, --resume goes on. --env, --algo and --config choose the defaults shown here."""

    training: tyro.conf.OmitArgPrefixes[TrainingSettings]
    run_dir: Path = Path("runs/batching")
    """Folder of checkpoints, TensorBoard files and settings."""
    resume: bool = False
    """Go on from the last checkpoint of the run folder."""


def main(options: Options) -> int:
    """Train as the options say; the exit status."""
    try:
        _, finished = train(options.training, options.run_dir, resume=options.resume, progress_bar=True)
    except (ScenarioError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(f"{'trained' if finished else 'interrupted, saved'}: {options.run_dir}/last.zip")
    print(f"best in validation: {options.run_dir}/best.zip" if finished else "go on with the same command and --resume")
    return 0 if finished else 130


def parsed(arguments: list[str]) -> Options:
    """The options; raises ValueError for a source of settings that there is not."""
    # The first pass shows no help, so that --help shows the chosen defaults.
    asked = [argument for argument in arguments if argument not in ("-h", "--help")]
    source, others = tyro.cli(Source, args=asked, return_unknown_args=True)
    settings = read_settings(source.env, source.scenario, source.algo, source.config)
    if len(asked) < len(arguments):
        others.append("--help")
    return tyro.cli(Options, args=["--scenario", source.scenario, *others], default=Options(settings))


def run(arguments: list[str]) -> int:
    """Read the options and train; the exit status."""
    try:
        options = parsed(arguments)
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return main(options)


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
