"""`edge-llm train racks`: learned policies of a rack's modules with several seeds, judged by what they earn."""

from __future__ import annotations

from dataclasses import dataclass, field

import tyro

from edge_llm_agents.commands.training.judged import Judged
from edge_llm_agents.racks.learning import RackSettings
from edge_llm_env.envs.suite import SCALING


@dataclass(frozen=True)
class Racks(Judged):
    """Learn with several seeds, judge each on held-out workloads, save the median one and the record of all."""

    scenario: str = "feeder-rack"
    """A preset's name or the path of a TOML file."""
    overrides: dict[str, float] = field(default_factory=dict)
    """Fields of the scenario to change, e.g. rack.idle_power_w 20."""
    learn: tyro.conf.OmitArgPrefixes[RackSettings] = field(default_factory=RackSettings)
    seeds: tuple[int, ...] = (0, 1, 2)
    """One run each."""

    def run(self) -> None:
        """Learn, judge, save."""
        self.train(SCALING, self.scenario, self.learn, "scaling", overrides=self.overrides)
