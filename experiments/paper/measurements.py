"""Measuring the points of the paper's figures, each once: what is measured already with equal settings is kept."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from edge_llm_agents.records.record import NoRecordError, read_record, write_record
from edge_llm_baselines.playing.policy import EpochPolicy
from edge_llm_baselines.playing.roll_out import roll_out
from edge_llm_env.dynamics.state import RESOURCES
from edge_llm_env.envs.suite import BATCH_SELECTION
from edge_llm_env.scenarios import Scenario
from edge_llm_env.workload.streams import draw_workloads
from experiments.paper.points import SOLVERS, Point
from experiments.speed.exact.search_effort import search_effort

Record = dict[str, Any]
"""What was measured of a point, as JSON can hold it: counts per workload, and CPU times."""


@dataclass(frozen=True)
class Effort:
    """How much is measured of each point. Raises ValueError for less than one of anything."""

    episodes: int = 40
    """Workloads that every policy plays, the same for all."""
    search_episodes: int = 10
    """Workloads on which the nodes of exact searches are counted."""
    search_epochs: int = 5
    """Epochs of each of those."""
    node_limit: int = 200_000
    """Nodes that a search may take in an epoch."""
    epochs: int | None = None
    """Epochs of the workloads that are played; if not given, the preset's."""
    seed: int = 0
    """Sets the workloads."""

    def __post_init__(self) -> None:
        for name in ("episodes", "search_episodes", "search_epochs", "node_limit"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} = {getattr(self, name)}: must be at least 1")


@dataclass(frozen=True)
class Measurements:
    """What has been measured with one effort, by the points' keys."""

    effort: Effort
    records: dict[str, Record] = field(default_factory=dict)

    @classmethod
    def read(cls, file: Path) -> Measurements:
        """What `write` wrote. Raises OSError or ValueError for a file that cannot be read or is none of these."""
        try:
            content = read_record(file)
            return cls(Effort(**content["effort"]), content["records"])
        except (NoRecordError, KeyError, TypeError) as error:
            raise ValueError(f"{file}: holds no measurements of the paper's figures ({error!r})") from None

    def write(self, file: Path) -> None:
        """Write all, in the order of measuring."""
        write_record(file, {"effort": asdict(self.effort), "records": self.records})

    def of(self, points: Iterable[Point]) -> list[tuple[Point, Record]]:
        """Points that have been measured, with their records."""
        return [(point, self.records[point.key]) for point in points if point.key in self.records]


def begun(file: Path, effort: Effort) -> Measurements:
    """What a file holds, to be gone on with; nothing if there is none.

    Raises ValueError if it was measured with another effort.
    """
    if not file.exists():
        return Measurements(effort)
    found = Measurements.read(file)
    for name, value in asdict(effort).items():
        if getattr(found.effort, name) != value:
            raise ValueError(
                f"{name} = {value}: {file} was measured with {getattr(found.effort, name)}; "
                "give the same, or another folder"
            )
    return found


def measure_points(
    points: Iterable[Point], measured: Measurements, save: Callable[[Measurements], None]
) -> Iterator[tuple[Point, bool]]:
    """Measure the points that have no record of the same scenario and policies, adding each and saving all.

    Yields each point and whether it had to be measured.
    """
    for point in points:
        scenario = point.scenario(measured.effort.epochs)
        found = measured.records.get(point.key, {})
        new = (
            found.get("fingerprint") != scenario.fingerprint()
            or tuple(found.get("served", ())) != point.policies
            or ("searches" in found) != point.searches
        )
        if new:
            measured.records[point.key] = measure(point, scenario, measured.effort)
            save(measured)
        yield point, new


def measure(point: Point, scenario: Scenario, effort: Effort) -> Record:
    """Per workload: requests served by each policy; nodes, CPU time and epochs cut short of each search."""
    record: Record = {"fingerprint": scenario.fingerprint()}
    if point.policies:
        workloads = draw_workloads(scenario, effort.episodes, effort.seed)
        results = {}
        for name in point.policies:
            solver = SOLVERS[name](scenario)
            results[name] = roll_out(
                lambda env, solver=solver: EpochPolicy(solver, env),  # type: ignore[misc]
                BATCH_SELECTION,
                scenario,
                workloads,
            )
        used = results[point.policies[0]].utilisation.mean(axis=0)
        record |= {
            "duration_s": scenario.epoch.episode_epochs * scenario.epoch.epoch_s,
            "beyond_visible": sum(int(result.beyond_visible.sum()) for result in results.values()),
            "utilisation": {name: round(float(share), 5) for name, share in zip(RESOURCES, used, strict=True)},
            "served": {name: result.served.tolist() for name, result in results.items()},
        }
    if point.searches:
        short = point.scenario(effort.search_epochs)
        found = [
            search_effort(short, node_limit=effort.node_limit, seed=effort.seed + workload)
            for workload in range(effort.search_episodes)
        ]
        record["candidates"] = [one.candidates for one in found]
        record["searches"] = {
            name: {
                "nodes": [one.nodes[name] for one in found],
                "seconds": [round(one.seconds[name], 7) for one in found],
                "stopped": [one.stopped[name] for one in found],
            }
            for name in found[0].nodes
        }
    return record
