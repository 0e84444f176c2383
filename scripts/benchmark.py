"""Measure the environments' speed and print it as JSON: python scripts/benchmark.py."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import repository  # noqa: F401 (makes experiments importable)
import tyro

from edge_llm_agents.records.record import write_record
from experiments.speed.environments import benchmark


@dataclass(frozen=True)
class Options:
    """Measure steps per second of every environment, import time and first compilation."""

    scenario: str = "carry-over"
    """A preset's name."""
    rows: int = 1024
    """NodeState of the vector environment."""
    seconds: float = 5.0
    """Duration of each measurement."""
    repeats: int = 3
    """Measurements of each speed; the median is reported with the least and the most."""
    results: Path = Path("results")
    """Folder of benchmark.json."""


def main(options: Options) -> int:
    """Measure, write and print; the exit status."""
    try:
        report = benchmark(options.scenario, rows=options.rows, seconds=options.seconds, repeats=options.repeats)
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(write_record(options.results / "benchmark.json", report), end="")
    return 0


if __name__ == "__main__":
    sys.exit(main(tyro.cli(Options)))
