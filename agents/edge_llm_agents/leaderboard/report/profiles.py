"""Performance profiles of an environment's policies, drawn."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from edge_llm_agents.leaderboard.report.boards import Board
from edge_llm_agents.records.aggregates import interquartile_mean, interval, performance_profile
from edge_llm_agents.records.files import save_figure

NEAR = (90.0, 112.0)
"""Scores that the right panel shows: what the left one shows of them is too narrow to read."""


def draw_profiles(board: Board, folder: Path) -> Path:
    """Draw the profiles of the policies that have played all scenarios, with their 95 % bands; the file written."""
    scenarios, policies = board.groups()[0]
    scores = {name: board.scores(name, scenarios) for name in policies}
    ranked = sorted(policies, key=lambda name: -float(interquartile_mean(scores[name])))
    figure = Figure(figsize=(10, 4.2), layout="constrained")
    FigureCanvasAgg(figure)
    panels = figure.subplots(1, 2, sharey=True)
    most = max(NEAR[1], *(float(one.max()) for one in scores.values()))
    for axes, ends in zip(panels, ((0.0, most), NEAR), strict=True):
        thresholds = np.linspace(*ends, 201)
        for at, name in enumerate(ranked):
            colour, style = f"C{at % 10}", "--" if name == board.reference else "-"
            axes.plot(thresholds, performance_profile(scores[name], thresholds), style, color=colour, label=name)
            low, high = interval(lambda one, at=thresholds: performance_profile(one, at), scores[name], resamples=500)
            axes.fill_between(thresholds, low, high, color=colour, alpha=0.2, linewidth=0)
        axes.set_xlim(*ends)
        axes.set_xlabel("score τ")
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(alpha=0.3)
    panels[0].set_ylabel("fraction of runs above τ")
    panels[1].set_title("near the reference", fontsize=10)
    panels[0].set_title(f"{board.environment}, {len(scenarios)} scenario{'s' * (len(scenarios) > 1)}", fontsize=10)
    figure.supxlabel(f"τ is in % of {board.reference} on the same workload", fontsize=10)
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside right upper", fontsize=9, frameon=False)
    file = folder / board.picture
    save_figure(figure, file, dpi=80)
    return file
