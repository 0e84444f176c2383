"""`edge-llm train placement-searches`: placement of models on nodes found by search with several seeds, judged."""

from __future__ import annotations

from dataclasses import dataclass, field

import tyro

from edge_llm_agents.commands.training.judged import BesideRivals, show_served
from edge_llm_agents.placement.search import PlacementSearchSettings
from edge_llm_env.envs.suite import MULTI_NODE


@dataclass(frozen=True)
class PlacementSearches(BesideRivals):
    """Search with several seeds, judge each on held-out workloads, save the median one and the record of all."""

    scenario: str = "placement"
    """A preset's name or the path of a TOML file."""
    search: tyro.conf.OmitArgPrefixes[PlacementSearchSettings] = field(default_factory=PlacementSearchSettings)

    def run(self) -> None:
        """Search, judge, save."""
        self.train(
            MULTI_NODE,
            self.scenario,
            self.search,
            f"multinode-{self.search.sees}",
            show_served,
            overrides=self.overrides,
            hindsight_episodes=self.hindsight_episodes,
        )
