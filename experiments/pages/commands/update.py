"""`pages.py update`: the README's tables and the pages, from what is recorded."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from edge_llm_env.support.system.files import write_text
from experiments.pages.environments.pages import environment_pages
from experiments.pages.readme import pages_with_tables
from experiments.pages.recorded import RECORDED, recorded
from experiments.pages.scenarios import findings_elsewhere, scenario_pages
from experiments.paper.measurements import Measurements
from experiments.paper.page import paper_page


@dataclass(frozen=True)
class Update:
    """Bring the README and the pages in docs/ up to date; run it in the repository's root."""

    record: bool = False
    """First make what the last runs wrote to results/ the recorded results."""

    def run(self) -> None:
        """Update all."""
        if self.record:
            _record()
        presets, schedules, tasks = (recorded(name)["scenarios"] for name in ("scenarios", "schedules", "tasks"))
        scenarios = scenario_pages(presets, schedules, tasks, findings_elsewhere())
        pages = pages_with_tables() | environment_pages() | scenarios
        for file, page in pages.items():
            write_text(file, page)
        write_text(Path("docs/paper.md"), paper_page(Measurements.read(RECORDED / "paper" / "measurements.json")))


def _record() -> None:
    """Copy what was written to results/, and to folders of several records below it."""
    RECORDED.mkdir(parents=True, exist_ok=True)
    for file in sorted(RECORDED.parent.glob("*.*")):
        shutil.copy(file, RECORDED / file.name)
    for name in ("paper", "faults"):
        if (several := RECORDED.parent / name).is_dir():
            shutil.copytree(several, RECORDED / name, dirs_exist_ok=True)
