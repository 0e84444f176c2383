"""Compare the cost models with published measurements: python scripts/validate_model.py."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import repository  # noqa: F401 (makes experiments importable)
import tyro

from edge_llm_agents.records.record import write_record
from edge_llm_env.inference.validation.report import as_text, validation_report
from experiments.pages.validation_plot import plot_validation


@dataclass(frozen=True)
class Options:
    """Fit the roofline model to published measurements and print its errors, in and out of sample."""

    results: Path = Path("results")
    """Folder of validate_model.json and validate_model.png."""


def main(options: Options) -> int:
    """Fit, write and print; the exit status."""
    report = validation_report()
    write_record(options.results / "validate_model.json", report)
    plot_validation(report, options.results / "validate_model.png")
    print(as_text(report))
    return 0


if __name__ == "__main__":
    sys.exit(main(tyro.cli(Options)))
