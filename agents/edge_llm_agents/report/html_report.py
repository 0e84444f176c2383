"""The comparison as one page of HTML that needs nothing beside it: charts, table, the scenario's settings."""

from __future__ import annotations

from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from edge_llm_agents.comparison.chart import policy_colours
from edge_llm_agents.comparison.columns import comparison_table
from edge_llm_agents.comparison.records import BOUND, SCHEDULE, Comparison
from edge_llm_agents.report.html_charts import CHARTS
from edge_llm_env.scenarios.settings import SECTIONS, settings
from edge_llm_env.support.system.files import write_text


def check_html_report() -> None:
    """Raise ValueError if what makes the page is not installed."""
    for package in ("jinja2", "plotly"):
        if find_spec(package) is None:
            raise ValueError(f'{package} is not installed: pip install "edge-llm-env[plots]"')


def save_html_report(comparison: Comparison, folder: Path) -> Path:
    """Write the comparison's `stem`.html; the file."""
    file = folder / f"{comparison.stem}.html"
    write_text(file, html_report(comparison))
    return file


def html_report(comparison: Comparison) -> str:
    """The page; it loads nothing, and text in it is escaped."""
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from plotly.io import to_html
    from plotly.offline import get_plotlyjs

    pages = Environment(
        loader=PackageLoader("edge_llm_agents.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    config = {"displaylogo": False, "responsive": True, "modeBarButtonsToRemove": ["select2d", "lasso2d"]}
    scenario, records = comparison.scenario, comparison.policies
    colours = policy_colours(comparison.kinds)
    plot = partial(to_html, config=config, include_plotlyjs=False, full_html=False)
    charts = {
        name: (caption, plot(draw(comparison, colours), div_id=f"{name}-plot"))
        for name, (caption, draw) in CHARTS.items()
    }
    table = comparison_table(records, comparison.oracle)
    by_section: dict[str, list[Any]] = {section: [] for section in SECTIONS}
    for setting in settings(scenario.model_dump(exclude_none=True)):
        by_section[setting.section].append(setting)
    return pages.get_template("comparison.html").render(
        scenario=scenario,
        record=comparison.to_dict(),
        figures=key_figures(comparison),
        charts=charts,
        headings=table.headings,
        rows=[(colours[row[0]], row) for row in table.rows],
        oracle=comparison.oracle,
        hindsight_episodes=next((record["episodes"] for record in records if record["policy"] == BOUND), 0),
        settings=by_section,
        plotly_js=get_plotlyjs(),
    )


def key_figures(comparison: Comparison) -> list[tuple[str, str, str]]:
    """What stands at the head of the page: label, figure, and what it is of."""
    named = {record["policy"]: record for record in comparison.policies}
    oracle = named[comparison.oracle]
    best = next(record for record in comparison.policies if record["policy"] not in (BOUND, SCHEDULE))
    called, mean = f"of {comparison.oracle}: {best['policy']}", f"mean of {oracle['episodes']} workloads"
    figures = [
        (
            f"{comparison.oracle} serves",
            f"{oracle['throughput_per_s']:.2f}/s",
            mean,
        ),
        ("best policy", f"{best['percent_of_oracle']:.1f} %", called),
    ]
    if BOUND in named:
        bound = named[BOUND]
        figures.append(
            ("no policy exceeds", f"{bound['percent_of_oracle']:.1f} %", f"on {bound['episodes']} of the workloads")
        )
        if best["gap_closed_percent"] is not None:
            figures.append(
                ("of the gap to that bound", f"{best['gap_closed_percent']:.0f} %", f"closed by {best['policy']}")
            )
    return figures
