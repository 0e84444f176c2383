"""A comparison and a sweep as pictures (extra `plots`)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edge_llm_agents.comparison.records import Comparison, interval_half_widths

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLOURS = {"oracle": "#4c78a8", "rule": "#bab0ac", "policy": "#f58518"}
"""By what a policy is."""

HINDSIGHT_COLOURS = {"hindsight bound": "#54a24b", "hindsight schedule": "#88c980"}


def policy_colours(kinds: Mapping[str, str]) -> dict[str, str]:
    """The colour of each policy in charts, by what it is: the oracle, hindsight, a rule, or another policy."""
    return {name: HINDSIGHT_COLOURS.get(name) or COLOURS[kind] for name, kind in kinds.items()}


def draw_chart(comparison: Comparison, file: Path) -> None:
    """Draw throughput as bars, with the interval of the paired difference to the oracle."""
    records = comparison.policies
    figure = _figure((8.0, 0.5 * len(records) + 1.6))
    axes = figure.subplots()
    colours = policy_colours(comparison.kinds)
    bars = axes.barh(
        [record["policy"] for record in records],
        [record["throughput_per_s"] for record in records],
        xerr=interval_half_widths(records),
        color=[colours[record["policy"]] for record in records],
        ecolor="#333333",
        capsize=3,
    )
    axes.bar_label(bars, labels=[f"{one['percent_of_oracle']:.1f} %" for one in records], padding=6, fontsize=9)
    axes.invert_yaxis()
    axes.set_xlim(0, 1.15 * max(record["throughput_per_s"] for record in records) or 1.0)
    axes.set_xlabel(f"throughput (requests/s); bars: 95 % interval of the paired difference to {comparison.oracle}")
    axes.set_title(f"{comparison.scenario.name}: throughput and percent of {comparison.oracle}")
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(file, dpi=150)


def sweep_figure(field: str, values: list[Any], comparisons: list[Comparison]) -> Figure:
    """Percent of the oracle over the values of a field, a line per policy."""
    figure = _figure((8.0, 4.8))
    axes = figure.subplots()
    names = list(dict.fromkeys(record["policy"] for one in comparisons for record in one.policies))
    numbers = all(isinstance(value, int | float) for value in values)
    for name in names:
        points = [
            (value if numbers else str(value), record["percent_of_oracle"])
            for value, one in zip(values, comparisons, strict=True)
            for record in one.policies
            if record["policy"] == name
        ]
        axes.plot(*zip(*points, strict=True), marker="o", markersize=4, label=name)
    axes.set_xlabel(field)
    axes.set_ylabel(f"requests served, % of {comparisons[0].oracle}")
    axes.legend(fontsize=8, loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def _figure(size: tuple[float, float]) -> Figure:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=size, layout="constrained")
    FigureCanvasAgg(figure)
    return figure
