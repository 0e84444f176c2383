"""The picture of the validation: predicted against measured."""

from __future__ import annotations

import math
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from edge_llm_agents.records.files import save_figure

PANELS = (
    ("decode", "decode, s per token or generation", 1.0),
    ("decode, batch > 1", "decode, batch > 1, s per pass or generation", 1.0),
    ("prefill", "prefill, s", 1.0),
    ("memory", "memory, GB", 1e-9),
)
"""Phase, what is drawn, and its unit."""

COLOURS = {
    "server-gpu": "tab:blue",
    "desktop-gpu": "tab:green",
    "laptop-gpu": "tab:olive",
    "embedded": "tab:red",
    "amd-gpu": "tab:orange",
    "intel-gpu": "tab:cyan",
    "apple": "tab:purple",
    "cpu": "tab:brown",
    "phone": "tab:pink",
}
"""Kind of a device → colour."""


def plot_validation(report: dict[str, Any], path: Path) -> bool:
    """Write a PNG of predicted against measured, each row by a fit without its board; the band has two thirds of rows.

    Takes a `validation_report`. Without Matplotlib it writes nothing and returns False.
    """
    if find_spec("matplotlib") is None:
        return False
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    from edge_llm_env.inference.catalog import load_device

    figure = Figure(figsize=(11, 10), layout="constrained")
    FigureCanvasAgg(figure)
    for axes, (phase, title, unit) in zip(figure.subplots(2, 2).flat, PANELS, strict=True):
        rows = [row for row in report["predictions"] if row["phase"] == phase and row["lengths_published"]]
        if not rows:
            continue
        measured = [unit * row["value"] for row in rows]
        ends = [0.6 * min(measured), 1.6 * max(measured)]
        factor = math.exp(report["spreads"][phase]["engine measured"])
        axes.fill_between(
            ends,
            [end / factor for end in ends],
            [end * factor for end in ends],
            color="0.9",
            label=f"factor of {factor:.2f}: two thirds of rows",
        )
        axes.plot(ends, ends, color="0.4", linewidth=1.0)
        for kind, colour in COLOURS.items():
            of_kind = [row for row in rows if load_device(row["device"]).kind == kind]
            if of_kind:
                axes.scatter(
                    [unit * row["value"] for row in of_kind],
                    [unit * row["predicted"]["device"] for row in of_kind],
                    s=14,
                    alpha=0.7,
                    linewidths=0.0,
                    color=colour,
                    label=kind,
                )
        axes.set(xscale="log", yscale="log", title=title, xlabel="measured", ylabel="predicted, device left out")
        axes.legend(fontsize=7)
    save_figure(figure, path, dpi=150)
    return True
