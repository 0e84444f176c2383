"""`edge-llm train allocations`: learned allocations with several seeds, judged."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from pathlib import Path

import tyro

from edge_llm_agents.adapters.threads import set_thread_counts
from edge_llm_agents.allocations.policy import MECHANISMS
from edge_llm_agents.allocations.search import AllocationSettings, Progress
from edge_llm_agents.evaluation.rivals import Rivals
from edge_llm_agents.seeded import allocations
from edge_llm_agents.seeded.runs import save_training
from edge_llm_env.envs.suite import BANDWIDTH
from edge_llm_env.registration import environment
from edge_llm_env.scenarios import load_scenario
from edge_llm_env.support.naming import one_of


@dataclass(frozen=True)
class Allocations:
    """Search with several seeds, judge each on held-out workloads, save the median one and the record of all."""

    env: str = BANDWIDTH
    """The environment's id: Bandwidth-v0, Compute-v0 or Joint-v0."""
    scenario: str | None = None
    """A preset's name or the path of a TOML file; the environment's default if not given."""
    overrides: dict[str, float] = field(default_factory=dict)
    """Fields of the scenario to change, e.g. workload.arrivals.rate_per_s 10."""
    name: str | None = None
    """Name of the policy and of the record; bandwidth-, compute- or joint-<scenario> if not given."""
    search: tyro.conf.OmitArgPrefixes[AllocationSettings] = field(default_factory=AllocationSettings)
    seeds: tuple[int, ...] = (0, 1, 2, 3, 4)
    """One run each."""
    evaluation_episodes: int = 200
    """Held-out workloads that every policy is judged on."""
    hindsight_episodes: int = 10
    """Of these, the first ones, that are also optimised in hindsight where the environment knows how; 0 for none."""
    results: Path = Path("results")
    """Folder of the record."""
    policies: Path = Path("results")
    """Folder of the policy; agents/edge_llm_agents/pretrained to ship it."""

    def run(self) -> None:
        """Search, judge, save."""
        if not self.seeds:
            raise ValueError("seeds: must have at least one")
        entry = environment(one_of("env", self.env, MECHANISMS))
        scenario_name = self.scenario or entry.default_scenario
        scenario = load_scenario(scenario_name, **self.overrides)
        name = self.name or f"{entry.name.removesuffix('-v0').lower()}-{scenario.name}"
        set_thread_counts()

        def show(seed: int, progress: Progress) -> None:
            if progress.validation_served is not None:
                served = f"{progress.validation_served:.2f} served per episode in validation"
                print(f"seed {seed}, generation {progress.generation}: {served}", file=sys.stderr, flush=True)

        rivals = Rivals(self.env, scenario, self.evaluation_episodes, self.hindsight_episodes, seed=0)
        written: list[Path] = []
        for trained in allocations.train_seeds(scenario_name, self.overrides, self.search, self.seeds, rivals, show):
            print(allocations.as_line(trained.record["runs"][-1], rivals), flush=True)
            written = save_training(trained, name, self.results, self.policies)
        print(f"written: {', '.join(map(str, written))}")
