"""`edge-llm train tasks`: policies of agent tasks that learn from signals, with several seeds, judged."""

from __future__ import annotations

from dataclasses import dataclass, field

import tyro

from edge_llm_agents.commands.training.judged import BesideRivals, show_step
from edge_llm_agents.tasks.fitting import SignalSettings
from edge_llm_env.envs.suite import BATCH_SELECTION


@dataclass(frozen=True)
class Tasks(BesideRivals):
    """Learn with several seeds, judge each on held-out workloads, save the median one and the record of all."""

    scenario: str = "agents-signals"
    """A preset's name or the path of a TOML file."""
    learn: tyro.conf.OmitArgPrefixes[SignalSettings] = field(default_factory=SignalSettings)

    def run(self) -> None:
        """Learn, judge, save."""
        self.train(
            BATCH_SELECTION,
            self.scenario,
            self.learn,
            "tasks",
            show_step,
            overrides=self.overrides,
            hindsight_episodes=self.hindsight_episodes,
        )
