"""The figures as pictures, with 95 % intervals over workloads."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from edge_llm_agents.records.files import save_figure
from edge_llm_agents.records.intervals import Interval
from experiments.paper.estimates import gain, is_cut_short, per_epoch, static_batching, subsets_per_epoch, throughput
from experiments.paper.measurements import Effort
from experiments.paper.points import PRECISIONS, Figure
from experiments.paper.switches import BASE
from experiments.paper.tables import Measured

COLOURS = {
    "DFTSP": "#4c78a8",
    "StB": "#f58518",
    "NoB": "#8c8c8c",
    **dict(zip(PRECISIONS, ("#333333", "#4c78a8", "#54a24b", "#e45756"), strict=True)),
}
MARKERS = {"DFTSP": "o", "StB": "s", "NoB": "^", **dict(zip(PRECISIONS, "oDsv", strict=True))}
SEARCHES = {
    "unpruned": ("unpruned tree", "#e45756", "s-"),
    "branch_and_bound": ("BranchAndBound", "#54a24b", "^-"),
    "dftsp": ("DFTSP", "#4c78a8", "o-"),
    "unpruned_below_bound": ("unpruned tree from DFTSP's bound", "#f58518", "x--"),
}
"""Label, colour and style of each search, drawn in this order."""

X_LABELS = {
    "arrival_rate": "arrival rate (requests/s)",
    "latency_requirement": "x (s); latency requirement {reading}",
    "quantization": "precision of the weights",
    "accuracy_requirement": "x; accuracy requirement {reading}",
}
THROUGHPUT = "throughput (requests/s)"


def plot_figure(measured: Measured, effort: Effort, path: Path) -> None:
    """Write the PNG of one figure's points; with none there is nothing to draw. Needs Matplotlib."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure as Picture

    if not measured:
        return
    name = measured[0][0].figure
    picture = Picture(layout="constrained")
    FigureCanvasAgg(picture)
    _DRAWINGS[name](picture, measured, effort)
    save_figure(picture, path, dpi=110)


def _draw_throughput(picture: Any, measured: Measured, effort: Effort) -> None:
    """A column per decoder and a row per reading of the axis."""
    readings = list(dict.fromkeys(point.reading for point, _ in measured))
    for axes, reading, decoder in _panels(picture, measured, readings, height=3.4):
        here = [(p, record) for p, record in measured if p.reading == reading and p.decoder == decoder]
        if isinstance(here[0][0].x, str):
            _draw_bars(axes, here)
        else:
            _draw_lines(axes, here)
        axes.set_xlabel(X_LABELS[here[0][0].figure].format(reading=reading))
        axes.set_ylim(bottom=0.0)
    _finish(picture, THROUGHPUT, f"mean and 95 % interval of {effort.episodes} workloads")


def _draw_lines(axes: Any, measured: Measured) -> None:
    for line in dict.fromkeys(point.line for point, _ in measured):
        of_line = [(point, record) for point, record in measured if point.line == line]
        for policy in of_line[0][0].policies:
            estimates = [throughput(record, policy) for _, record in of_line]
            name = line or policy
            axes.errorbar(
                [point.x for point, _ in of_line],
                [one.mean for one in estimates],
                yerr=_whiskers(estimates),
                color=COLOURS[name],
                marker=MARKERS[name],
                markersize=4,
                capsize=2,
                linewidth=1.3,
                linestyle="--" if name == "NoB" else "-",  # StB shows where the two are the same
                label=f"{policy}, {line}" if line else policy,
            )


def _draw_bars(axes: Any, measured: Measured) -> None:
    policies = measured[0][0].policies
    width = 0.8 / len(policies)
    for place, policy in enumerate(policies):
        estimates = [throughput(record, policy) for _, record in measured]
        axes.bar(
            [at + (place - (len(policies) - 1) / 2) * width for at in range(len(measured))],
            [one.mean for one in estimates],
            width,
            yerr=_whiskers(estimates),
            color=COLOURS[policy],
            capsize=2,
            label=policy,
        )
    axes.set_xticks(range(len(measured)), [point.x for point, _ in measured], fontsize=8)


def _draw_complexity(picture: Any, measured: Measured, effort: Effort) -> None:
    """Nodes above, CPU time below, a column per decoder; open markers are lower bounds."""
    quantities = {"nodes": "nodes per epoch", "seconds": "CPU time per epoch (s)"}
    for axes, quantity, decoder in _panels(picture, measured, list(quantities), height=3.6):
        here = [(point, record) for point, record in measured if point.decoder == decoder]
        rates = [float(point.x) for point, _ in here]
        if quantity == "nodes":
            axes.plot(rates, [subsets_per_epoch(record) for _, record in here], ":", color="0.4", label="all subsets")
            axes.set_ylim(0.5, 10.0 * effort.node_limit)
        for search, (label, colour, style) in SEARCHES.items():
            estimates = [per_epoch(record, search, quantity) for _, record in here]
            means = [one.mean for one in estimates]
            whiskers = _whiskers(estimates, least=0.5)
            axes.errorbar(rates, means, yerr=whiskers, fmt=style, color=colour, markersize=5, capsize=2, label=label)
            cut = [at for at, (_, record) in enumerate(here) if is_cut_short(record, search)]
            open_marker = {"color": colour, "markerfacecolor": "w", "markersize": 5, "zorder": 10}
            axes.plot([rates[at] for at in cut], [means[at] for at in cut], style[0], **open_marker)
        axes.set(yscale="log", xlabel=X_LABELS["arrival_rate"], ylabel=quantities[quantity])
    note = f"mean and 95 % interval of {effort.search_episodes} workloads; open markers: some epoch was cut short at "
    _finish(picture, "", f"{note}{effort.node_limit:,} nodes")


def _draw_sensitivity(picture: Any, measured: Measured, effort: Effort) -> None:
    """Requests that DFTSP serves for each one of StB, a row per switch and a column per decoder."""
    rows = list(dict.fromkeys((point.line, str(point.x)) for point, _ in measured))
    panels = _panels(picture, measured, [""], height=0.24 * len(rows) + 1.2, width=3.4, left=2.6)
    for axes, _, decoder in panels:
        here = {(p.line, str(p.x)): record for p, record in measured if p.decoder == decoder}
        places = [rows.index(name) for name in here]
        estimates = [gain(record, static_batching(record)) for record in here.values()]
        means = [one.mean for one in estimates]
        axes.axvline(1.0, color="0.6", linewidth=0.8)
        if ("", BASE) in here:
            axes.axvline(means[list(here).index(("", BASE))], color=COLOURS["DFTSP"], linestyle=":", linewidth=1.0)
        axes.errorbar(
            means, places, xerr=_whiskers(estimates), fmt="o", color=COLOURS["DFTSP"], markersize=4, capsize=2
        )
        labels = [f"{field}: {value}" if field else value for field, value in rows]
        axes.set_yticks(range(len(rows)), labels if axes.get_subplotspec().is_first_col() else [], fontsize=7)
        axes.set_ylim(len(rows) - 0.5, -0.5)
        axes.grid(axis="y", color="0.92", linewidth=0.6)
        axes.set_axisbelow(True)
        axes.set_xlim(left=0.0)
        axes.set_xlabel("requests served by DFTSP\nfor each one served by StB")
    note = f"ratio and 95 % bootstrap interval of {effort.episodes} workloads; dotted: as in the preset"
    picture.supxlabel(note, fontsize=8)


def _panels(
    picture: Any, measured: Measured, rows: Sequence[str], height: float, width: float = 3.9, left: float = 0.4
) -> list[tuple[Any, str, str]]:
    """Axes for each row and decoder, titled with the decoder; sizes in inches."""
    decoders = list(dict.fromkeys(point.decoder for point, _ in measured))
    picture.set_size_inches(left + width * len(decoders), height * len(rows) + 0.4)
    grid = picture.subplots(len(rows), len(decoders), squeeze=False)
    for axes, decoder in zip(grid[0], decoders, strict=True):
        axes.set_title(decoder)
    for axes in grid.flat:
        axes.spines[["top", "right"]].set_visible(False)
    return [
        (grid[row, column], name, decoder) for row, name in enumerate(rows) for column, decoder in enumerate(decoders)
    ]


def _finish(picture: Any, y_label: str, note: str) -> None:
    """One legend for all panels above them, a label beside them and a note below."""
    handles, labels = picture.axes[0].get_legend_handles_labels()
    picture.legend(handles, labels, loc="outside upper center", ncols=len(labels), frameon=False)
    picture.supylabel(y_label, fontsize=10)
    picture.supxlabel(note, fontsize=8)


def _whiskers(estimates: Sequence[Interval], least: float = 1.0) -> list[list[float]]:
    """Distances to the ends of the intervals, below and above, none where there is no interval.

    Below never more than the share `least` of the mean, so that a logarithmic axis can show it.
    """
    below = [min(one.mean - one.low, least * one.mean) if one.low == one.low else 0.0 for one in estimates]
    return [below, [one.high - one.mean if one.high == one.high else 0.0 for one in estimates]]


_DRAWINGS: dict[Figure, Callable[[Any, Measured, Effort], None]] = {
    "arrival_rate": _draw_throughput,
    "latency_requirement": _draw_throughput,
    "quantization": _draw_throughput,
    "accuracy_requirement": _draw_throughput,
    "complexity": _draw_complexity,
    "sensitivity": _draw_sensitivity,
}
