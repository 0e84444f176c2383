"""`train.py decentral`: what agents of their own reach where models are placed."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import tyro

from edge_llm_agents.placement.fitting import PlacementSettings
from edge_llm_agents.records.record import settings_of, write_record
from edge_llm_env.support.outputs import OutputFolder


@dataclass(frozen=True)
class Decentral:
    """Fit agents that see only their own node, cell and messages, and hold them against the policy that sees all."""

    central: str = "multinode-placement"
    """The policy that sees all: of the package by its name, or of another by its path without suffix. Its scenario is
    the one that is played."""
    seeds: tuple[int, ...] = (0, 1, 2)
    """One fit each."""
    evaluation_episodes: int = 50
    """Held-out workloads."""
    fit: tyro.conf.OmitArgPrefixes[PlacementSettings] = field(default_factory=PlacementSettings)
    results: OutputFolder = Path("results")
    """Folder of decentral.json."""

    def __post_init__(self) -> None:
        if self.evaluation_episodes < 1:
            raise ValueError(f"evaluation_episodes = {self.evaluation_episodes}: must be at least 1")

    def run(self) -> None:
        """Fit, judge, write after each seed, print."""
        from edge_llm_agents.pretrained.saved_policies import load_policy
        from experiments.learning.networks.decentral import decentral_runs, decentral_table

        central, _ = load_policy(self.central)
        runs: list[dict[str, Any]] = []
        report = {"settings": settings_of(self), "scenario_fingerprint": central.scenario.fingerprint(), "runs": runs}
        for run in decentral_runs(central, central.scenario, self.fit, self.seeds, self.evaluation_episodes):
            runs.append(run)
            write_record(self.results / "decentral.json", report)
            print(f"seed {run['seed']}: {run['percent_of_central']['mean']:.1f} % of the central policy", flush=True)
        print(decentral_table(report).markdown())
