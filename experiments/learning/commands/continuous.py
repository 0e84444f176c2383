"""`train.py continuous`: a minute of SB3 on each continuous environment."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from pathlib import Path

from edge_llm_agents.records.record import write_record
from edge_llm_env.support.outputs import OutputFolder


@dataclass(frozen=True)
class Continuous:
    """Train SB3 on the continuous environments for a minute each and compare; all that is not narrowed down."""

    task: tuple[str, ...] = ()
    """bandwidth, compute, joint, decoding"""
    algorithm: tuple[str, ...] = ()
    """ppo, sac, td3"""
    network: tuple[str, ...] = ()
    """mlp: SB3's multilayer perceptrons; set: the networks of edge_llm_agents.networks.sb3_policies."""
    seconds: float = 60.0
    """Of training."""
    episodes: int = 50
    """Held-out workloads."""
    seed: int = 0
    results: OutputFolder = Path("results")
    """Folder of continuous_training.json."""

    def run(self) -> None:
        """Train and write after each."""
        from edge_llm_agents.continuous.tasks import TASKS
        from edge_llm_agents.continuous.training import train_continuous
        from edge_llm_agents.training.models import CONTINUOUS, NETWORKS

        records = []
        trained = product(self.task or TASKS, self.algorithm or CONTINUOUS, self.network or NETWORKS)
        for task, algorithm, network in trained:
            record = train_continuous(
                task, algorithm, network, seconds=self.seconds, episodes=self.episodes, seed=self.seed
            )
            means = ", ".join(f"{name} {mean:.1f}" for name, mean in record["served_per_episode"].items())
            steps = f"{record['steps']:,} steps"
            print(f"{task}, {algorithm}, {network}, {steps}: served per episode {means}", flush=True)
            records.append(record)
            write_record(self.results / "continuous_training.json", {"runs": records})
