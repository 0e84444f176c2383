"""`edge-llm train structured`: networks over the requests of an epoch with several seeds, judged."""

from __future__ import annotations

from dataclasses import dataclass, field

import tyro

from edge_llm_agents.commands.training.judged import show_line
from edge_llm_agents.commands.training.runs import BesideDFTSP
from edge_llm_agents.structured.learning import Progress
from edge_llm_agents.structured.settings import StructuredSettings
from edge_llm_env.envs.suite import BATCH_SELECTION


@dataclass(frozen=True)
class Structured(BesideDFTSP):
    """Learn with several seeds, judge each on held-out workloads, save the median one and the record of all."""

    scenario: str = "embedding-uplink"
    """A preset's name or the path of a TOML file."""
    overrides: dict[str, float] = field(default_factory=dict)
    """Fields of the scenario to change, e.g. workload.arrivals.rate_per_s 10."""
    learn: tyro.conf.OmitArgPrefixes[StructuredSettings] = field(default_factory=StructuredSettings)

    def run(self) -> None:
        """Learn, judge, save."""
        self.train(
            BATCH_SELECTION,
            self.scenario,
            self.learn,
            "structured",
            show_round,
            overrides=self.overrides,
            hindsight_episodes=self.hindsight_episodes,
        )


def show_round(seed: int, progress: Progress) -> None:
    """Tell who watches what each round reaches in validation."""
    loss = "" if progress.loss is None else f", loss {progress.loss:.4f}"
    percent = f"{progress.validation_percent_of_dftsp:.3f} % of DFTSP in validation"
    show_line(f"seed {seed}, round {progress.round}: {percent}{loss}")
