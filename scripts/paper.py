"""Reproduce the evaluation of arXiv 2405.07140 as far as it is public: python scripts/paper.py."""

from __future__ import annotations

import sys
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path

import one_thread  # noqa: F401 (before NumPy: CPU times are of one thread)
import repository  # noqa: F401 (makes experiments importable)
from tqdm import tqdm

from edge_llm_agents.commands.running import run_options
from edge_llm_env.support.outputs import OutputFolder
from edge_llm_env.support.system.files import write_text
from experiments.paper.measurements import Effort, begun, measure_points
from experiments.paper.plots import plot_figure
from experiments.paper.points import FIGURES, all_points
from experiments.paper.tables import as_csv
from experiments.speed.exact.solvers import PAPER_SCENARIOS


@dataclass(frozen=True)
class Paper(Effort):
    """Measure the points of each figure and write it as CSV and PNG; what an earlier run measured is kept.

    `scripts/pages.py --record` makes docs/paper.md of it.
    """

    figures: tuple[str, ...] = FIGURES
    """Which figures."""
    presets: tuple[str, ...] = PAPER_SCENARIOS
    """Which of the paper's presets."""
    results: OutputFolder = Path("results/paper")
    """Folder of measurements.json, and of a .csv and a .png for each figure."""

    def run(self) -> None:
        """Measure, write after each point, then the figures."""
        file = self.results / "measurements.json"
        points = all_points(self.presets, self.figures)
        effort = Effort(**{name: value for name, value in asdict(self).items() if name in Effort.__annotations__})
        measured = begun(file, effort)
        steps = measure_points(points, measured, lambda so_far: so_far.write(file))
        try:
            new = sum(is_new for _, is_new in tqdm(steps, total=len(points), disable=None))
        except KeyboardInterrupt:
            kept = f"interrupted; {file} keeps what was measured, the same command goes on"
            raise KeyboardInterrupt(kept) from None
        for figure in self.figures:
            found = measured.of(all_points(figures=(figure,)))
            write_text(self.results / f"{figure}.csv", as_csv(found))
            if find_spec("matplotlib") is not None:
                plot_figure(found, effort, self.results / f"{figure}.png")
        print(f"{new} of {len(points)} points measured, {len(points) - new} kept; written: {self.results}")


if __name__ == "__main__":
    sys.exit(run_options("paper.py", Paper))
