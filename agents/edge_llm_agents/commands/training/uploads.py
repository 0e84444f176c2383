"""`edge-llm train uploads`: orders of uploads along a road with several seeds, judged."""

from __future__ import annotations

from dataclasses import dataclass, field

import tyro

from edge_llm_agents.commands.training.judged import BesideRivals, show_served
from edge_llm_agents.uploads.order import starting_point
from edge_llm_agents.uploads.policy import LearnedUploads
from edge_llm_agents.uploads.search import UploadSettings
from edge_llm_env.envs.suite import BANDWIDTH
from edge_llm_env.scenarios import load_scenario


@dataclass(frozen=True)
class Uploads(BesideRivals):
    """Search with several seeds, judge each on held-out workloads, save the median one and the record of all."""

    scenario: str = "mobile-uplink"
    """A preset's name or the path of a TOML file."""
    evaluation_episodes: int = 200
    """Held-out workloads that every policy is judged on."""
    hindsight_episodes: int = 10
    """Of these, the first ones, that are also optimised in hindsight; 0 for none."""
    search: tyro.conf.OmitArgPrefixes[UploadSettings] = field(default_factory=UploadSettings)

    def run(self) -> None:
        """Search, judge, save."""
        LearnedUploads(starting_point(1.0), load_scenario(self.scenario, **self.overrides))  # before anything is played
        self.train(
            BANDWIDTH,
            self.scenario,
            self.search,
            "bandwidth",
            show_served,
            overrides=self.overrides,
            hindsight_episodes=self.hindsight_episodes,
        )
