"""What a comparison found: a record per policy, as data, as a table and as files."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from edge_llm_agents.comparison.columns import comparison_table
from edge_llm_agents.records.intervals import paired_difference
from edge_llm_agents.records.record import provenance, write_record
from edge_llm_baselines.hindsight.hindsight import HindsightBounds
from edge_llm_baselines.playing.roll_out import RollOut
from edge_llm_env.dynamics.state import RESOURCES
from edge_llm_env.registration import environment
from edge_llm_env.scenarios import Scenario

BOUND = "hindsight bound"
SCHEDULE = "hindsight schedule"
"""What the records of hindsight are called."""

Form = Literal["text", "markdown", "csv", "latex"]


@dataclass(frozen=True)
class Comparison:
    """Policies side by side on the same workloads."""

    scenario: Scenario
    env_id: str
    oracle: str
    """Name of the policy that all are held against."""
    settings: Mapping[str, Any]
    policies: list[dict[str, Any]]
    """A record per policy, the most served first; `record_of` says what is in it."""
    kinds: Mapping[str, str]
    """What each policy is: oracle, rule, policy or hindsight."""

    @property
    def stem(self) -> str:
        """Name of its files: compare-<scenario>, with the environment before the scenario where bands or modules are
        divided or iterations scheduled, as scenarios are played in several of these.
        """
        entry = environment(self.env_id)
        if entry.chooses_batches:
            return f"compare-{self.scenario.name}"
        return f"compare-{entry.name.removesuffix('-v0').lower()}-{self.scenario.name}"

    def with_settings(self, settings: Mapping[str, Any]) -> Comparison:
        """The same, made with these settings."""
        return replace(self, settings=settings)

    def table(self, form: Form = "text") -> str:
        """The records as a table: text for a terminal, markdown, csv or latex."""
        table = comparison_table(self.policies, self.oracle)
        return str(getattr(table, form)())

    def to_dict(self) -> dict[str, Any]:
        """All of it as JSON can hold it: what was run, with which versions, and every episode's result."""
        return {
            "provenance": provenance(),
            "scenario": self.scenario.name,
            "scenario_fingerprint": self.scenario.fingerprint(),
            "environment": self.env_id,
            "oracle": self.oracle,
            "settings": dict(self.settings),
            "policies": self.policies,
        }

    def save(self, folder: Path | str = "results") -> list[Path]:
        """Write `stem`.json and, if Matplotlib is installed, .png; the files written."""
        file = Path(folder) / f"{self.stem}.json"
        write_record(file, self.to_dict())
        if find_spec("matplotlib") is None:
            return [file]
        from edge_llm_agents.comparison.chart import draw_chart

        draw_chart(self.policies, self.kinds, self.oracle, self.scenario.name, file.with_suffix(".png"))
        return [file, file.with_suffix(".png")]


def records_of(
    roll_outs: Mapping[str, RollOut],
    oracle: str,
    hindsight: HindsightBounds | None = None,
    alone_s: Mapping[str, float] | None = None,
) -> list[dict[str, Any]]:
    """One record per policy, the most served first, each compared with the oracle workload by workload.

    `hindsight`, of the first workloads of the roll-outs, adds a record for its bound and one for its best schedule, and
    to every record the percentage of the gap from the oracle to the bound that it closes on those workloads. `alone_s`
    has the time that a policy takes for an epoch when it decides for a single node, not for all workloads at once.
    """
    reference = roll_outs[oracle]
    records = [
        record_of(name, found.served, reference, hindsight)
        | {
            "on_time_percent": 100.0 * found.on_time,
            "mean_batch": found.mean_batch,
            "utilisation": dict(zip(RESOURCES, found.utilisation.mean(axis=0).tolist(), strict=True)),
            "decision_us": 1e6 * found.decision_s,
        }
        | ({} if alone_s is None else {"decision_alone_us": 1e6 * alone_s[name]})
        for name, found in roll_outs.items()
    ]
    if hindsight is not None:
        records.append(record_of(BOUND, hindsight.upper_bound, reference, hindsight))
        records.append(record_of(SCHEDULE, hindsight.served, reference, hindsight))
    return sorted(records, key=lambda record: -record["percent_of_oracle"])


def record_of(
    name: str, served: NDArray[np.int64], oracle: RollOut, hindsight: HindsightBounds | None
) -> dict[str, Any]:
    """What can be said of the requests served on the oracle's workloads, or on the first of them."""
    duration_s = oracle.epochs * oracle.epoch_s
    oracle_served = oracle.served[: len(served)]
    difference = paired_difference(served / duration_s, oracle_served / duration_s)
    gap_closed = None
    if hindsight is not None:
        episodes = len(hindsight.upper_bound)
        gap = int((hindsight.upper_bound - oracle.served[:episodes]).sum())
        gained = int((served[:episodes] - oracle.served[:episodes]).sum())
        gap_closed = 100.0 * gained / gap if gap > 0 else None
    return {
        "policy": name,
        "episodes": len(served),
        "throughput_per_s": float(served.mean() / duration_s),
        "difference_to_oracle_per_s": {
            part: value if math.isfinite(value) else None for part, value in difference._asdict().items()
        },
        "percent_of_oracle": 100.0 * float(served.sum() / max(1, oracle_served.sum())),
        "gap_closed_percent": gap_closed,
        "served_per_episode": served.tolist(),
    }
