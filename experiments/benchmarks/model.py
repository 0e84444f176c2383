"""How far off the cost models are."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from edge_llm_agents.records.record import write_record
from edge_llm_env.support.outputs import OutputFolder


@dataclass(frozen=True)
class Model:
    """Fit the roofline model to published measurements and print its errors, in and out of sample."""

    folds: int | None = None
    """Parts that boards are divided into; each is left out in turn. Without it each board is."""
    source_folds: int = 8
    """The same of sources."""
    model_folds: int = 12
    """The same of decoders."""
    write_factors: bool = False
    """Store the fitted factors, the spreads of predictions and what residuals have in common for the package to use."""
    held_engines: tuple[str, ...] = ()
    """Engines whose stored costs stay as they are where factors are written, so that scenarios on them do not move."""
    results: OutputFolder = Path("results")
    """Folder of validate_model.json, validate_model.png and validation/rows.json."""

    def run(self) -> None:
        """Fit, write and print."""
        from edge_llm_env.inference.factors.fitted import FITTED_FILE, fitted_effects
        from edge_llm_env.inference.validation.fitting import factors_record
        from edge_llm_env.inference.validation.measurements import published_measurements
        from edge_llm_env.inference.validation.report import validation_report
        from experiments.pages.pictures.validation_plot import plot_validation
        from experiments.pages.validation_tables import as_text

        rows = published_measurements()
        report = validation_report(rows, folds=self.folds, source_folds=self.source_folds, model_folds=self.model_folds)
        if self.write_factors:
            record = factors_record(rows, report["spreads"], report["alike"], self.held_engines, fitted_effects())
            Path(str(FITTED_FILE)).write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
        plot_validation(report, self.results / "validate_model.png")
        write_record(self.results / "validation" / "rows.json", {"predictions": report.pop("predictions")})
        write_record(self.results / "validate_model.json", report)
        print(as_text(report))
