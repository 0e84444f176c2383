"""`edge-llm train placements`: learned placement of models on nodes with several seeds, judged."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from pathlib import Path

import tyro

from edge_llm_agents.adapters.threads import set_thread_counts
from edge_llm_agents.evaluation.rivals import Rivals
from edge_llm_agents.placement.fitting import PlacementSettings
from edge_llm_agents.seeded import placements
from edge_llm_agents.seeded.allocations import as_line
from edge_llm_agents.seeded.runs import save_training
from edge_llm_env.envs.suite import MULTI_NODE
from edge_llm_env.scenarios import load_scenario

SHOWN_EVERY = 1000
"""Steps."""


@dataclass(frozen=True)
class Placements:
    """Fit with several seeds, judge each on held-out workloads, save the median one and the record of all."""

    scenario: str = "placement"
    """A preset's name or the path of a TOML file."""
    overrides: dict[str, float] = field(default_factory=dict)
    """Fields of the scenario to change, e.g. network.backhaul_s 0.1."""
    name: str | None = None
    """Name of the policy and of the record; multinode-<scenario> if not given."""
    fit: tyro.conf.OmitArgPrefixes[PlacementSettings] = field(default_factory=PlacementSettings)
    seeds: tuple[int, ...] = (0, 1, 2, 3, 4)
    """One run each."""
    evaluation_episodes: int = 100
    """Held-out workloads that every policy is judged on."""
    hindsight_episodes: int = 5
    """Of these, the first ones, that are also optimised in hindsight where the environment knows how; 0 for none."""
    results: Path = Path("results")
    """Folder of the record."""
    policies: Path = Path("results")
    """Folder of the policy; agents/edge_llm_agents/pretrained to ship it."""

    def run(self) -> None:
        """Fit, judge, save."""
        if not self.seeds:
            raise ValueError("seeds: must have at least one")
        scenario = load_scenario(self.scenario, **self.overrides)
        set_thread_counts()

        def show(seed: int, step: int) -> None:
            if step % SHOWN_EVERY == 0:
                print(f"seed {seed}, step {step}", file=sys.stderr, flush=True)

        rivals = Rivals(MULTI_NODE, scenario, self.evaluation_episodes, self.hindsight_episodes, seed=0)
        name = self.name or f"multinode-{scenario.name}"
        written: list[Path] = []
        runs = placements.train_seeds(self.scenario, self.overrides, self.fit, self.seeds, rivals, show)
        for trained in runs:
            print(as_line(trained.record["runs"][-1], rivals), flush=True)
            written = save_training(trained, name, self.results, self.policies)
        print(f"written: {', '.join(map(str, written))}")
