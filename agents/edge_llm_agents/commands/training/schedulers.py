"""`edge-llm train schedulers`: learned schedulers of an engine's iterations with several seeds, judged."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from pathlib import Path

import tyro

from edge_llm_agents.adapters.threads import set_thread_counts
from edge_llm_agents.evaluation.rivals import Rivals
from edge_llm_agents.scheduling.search import Progress, SchedulerSettings
from edge_llm_agents.seeded import schedulers
from edge_llm_agents.seeded.allocations import as_line
from edge_llm_agents.seeded.runs import save_training
from edge_llm_env.envs.suite import CONTINUOUS_BATCHING
from edge_llm_env.scenarios import load_scenario


@dataclass(frozen=True)
class Schedulers:
    """Search with several seeds, judge each on held-out workloads, save the median one and the record of all."""

    scenario: str = "chat-4090"
    """A preset's name or the path of a TOML file."""
    overrides: dict[str, float] = field(default_factory=dict)
    """Fields of the scenario to change, e.g. workload.arrivals.rate_per_s 6."""
    name: str | None = None
    """Name of the policy and of the record; continuous-<scenario> if not given."""
    search: tyro.conf.OmitArgPrefixes[SchedulerSettings] = field(default_factory=SchedulerSettings)
    seeds: tuple[int, ...] = (0, 1, 2, 3, 4)
    """One run each."""
    evaluation_episodes: int = 100
    """Held-out workloads that every policy is judged on."""
    hindsight_episodes: int = 5
    """Of these, the first ones, that are also optimised in hindsight where the environment knows how; 0 for none."""
    results: Path = Path("results")
    """Folder of the record."""
    policies: Path = Path("results")
    """Folder of the policy; agents/edge_llm_agents/pretrained to ship it."""

    def run(self) -> None:
        """Search, judge, save."""
        if not self.seeds:
            raise ValueError("seeds: must have at least one")
        scenario = load_scenario(self.scenario, **self.overrides)
        set_thread_counts()

        def show(seed: int, progress: Progress) -> None:
            if progress.validation_served is not None:
                served = f"{progress.validation_served:.2f} served per episode in validation"
                print(f"seed {seed}, generation {progress.generation}: {served}", file=sys.stderr, flush=True)

        rivals = Rivals(CONTINUOUS_BATCHING, scenario, self.evaluation_episodes, self.hindsight_episodes, seed=0)
        name = self.name or f"continuous-{scenario.name}"
        written: list[Path] = []
        runs = schedulers.train_seeds(self.scenario, self.overrides, self.search, self.seeds, rivals, show)
        for trained in runs:
            print(as_line(trained.record["runs"][-1], rivals), flush=True)
            written = save_training(trained, name, self.results, self.policies)
        print(f"written: {', '.join(map(str, written))}")
