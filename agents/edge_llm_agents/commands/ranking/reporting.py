"""`edge-llm leaderboard report`: a page of all that was submitted."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from edge_llm_agents.protocol.report import write_report
from edge_llm_env.support.outputs import OutputFile


@dataclass(frozen=True)
class ReportPage:
    """Make a page of all records below a folder: aggregates with intervals, profiles, what learning took."""

    results: Path = Path("results/submissions")
    """Folder of the records."""
    page: OutputFile | None = None
    """Where the page goes, with a PNG of curves beside it; SUBMISSIONS.md in the folder of the records if not given."""

    def run(self) -> None:
        """Make it, say where."""
        print(f"written: {write_report(self.results, self.page or self.results / 'SUBMISSIONS.md')}")
