"""The picture of the validation: predicted against measured."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

MARKERS = {"prefill": "o", "decode": "s", "decode, batch > 1": "^", "memory": "o"}
SPREAD = 0.2
"""Half width of the band around a perfect prediction."""


def plot_validation(report: dict[str, Any], path: Path) -> bool:
    """Write a PNG of predicted against measured: the roofline model fitted to other devices, and FLOPs alone.

    Takes a `validation_report`. Without Matplotlib it writes nothing and returns False.
    """
    if find_spec("matplotlib") is None:
        return False
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 5.2), layout="constrained")
    FigureCanvasAgg(figure)
    panels = figure.subplots(1, 2, width_ratios=[1.4, 1.0])
    for axes, quantity, unit, is_memory in (
        (panels[0], "time (s)", 1.0, False),
        (panels[1], "memory (GB)", 1e-9, True),
    ):
        rows = [row for row in report["rows"] if (row["metric"] == "memory") == is_memory]
        measured = [unit * row["value"] for row in rows]
        ends = [0.6 * min(measured), 1.6 * max(measured)]
        axes.plot(ends, ends, color="0.4", linewidth=1.0)
        axes.fill_between(
            ends,
            [(1.0 - SPREAD) * end for end in ends],
            [(1.0 + SPREAD) * end for end in ends],
            color="0.9",
            label=f"within {SPREAD:.0%}",
        )
        for name, label, style in (
            ("paper", "FLOPs only", {"color": "tab:orange", "alpha": 0.6}),
            ("new_device", "roofline, fitted to other devices", {"color": "tab:blue"}),
        ):
            for phase in sorted({row["phase"] for row in rows}):
                of_phase = [row for row in rows if row["phase"] == phase]
                axes.scatter(
                    [unit * row["value"] for row in of_phase],
                    [unit * row["predicted"][name] for row in of_phase],
                    marker=MARKERS[phase],
                    s=22,
                    label=f"{phase}: {label}",
                    **style,
                )
        axes.set(xscale="log", yscale="log", xlabel=f"measured {quantity}", ylabel=f"predicted {quantity}")
        axes.legend(fontsize=7)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=150)
    return True
