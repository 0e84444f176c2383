"""`train.py bids`: bids that are searched for, where several nodes place nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from edge_llm_agents.records.record import settings_of, write_record
from edge_llm_agents.value_search.cross_entropy import CrossEntropySettings, check_generations
from edge_llm_env.support.outputs import OutputFolder


@dataclass(frozen=True)
class Bids:
    """Search for bids of nodes from equal ones on, and hold them against GAH on held-out workloads."""

    scenario: str = "hotspot"
    """A preset's name or the path of a TOML file."""
    seeds: tuple[int, ...] = (0, 1, 2)
    """One search each."""
    generations: int = 10
    """Of candidates."""
    episodes: int = 3
    """Workloads of a generation, the same for all its candidates, others for the next."""
    cross_entropy: CrossEntropySettings = field(default_factory=lambda: CrossEntropySettings(20, 5, 0.6, 0.3, 0.05))
    """The search itself."""
    validate_every: int = 5
    """Generations between validations."""
    validation_episodes: int = 20
    """Workloads that choose among the means."""
    evaluation_episodes: int = 50
    """Held-out workloads."""
    results: OutputFolder = Path("results")
    """Folder of bids.json."""

    def __post_init__(self) -> None:
        check_generations(self)
        if self.evaluation_episodes < 1:
            raise ValueError(f"evaluation_episodes = {self.evaluation_episodes}: must be at least 1")

    def run(self) -> None:
        """Search, judge, write after each seed, print."""
        from edge_llm_env import load_scenario
        from experiments.learning.networks.bids import bids_runs, bids_table

        scenario = load_scenario(self.scenario)
        runs: list[dict[str, Any]] = []
        report = {"settings": settings_of(self), "scenario_fingerprint": scenario.fingerprint(), "runs": runs}
        for run in bids_runs(scenario, self, self.seeds, self.evaluation_episodes):
            runs.append(run)
            write_record(self.results / "bids.json", report)
            print(bids_table(report).markdown(), flush=True)
