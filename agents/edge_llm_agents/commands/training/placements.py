"""`edge-llm train placements`: learned placement of models on nodes with several seeds, judged."""

from __future__ import annotations

from dataclasses import dataclass, field

import tyro

from edge_llm_agents.commands.training.judged import BesideRivals, show_step
from edge_llm_agents.placement.fitting import PlacementSettings
from edge_llm_env.envs.suite import MULTI_NODE


@dataclass(frozen=True)
class Placements(BesideRivals):
    """Fit with several seeds, judge each on held-out workloads, save the median one and the record of all."""

    scenario: str = "placement"
    """A preset's name or the path of a TOML file."""
    fit: tyro.conf.OmitArgPrefixes[PlacementSettings] = field(default_factory=PlacementSettings)

    def run(self) -> None:
        """Fit, judge, save."""
        self.train(
            MULTI_NODE,
            self.scenario,
            self.fit,
            "multinode",
            show_step,
            overrides=self.overrides,
            hindsight_episodes=self.hindsight_episodes,
        )
