"""`edge-llm train racks`: learned policies of a rack's modules with several seeds, judged by what they earn."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import tyro

from edge_llm_agents.adapters.threads import set_thread_counts
from edge_llm_agents.evaluation.earnings import EarningRivals
from edge_llm_agents.racks.learning import RackSettings
from edge_llm_agents.seeded import racks
from edge_llm_agents.seeded.runs import save_training
from edge_llm_env.envs.suite import SCALING
from edge_llm_env.scenarios import load_scenario


@dataclass(frozen=True)
class Racks:
    """Learn with several seeds, judge each on held-out workloads, save the median one and the record of all."""

    scenario: str = "feeder-rack"
    """A preset's name or the path of a TOML file."""
    overrides: dict[str, float] = field(default_factory=dict)
    """Fields of the scenario to change, e.g. rack.idle_power_w 20."""
    name: str | None = None
    """Name of the policy and of the record; scaling-<scenario> if not given."""
    learn: tyro.conf.OmitArgPrefixes[RackSettings] = field(default_factory=RackSettings)
    seeds: tuple[int, ...] = (0, 1, 2)
    """One run each."""
    evaluation_episodes: int = 200
    """Held-out workloads that every policy is judged on."""
    results: Path = Path("results")
    """Folder of the record."""
    policies: Path = Path("results")
    """Folder of the policy; agents/edge_llm_agents/pretrained to ship it."""

    def run(self) -> None:
        """Learn, judge, save."""
        if not self.seeds:
            raise ValueError("seeds: must have at least one")
        scenario = load_scenario(self.scenario, **self.overrides)
        set_thread_counts()
        rivals = EarningRivals(SCALING, scenario, self.evaluation_episodes, seed=0)
        name = self.name or f"scaling-{scenario.name}"
        written: list[Path] = []
        for trained in racks.train_seeds(self.scenario, self.overrides, self.learn, self.seeds, rivals):
            print(racks.as_line(trained.record["runs"][-1], rivals), flush=True)
            written = save_training(trained, name, self.results, self.policies)
        print(f"written: {', '.join(map(str, written))}")
