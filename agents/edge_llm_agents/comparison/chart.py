"""A comparison and a sweep as pictures (extra `plots`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edge_llm_agents.comparison.columns import interval_half_widths
from edge_llm_agents.records.files import save_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Records = Sequence[Mapping[str, Any]]
"""Of one comparison, as `edge_llm_agents.comparison.records` makes them."""

COLOURS = {"oracle": "#4c78a8", "rule": "#bab0ac", "policy": "#f58518"}
"""By what a policy is."""

HINDSIGHT_COLOURS = {"hindsight bound": "#54a24b", "hindsight schedule": "#88c980"}


def policy_colours(kinds: Mapping[str, str]) -> dict[str, str]:
    """The colour of each policy in charts, by what it is: the oracle, hindsight, a rule, or another policy."""
    return {name: HINDSIGHT_COLOURS.get(name) or COLOURS[kind] for name, kind in kinds.items()}


def draw_chart(records: Records, kinds: Mapping[str, str], oracle: str, scenario: str, file: Path) -> None:
    """Draw throughput as bars, with the interval of the paired difference to the oracle; `kinds` sets the colours."""
    figure = _figure((8.0, 0.5 * len(records) + 1.6))
    axes = figure.subplots()
    colours = policy_colours(kinds)
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
    axes.set_xlabel(f"throughput (requests/s); bars: 95 % interval of the paired difference to {oracle}")
    axes.set_title(f"{scenario}: throughput and percent of {oracle}")
    axes.spines[["top", "right"]].set_visible(False)
    save_figure(figure, file, dpi=150)


def sweep_figure(field: str, values: Sequence[Any], compared: Sequence[Records], oracle: str) -> Figure:
    """Percent of the oracle over the values of a field, a line per policy; the records at each value."""
    figure = _figure((8.0, 4.8))
    axes = figure.subplots()
    names = list(dict.fromkeys(record["policy"] for one in compared for record in one))
    numbers = all(isinstance(value, int | float) for value in values)
    for name in names:
        points = [
            (value if numbers else str(value), record["percent_of_oracle"])
            for value, one in zip(values, compared, strict=True)
            for record in one
            if record["policy"] == name
        ]
        axes.plot(*zip(*points, strict=True), marker="o", markersize=4, label=name)
    axes.set_xlabel(field)
    axes.set_ylabel(f"requests served, % of {oracle}")
    axes.legend(fontsize=8, loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def _figure(size: tuple[float, float]) -> Figure:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=size, layout="constrained")
    FigureCanvasAgg(figure)
    return figure
