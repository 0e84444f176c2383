"""The picture of all curves of learning: how much of the reference rule is reached after how many decisions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import Any

from edge_llm_agents.protocol.scores import Compared, Entrant
from edge_llm_agents.records.files import save_figure

COLUMNS = 3


def plot_curves(tasks: Sequence[Compared], path: Path) -> bool:
    """Write a PNG with a panel for each task in which somebody has a curve.

    Without any, or without Matplotlib, it writes nothing and returns False.
    """
    learned = {task: curves for task in range(len(tasks)) if (curves := _curves(tasks[task]))}
    if not learned or find_spec("matplotlib") is None:
        return False
    from matplotlib import colormaps
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    families = sorted({_family(name) for curves in learned.values() for name in curves})
    colours = {family: colormaps["tab10"](at % 10) for at, family in enumerate(families)}
    columns = min(COLUMNS, len(learned))
    rows = -(-len(learned) // columns)
    figure = Figure(figsize=(4.2 * columns, 3.0 * rows + 0.7), layout="constrained")
    FigureCanvasAgg(figure)
    panels = list(figure.subplots(rows, columns, squeeze=False).flat)
    lines = {}
    for axes, (at, curves) in zip(panels, learned.items(), strict=False):
        task = tasks[at]
        axes.axhline(100.0, color="0.4", linewidth=1.0, linestyle=":")
        for name, curve in curves.items():
            marker = "o" if len(curve) == 1 else None
            style = "-" if name == _family(name) else "--"
            colour = colours[_family(name)]
            (lines[name],) = axes.plot(list(curve), list(curve.values()), style, color=colour, marker=marker)
        title = f"{task.environment.rpartition('/')[2]}, {task.scenario}"
        axes.set(xscale="log", title=title, xlabel="decisions", ylabel=f"% of {task.reference_name}")
        axes.title.set_fontsize(10)
        axes.yaxis.label.set_fontsize(8)
    for axes in panels[len(learned) :]:
        axes.set_visible(False)
    names = sorted(lines)
    figure.legend([lines[name] for name in names], names, loc="outside lower center", ncols=6, fontsize=8)
    save_figure(figure, path, dpi=110)
    return True


def _family(name: str) -> str:
    """What an algorithm is called without what stands in brackets, which is its network."""
    return name.partition(" (")[0]


def _curves(task: Compared) -> dict[str, dict[float, float]]:
    """Curves of those who have one, by name."""
    return {one.name: curve for one in task.entrants if (curve := median_curve(one))}


def median_curve(entrant: Entrant) -> dict[float, float]:
    """By decisions, the median over training seeds of what is reached; points that all of them have."""
    curves: list[Mapping[float, Any]] = [
        {point["decisions"]: point["percent_of_reference"] for point in run["curve"]} for run in entrant.runs
    ]
    shared = set(curves[0]).intersection(*curves[1:])
    return {decisions: float(median(curve[decisions] for curve in curves)) for decisions in sorted(shared)}
