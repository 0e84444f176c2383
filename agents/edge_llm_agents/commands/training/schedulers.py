"""`edge-llm train schedulers`: learned schedulers of an engine's iterations with several seeds, judged."""

from __future__ import annotations

from dataclasses import dataclass, field

import tyro

from edge_llm_agents.commands.training.judged import BesideRivals, show_served
from edge_llm_agents.scheduling.search import SchedulerSettings
from edge_llm_env.envs.suite import CONTINUOUS_BATCHING


@dataclass(frozen=True)
class Schedulers(BesideRivals):
    """Search with several seeds, judge each on held-out workloads, save the median one and the record of all."""

    scenario: str = "chat-4090"
    """A preset's name or the path of a TOML file."""
    search: tyro.conf.OmitArgPrefixes[SchedulerSettings] = field(default_factory=SchedulerSettings)

    def run(self) -> None:
        """Search, judge, save."""
        self.train(
            CONTINUOUS_BATCHING,
            self.scenario,
            self.search,
            "continuous",
            show_served,
            overrides=self.overrides,
            hindsight_episodes=self.hindsight_episodes,
        )
