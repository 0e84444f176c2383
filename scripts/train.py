"""Train MaskablePPO on EdgeLLM/Batching-v0: python scripts/train.py --scenario carry-over --run-dir runs/mine."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from pathlib import Path

import tyro

from agents.training import TrainingSettings, train
from edge_llm_env import ScenarioError


@dataclass(frozen=True)
class Options:
    """Train a policy; Ctrl-C saves, --resume goes on."""

    training: tyro.conf.OmitArgPrefixes[TrainingSettings] = field(default_factory=TrainingSettings)
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


if __name__ == "__main__":
    sys.exit(main(tyro.cli(Options)))
