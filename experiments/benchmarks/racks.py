"""Where learning how many modules of a rack are on is worth little."""

from __future__ import annotations

import sys
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import tyro

from edge_llm_agents.racks.learning import RackSettings
from edge_llm_agents.records.record import write_record
from edge_llm_env.support.naming import one_of


@dataclass(frozen=True)
class RackControls:
    """Learn in worlds like feeder-rack that lack what makes learning pay, and hold it against all rules there.

    Writes rack_controls.json after each and prints the line of each policy.
    """

    controls: tuple[str, ...] = ()
    """See `experiments.learning.rack_controls.CONTROLS`; all of them if none is given."""
    learn: tyro.conf.OmitArgPrefixes[RackSettings] = field(default_factory=RackSettings)
    seeds: tuple[int, ...] = (0,)
    """One policy each."""
    evaluation_episodes: int = 100
    """Held-out workloads."""
    results: Path = Path("results")
    """Folder of rack_controls.json."""

    def run(self) -> None:
        """Learn, judge, write after each."""
        from experiments.learning.rack_controls import CONTROLS, measure_controls

        names = self.controls or tuple(CONTROLS)
        for name in names:
            one_of("controls", name, CONTROLS)
        measured: dict[str, Any] = {}
        settings = {key: value for key, value in asdict(self).items() if key != "results"} | {"controls": list(names)}
        for name, record in measure_controls(names, self.learn, self.seeds, self.evaluation_episodes):
            measured[name] = record
            write_record(self.results / "rack_controls.json", {"settings": settings, "controls": measured})
            (median,) = (run for run in record["runs"] if run["seed"] == record["median_seed"])
            rule = record["references"]["best_rule"]
            print(f"{name}: reward {median['reward']:.1f}, best rule {rule}", file=sys.stderr, flush=True)
