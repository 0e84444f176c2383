"""`edge-llm train schedulers`: learned schedulers of an engine's iterations with several seeds, judged."""

from __future__ import annotations

from dataclasses import dataclass, field

import tyro

from edge_llm_agents.adapters.threads import set_thread_counts
from edge_llm_agents.commands.training.judged import BesideRivals, show_served
from edge_llm_agents.scheduling.search import Progress, SchedulerSettings
from edge_llm_agents.seeded.schedulers import train_seeds
from edge_llm_env.envs.suite import CONTINUOUS_BATCHING
from edge_llm_env.scenarios import load_scenario


@dataclass(frozen=True)
class Schedulers(BesideRivals):
    """Search with several seeds, judge each on held-out workloads, save the median one and the record of all."""

    scenario: str = "chat-4090"
    """A preset's name or the path of a TOML file."""
    search: tyro.conf.OmitArgPrefixes[SchedulerSettings] = field(default_factory=SchedulerSettings)

    def run(self) -> None:
        """Search, judge, save."""
        scenario = load_scenario(self.scenario, **self.overrides)
        set_thread_counts()

        def show(seed: int, progress: Progress) -> None:
            show_served(seed, progress.generation, progress.validation_served)

        rivals = self.rivals(CONTINUOUS_BATCHING, scenario)
        runs = train_seeds(self.scenario, self.overrides, self.search, self.seeds, rivals, show)
        self.save_beside(runs, "continuous", rivals)
