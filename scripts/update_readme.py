"""Fill the README's tables and the pages in docs/ anew from the code, the presets and results/recorded/."""

from __future__ import annotations

import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

import repository  # noqa: F401 (makes experiments importable)
import tyro

from edge_llm_agents.records.files import write_text
from experiments.pages.environments import environment_pages
from experiments.pages.learned import LEARNED_PAGE, LEARNED_SECTIONS
from experiments.pages.readme import with_tables
from experiments.pages.recorded import RECORDED, recorded
from experiments.pages.scenarios import scenario_pages
from experiments.paper.measurements import Measurements
from experiments.paper.page import paper_page


@dataclass(frozen=True)
class Options:
    """Bring the README and the pages in docs/ up to date; run it in the repository's root."""

    record: bool = False
    """First make what the last runs wrote to results/ the recorded results."""


def main(options: Options) -> int:
    """Update all; the exit status."""
    if options.record:
        RECORDED.mkdir(parents=True, exist_ok=True)
        for file in sorted(RECORDED.parent.glob("*.*")):
            shutil.copy(file, RECORDED / file.name)
        if (figures := RECORDED.parent / "paper").is_dir():
            shutil.copytree(figures, RECORDED / "paper", dirs_exist_ok=True)
    readme = Path("README.md")
    try:
        write_text(readme, with_tables(readme.read_text(encoding="utf-8")))
        for file, page in (environment_pages() | scenario_pages(recorded("scenarios")["scenarios"])).items():
            write_text(file, page)
        write_text(LEARNED_PAGE, with_tables(LEARNED_PAGE.read_text(encoding="utf-8"), LEARNED_SECTIONS))
        write_text(Path("docs/paper.md"), paper_page(Measurements.read(RECORDED / "paper" / "measurements.json")))
    except (OSError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(tyro.cli(Options)))
