"""Train SB3 on the continuous environments for a minute each: python scripts/train_continuous.py --task bandwidth."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import tyro

from edge_llm_agents.continuous.tasks import TASKS
from edge_llm_agents.continuous.training import ALGORITHMS, NETWORKS, train_continuous
from edge_llm_agents.records.record import write_record


@dataclass(frozen=True)
class Options:
    """Train and compare; every task and algorithm that is not narrowed down."""

    task: tuple[str, ...] = tuple(TASKS)
    algorithm: tuple[str, ...] = tuple(ALGORITHMS)
    network: tuple[str, ...] = tuple(NETWORKS)
    """mlp: SB3's multilayer perceptrons; set: the networks of edge_llm_agents.networks.sb3_policies."""
    seconds: float = 60.0
    """Of training."""
    episodes: int = 50
    """Held-out workloads."""
    seed: int = 0
    results: Path = Path("results")
    """Folder of continuous_training.json."""


def main(options: Options) -> int:
    """Train as the options say; the exit status."""
    records = []
    try:
        for task in options.task:
            for algorithm, network in product(options.algorithm, options.network):
                record = train_continuous(
                    task, algorithm, network, seconds=options.seconds, episodes=options.episodes, seed=options.seed
                )
                means = ", ".join(f"{name} {mean:.1f}" for name, mean in record["served_per_episode"].items())
                steps = f"{record['steps']:,} steps"
                print(f"{task}, {algorithm}, {network}, {steps}: served per episode {means}", flush=True)
                records.append(record)
                write_record(options.results / "continuous_training.json", {"runs": records})
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(tyro.cli(Options)))
