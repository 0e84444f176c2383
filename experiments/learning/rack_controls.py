"""Controls of learning how many modules of a rack are on: worlds like `feeder-rack` in which it is worth little."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import tyro

from edge_llm_agents.evaluation.judges import judge_of
from edge_llm_agents.racks.learning import RackSettings
from edge_llm_agents.records.intervals import Interval
from edge_llm_agents.records.record import write_record
from edge_llm_agents.seeded.training import train_seeds
from edge_llm_baselines.registry.registered import baselines_of
from edge_llm_env.envs.suite import SCALING
from edge_llm_env.scenarios import load_scenario
from edge_llm_env.support.naming import one_of
from edge_llm_env.support.outputs import OutputFolder
from edge_llm_env.support.tables import NO_VALUE, Table

WORLD = "feeder-rack"
"""What controls change."""

DAY = "diurnal-rack"
"""Whose day two of them have."""


class Control(NamedTuple):
    """What is changed, and what is left to learn by that."""

    says: str
    changed: dict[str, Any]
    of_day: dict[str, Any] | None = None
    """What is changed of the arrivals of `DAY`; None where the world keeps its own."""

    def overrides(self) -> dict[str, Any]:
        """Of the world's fields, the day read from its preset."""
        if self.of_day is None:
            return self.changed
        day = load_scenario(DAY)
        arrivals = day.workload.arrivals.model_dump() | self.of_day
        return self.changed | {"workload.arrivals": arrivals, "rack.day_s": day.rack.day_s}


CONTROLS = {
    "quick start": Control(
        "a module starts in 5 s, an epoch",
        {"node.engine_start_s": 3.8, "node.storage_bandwidth_bytes_per_s": 5e9},
    ),
    "nothing seen": Control(
        "feeder cells count as much without a crowd as with one", {"workload.arrivals.seen_crowd_per_s": 0.2}
    ),
    "no decoys": Control(
        "three feeder cells, and each announces crowds",
        {"workload.arrivals.lags_s": [85.0, 110.0, 75.0], "workload.arrivals.shares": [1.0, 1.0, 1.0]},
    ),
    "day": Control("a plain day and night, no crowds", {}, of_day={}),
    "day with bursts": Control(
        "a day and night, and crowds that nobody announces",
        {},
        of_day={"kind": "diurnal_bursts", "rate_per_s": 3.0, "burst_rate_per_s": 5.4}
        | {"mean_burst_s": 120.0, "mean_calm_s": 450.0},
    ),
}
"""By their names in records."""


def measure_controls(
    names: Sequence[str], settings: RackSettings, seeds: Sequence[int], episodes: int
) -> Iterator[tuple[str, dict[str, Any]]]:
    """The record of learning in each of these worlds, as `edge-llm train racks` writes it of a preset."""
    for name in names:
        overrides = CONTROLS[name].overrides()
        judge = judge_of(SCALING, load_scenario(WORLD, **overrides), episodes)
        *_, trained = train_seeds(WORLD, overrides, settings, seeds, judge)
        yield name, trained.record


def controls_table(world: Mapping[str, Any], controls: Mapping[str, Any]) -> Table:
    """What learning is worth in the world itself and in each control, of their records."""
    rows = [(f"`{WORLD}`", NO_VALUE, *_cells(world))]
    rows += [(name, CONTROLS[name].says, *_cells(record)) for name, record in controls.items()]
    headings = (
        "world",
        "what is changed",
        "workloads, seeds",
        "best tuned rule",
        "reward",
        "learned, above it",
        "gap closed, %",
        "served, %",
        "modules on",
        "clairvoyant",
    )
    return Table(headings, rows)


def _cells(record: Mapping[str, Any]) -> tuple[str, ...]:
    """The best rule, and the median seed's policy beside it."""
    references = record["references"]
    rule = references["rules"][references["best_rule"]]
    (learned,) = (run for run in record["runs"] if run["seed"] == record["median_seed"])
    above = Interval(**learned["difference_to_best_rule"])
    return (
        f"{references['episodes']}, {len(record['runs'])}",
        baselines_of(record["environment"]).rules[references["best_rule"]].name,
        f"{rule['reward']:.0f}",
        above.times(100.0 / rule["reward"]).text("+.1f") + " %",
        f"{learned['gap_closed_percent']:.0f}",
        f"{rule['served_percent']:.1f}, {learned['served_percent']:.1f}",
        f"{rule['modules']:.2f}, {learned['modules']:.2f}",
        f"{references['most_reward']:.0f}",
    )


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
    results: OutputFolder = Path("results")
    """Folder of rack_controls.json."""

    def run(self) -> None:
        """Learn, judge, write after each."""
        if not self.seeds:
            raise ValueError("seeds: must have at least one")
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
