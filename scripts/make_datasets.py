"""Store teachers' episodes as Minari datasets: python scripts/make_datasets.py --episodes 100."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import repository  # noqa: F401 (makes experiments importable)
import tyro
from gymnasium.error import DependencyNotInstalled

from edge_llm_env import ScenarioError
from experiments.learning.datasets import default_root, make_dataset


@dataclass(frozen=True)
class Options:
    """Store episodes of teachers as Minari datasets, named EdgeLLM/Batching/SCENARIO/TEACHER-v0.

    minari.load_dataset reads them back; nothing is downloaded. The stored seed of an episode begins it anew.
    """

    scenario: str = "carry-over"
    """A preset's name or the path of a TOML file."""
    teachers: tuple[Literal["dftsp", "look-ahead", "hindsight"], ...] = ("dftsp", "look-ahead", "hindsight")
    """hindsight takes some seconds per episode."""
    envs: tuple[Literal["EdgeLLM/Batching-v0", "EdgeLLM/BatchSelection-v0"], ...] = (
        "EdgeLLM/Batching-v0",
        "EdgeLLM/BatchSelection-v0",
    )
    """One dataset for each teacher in each."""
    episodes: int = 100
    """Of each dataset."""
    seed: int = 0
    """Seeds the episodes and the tuning of the look-ahead rule."""
    root: Path = field(default_factory=default_root)
    """Folder of datasets; Minari finds them there if MINARI_DATASETS_PATH names it."""
    force: bool = False
    """Replace datasets that are there already."""


def main(options: Options) -> int:
    """Make the datasets one by one; the exit status."""
    try:
        for env_id in options.envs:
            for teacher in options.teachers:
                name = make_dataset(
                    options.scenario, teacher, env_id, options.episodes, options.seed, options.root, force=options.force
                )
                print(f"{name}: {options.root / name}", flush=True)
    except (ScenarioError, DependencyNotInstalled, ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(tyro.cli(Options)))
