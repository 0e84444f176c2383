"""Measure how long training takes to what it reaches: python scripts/training_benchmark.py --seeds 0 1 2."""

from __future__ import annotations

import sys
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import repository  # noqa: F401 (makes experiments importable)
import tyro

from edge_llm_agents.masked_ppo.hyperparameter_files import read_settings
from edge_llm_agents.masked_ppo.settings import ENV_ID
from edge_llm_agents.records.record import write_record
from edge_llm_env import ScenarioError
from experiments.learning.held_out import HeldOut, as_line


@dataclass(frozen=True)
class Options:
    """Train as `make compare` does, once per seed, timed, and judge each policy on held-out workloads."""

    scenario: str = "carry-over"
    """A preset's name or the path of a TOML file."""
    algo: str = "ppo_mask_imitation"
    """Name of a file of hyperparameters that comes with the package."""
    seeds: tuple[int, ...] = (0, 1, 2)
    """One run each."""
    evaluation_episodes: int = 200
    """Held-out workloads."""
    results: Path = Path("results")
    """Folder of training_benchmark.json."""


def main(options: Options) -> int:
    """Train, judge, write; the exit status."""
    try:
        settings = replace(read_settings(ENV_ID, options.scenario, options.algo), hindsight_episodes=0)
        held_out = HeldOut(options.scenario, options.evaluation_episodes)
        report: dict[str, Any] = {
            "settings": {name: value for name, value in asdict(options).items() if name != "results"},
            "training": {name: value for name, value in asdict(settings).items() if name != "seed"},
            "runs": [],
        }
        for seed in options.seeds:
            run = held_out.train(replace(settings, seed=seed))
            report["runs"].append(run)
            print(as_line(run), flush=True)
            write_record(options.results / "training_benchmark.json", report)
    except (ScenarioError, ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("interrupted; what was finished is written", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(tyro.cli(Options)))
