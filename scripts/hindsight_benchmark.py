"""Measure hindsight's bounds and print them as JSON: python scripts/hindsight_benchmark.py."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import repository  # noqa: F401 (makes experiments importable)
import tyro

from edge_llm_agents.records.record import write_record
from experiments.speed.hindsight import hindsight_benchmark


@dataclass(frozen=True)
class Options:
    """Compare hindsight's schedule and bound with DFTSP and the look-ahead rule, workload by workload."""

    scenario: str = "carry-over"
    """A preset's name."""
    rates_per_s: tuple[float, ...] = (5.0, 10.0)
    """Arrival rates, requests/s."""
    episodes: int = 20
    """Workloads per rate."""
    seed: int = 0
    """Sets the workloads."""
    results: Path = Path("results")
    """Folder of hindsight_benchmark.json."""


def main(options: Options) -> int:
    """Measure, write and print; the exit status."""
    try:
        report = hindsight_benchmark(options.scenario, options.rates_per_s, options.episodes, options.seed)
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(write_record(options.results / "hindsight_benchmark.json", report), end="")
    return 0


if __name__ == "__main__":
    sys.exit(main(tyro.cli(Options)))
