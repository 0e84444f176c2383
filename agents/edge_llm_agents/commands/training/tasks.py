"""`edge-llm train tasks` and `calls`: policies of agent tasks, from signals and by search, several seeds, judged."""

from __future__ import annotations

from dataclasses import dataclass, field

import tyro

from edge_llm_agents.calls.search import CallSettings, check_counts
from edge_llm_agents.commands.training.judged import BesideRivals, show_served, show_step
from edge_llm_agents.tasks.fitting import SignalSettings
from edge_llm_env.envs.suite import BATCH_SELECTION, CONTINUOUS_BATCHING
from edge_llm_env.scenarios import load_scenario
from edge_llm_env.support.naming import one_of


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


@dataclass(frozen=True)
class Calls(BesideRivals):
    """Search with several seeds, judge each on held-out workloads, save the median one and the record of all."""

    env: str = BATCH_SELECTION
    """That of batches for values of calls, that of an engine for their order there."""
    scenario: str = "agents-chain"
    """A preset's name or the path of a TOML file."""
    search: tyro.conf.OmitArgPrefixes[CallSettings] = field(default_factory=CallSettings)

    def run(self) -> None:
        """Search, judge, save."""
        env_id = one_of("env", self.env, (BATCH_SELECTION, CONTINUOUS_BATCHING))
        check_counts(load_scenario(self.scenario, **self.overrides))  # before anything is played
        self.train(
            env_id,
            self.scenario,
            self.search,
            "calls",
            show_served,
            overrides=self.overrides,
            hindsight_episodes=self.hindsight_episodes,
        )
