"""`edge-llm train allocations`: learned allocations with several seeds, judged."""

from __future__ import annotations

from dataclasses import dataclass, field

import tyro

from edge_llm_agents.allocations.policy import MECHANISMS
from edge_llm_agents.allocations.search import AllocationSettings
from edge_llm_agents.commands.training.judged import BesideRivals, show_served
from edge_llm_env.envs.suite import BANDWIDTH
from edge_llm_env.registration import environment
from edge_llm_env.support.naming import one_of


@dataclass(frozen=True)
class Allocations(BesideRivals):
    """Search with several seeds, judge each on held-out workloads, save the median one and the record of all."""

    env: str = BANDWIDTH
    """The environment's id: Bandwidth-v0, Compute-v0 or Joint-v0."""
    scenario: str | None = None
    """A preset's name or the path of a TOML file; the environment's default if not given."""
    evaluation_episodes: int = 200
    """Held-out workloads that every policy is judged on."""
    hindsight_episodes: int = 10
    """Of these, the first ones, that are also optimised in hindsight where the environment knows how; 0 for none."""
    search: tyro.conf.OmitArgPrefixes[AllocationSettings] = field(default_factory=AllocationSettings)

    def run(self) -> None:
        """Search, judge, save."""
        entry = environment(one_of("env", self.env, MECHANISMS))
        self.train(
            self.env,
            self.scenario or entry.default_scenario,
            self.search,
            entry.name.removesuffix("-v0").lower(),
            show_served,
            overrides=self.overrides,
            hindsight_episodes=self.hindsight_episodes,
        )
