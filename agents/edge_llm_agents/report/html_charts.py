"""The comparison's interactive charts, as Plotly figures made of its records."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from html import escape
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from edge_llm_agents.comparison.columns import interval_half_widths
from edge_llm_agents.comparison.records import Comparison
from edge_llm_env.dynamics.state import RESOURCES

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

Records = list[dict[str, Any]]
Colours = Mapping[str, str]
"""The colour of each policy."""

_LAYOUT = {
    "template": "simple_white",
    "font": {"family": "system-ui, -apple-system, 'Segoe UI', sans-serif", "size": 13, "color": "#1f2933"},
    "margin": {"l": 8, "r": 24, "t": 52, "b": 8},
    "showlegend": False,
    "hoverlabel": {"align": "left"},
    "barcornerradius": 3,
}


def throughput_chart(comparison: Comparison, colours: Colours) -> Figure:
    """Requests per second of every policy, with the interval of the paired difference to the oracle."""
    from plotly.graph_objects import Bar, Figure

    records, oracle = comparison.policies, escape(comparison.oracle)
    bars = Bar(
        x=[record["throughput_per_s"] for record in records],
        y=_names(records),
        orientation="h",
        marker_color=[colours[record["policy"]] for record in records],
        error_x={
            "array": interval_half_widths(records),
            "color": "#333333",
            "thickness": 1.2,
        },
        customdata=[[record["percent_of_oracle"], record["episodes"]] for record in records],
        hovertemplate="<b>%{y}</b><br>%{x:.3f} requests/s<br>%{customdata[0]:.2f} % of " + oracle + "<br>"
        "%{customdata[1]} workloads<extra></extra>",
    )
    figure = _figure(Figure(bars), records)
    figure.update_xaxes(title_text="requests served per second", rangemode="tozero")
    return figure


def difference_chart(comparison: Comparison, colours: Colours) -> Figure:
    """Requests served more or fewer than the oracle, a point per workload and a box per policy."""
    from plotly.graph_objects import Box, Figure

    records, name = comparison.policies, comparison.oracle
    (oracle,) = (record["served_per_episode"] for record in records if record["policy"] == name)
    figure = Figure()
    others = [record for record in records if record["policy"] != name]
    for record, shown in zip(others, _names(others), strict=True):
        served = record["served_per_episode"]
        episodes = range(len(served))
        figure.add_trace(
            Box(
                x=[served[workload] - oracle[workload] for workload in episodes],
                y=[shown] * len(served),
                customdata=[[workload + 1, served[workload], oracle[workload]] for workload in episodes],
                orientation="h",
                boxpoints="all",
                jitter=0.5,
                pointpos=0,
                marker={"size": 4, "opacity": 0.45},
                line={"width": 1.3},
                marker_color=colours[record["policy"]],
                hovertemplate="<b>%{y}</b>, workload %{customdata[0]}<br>%{customdata[1]} served, "
                + escape(name)
                + " %{customdata[2]}: %{x:+d}<extra></extra>",
            )
        )
    figure = _figure(figure, others)
    figure.update_xaxes(
        title_text=f"requests more or fewer than {escape(name)}", zeroline=True, zerolinecolor="#8795a5"
    )
    return figure


def decision_time_chart(comparison: Comparison, colours: Colours) -> Figure:
    """Quality against the time that a decision takes."""
    from plotly.graph_objects import Figure, Scatter

    oracle = escape(comparison.oracle)
    timed = [record for record in comparison.policies if record.get("decision_us") is not None]
    points = Scatter(
        x=[record["decision_us"] for record in timed],
        y=[record["percent_of_oracle"] for record in timed],
        text=_names(timed),
        mode="markers+text",
        textposition=_beside([record["percent_of_oracle"] for record in timed]),
        textfont={"size": 11},
        marker={
            "size": 11,
            "color": [colours[record["policy"]] for record in timed],
            "line": {"width": 1, "color": "#333333"},
        },
        hovertemplate="<b>%{text}</b><br>%{x:.0f} µs per decision<br>%{y:.2f} % of " + oracle + "<extra></extra>",
    )
    figure = _figure(Figure(points), comparison.policies)
    span = np.log10([record["decision_us"] for record in timed])
    ticks = [digit * 10.0**power for power in range(-1, 8) for digit in (1, 2, 5)]
    figure.update_layout(height=420)
    figure.update_xaxes(
        title_text="µs per decision, of an epoch and workload (logarithmic)",
        type="log",
        range=[span.min() - 0.1, span.max() + 0.35],
        tickvals=ticks,
        ticktext=[f"{tick:g}" for tick in ticks],
    )
    figure.update_yaxes(
        title_text=f"% of {oracle}", autorange=True, rangemode="tozero", showgrid=True, gridcolor="#e4e7eb"
    )
    return figure


def utilisation_chart(comparison: Comparison, colours: Colours) -> Figure:
    """How much of each resource the batches use."""
    from plotly.graph_objects import Figure, Heatmap

    playing = [record for record in comparison.policies if "utilisation" in record]
    percent = [[100.0 * record["utilisation"][resource] for resource in RESOURCES] for record in playing]
    heat = Heatmap(
        z=percent,
        x=list(RESOURCES),
        y=_names(playing),
        zmin=0,
        zmax=100,
        colorscale=[[0.0, "#f3f6fa"], [1.0, "#2b6cb0"]],
        texttemplate="%{z:.1f} %",
        xgap=2,
        ygap=2,
        colorbar={"title": "%", "thickness": 12, "outlinewidth": 0},
        hovertemplate="<b>%{y}</b><br>%{x}: %{z:.2f} % of the capacity<extra></extra>",
    )
    figure = _figure(Figure(heat), playing)
    figure.update_xaxes(side="top", ticks="", showline=False)
    figure.update_yaxes(ticks="", showline=False)
    return figure


CHARTS: dict[str, tuple[str, Callable[[Comparison, Colours], Figure]]] = {
    "throughput": ("Throughput; lines: 95 % interval of the difference to the oracle", throughput_chart),
    "difference": ("Workload by workload: more or fewer than the oracle on the same arrivals", difference_chart),
    "decision-time": ("Quality against decision time", decision_time_chart),
    "utilisation": ("What the batches use of each capacity, on average", utilisation_chart),
}
"""Charts of the report by the id of their element: the caption, and what draws it."""


def _figure(figure: Figure, rows: Records) -> Figure:
    figure.update_layout(height=34 * len(rows) + 90, **_LAYOUT)
    figure.update_yaxes(autorange="reversed", automargin=True, title_font_size=13)
    figure.update_xaxes(automargin=True, title_font_size=13)
    return figure


def _beside(percent: list[float]) -> list[str]:
    """Where each label stands, of values that fall: above or below its point where a neighbour is close."""
    close = [high - low < 5.0 for high, low in pairwise(percent)]
    above = [*("top right" if one else "middle right" for one in close), "middle right"]
    return ["bottom right" if after else place for after, place in zip([False, *close], above, strict=True)]


def _names(records: Records) -> list[str]:
    """Names that a chart shows as they are: Plotly would read tags in them."""
    return [escape(record["policy"]) for record in records]
