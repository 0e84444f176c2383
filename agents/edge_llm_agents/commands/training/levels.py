"""`edge-llm train levels`: modules that serve by levels with several seeds, judged by what they earn."""

from __future__ import annotations

from dataclasses import dataclass, field

import tyro

from edge_llm_agents.adapters.threads import set_thread_counts
from edge_llm_agents.allocations.search import AllocationSettings
from edge_llm_agents.commands.training.judged import Judged, show_line, show_served
from edge_llm_agents.evaluation.judges import judge_of
from edge_llm_agents.seeded.levels import judge_saved, saved_modules
from edge_llm_env.envs.suite import SERVICE_LEVEL
from edge_llm_env.scenarios import load_scenario
from edge_llm_env.support.naming import shown


@dataclass(frozen=True)
class Levels(Judged):
    """Search with several seeds, judge each on held-out workloads, save the median one and the record of all."""

    scenario: str = "specialists"
    """A preset's name or the path of a TOML file."""
    overrides: dict[str, float] = field(default_factory=dict)
    """Fields of the scenario to change, e.g. workload.arrivals.rate_per_s 6."""
    modules: str | None = None
    """A saved policy of Compute-v0 whose modules are judged; a search finds them with every seed if not given."""
    search: tyro.conf.OmitArgPrefixes[AllocationSettings] = field(default_factory=AllocationSettings)

    def run(self) -> None:
        """Search, judge, save."""
        if self.modules is None:
            self.train(SERVICE_LEVEL, self.scenario, self.search, "levels", show_served, overrides=self.overrides)
            return
        if (self.seeds, self.search) != (Judged.seeds, AllocationSettings()):
            raise ValueError(f"modules = {shown(self.modules)}: must be left out where seeds or the search are given")
        scenario = load_scenario(self.scenario, **self.overrides)
        set_thread_counts()
        saved = saved_modules(self.modules, scenario)  # refused, where they do not fit, before rules are tuned
        judge = judge_of(SERVICE_LEVEL, scenario, self.evaluation_episodes, tell=show_line)
        self.save(judge_saved(self.scenario, self.overrides, saved, judge), "levels", judge)
