"""The comparison as one page of HTML that needs nothing beside it: charts, table, the scenario's settings."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from edge_llm_agents.comparison.comparison import (
    BOUND,
    ORACLE,
    SCHEDULE,
    comparison_record,
    comparison_table,
    policy_colours,
)
from edge_llm_agents.records.files import write_text
from edge_llm_agents.report.html_charts import CHARTS
from edge_llm_env.scenarios import Scenario
from edge_llm_env.scenarios.settings import SECTIONS, settings


def check_html_report() -> None:
    """Raise ValueError if what makes the page is not installed."""
    for package in ("jinja2", "plotly"):
        if find_spec(package) is None:
            raise ValueError(f'{package} is not installed: pip install "edge-llm-env[plots]"')


def save_html_report(
    scenario: Scenario, options: Mapping[str, Any], records: list[dict[str, Any]], folder: Path
) -> Path:
    """Write `compare-<scenario>.html`; the file."""
    file = folder / f"compare-{scenario.name}.html"
    write_text(file, html_report(scenario, options, records))
    return file


def html_report(scenario: Scenario, options: Mapping[str, Any], records: list[dict[str, Any]]) -> str:
    """The page, of the records of `summarise`; it loads nothing, and text in it is escaped."""
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
    colours = policy_colours(scenario, records)
    plot = partial(to_html, config=config, include_plotlyjs=False, full_html=False)
    charts = {
        name: (caption, plot(draw(records, colours), div_id=f"{name}-plot")) for name, (caption, draw) in CHARTS.items()
    }
    table = comparison_table(records)
    by_section: dict[str, list[Any]] = {section: [] for section in SECTIONS}
    for setting in settings(scenario.model_dump(exclude_none=True)):
        by_section[setting.section].append(setting)
    return pages.get_template("comparison.html").render(
        scenario=scenario,
        record=comparison_record(scenario, options, records),
        figures=key_figures(records),
        charts=charts,
        headings=table.headings,
        rows=[(colours[row[0]], row) for row in table.rows],
        oracle=ORACLE,
        hindsight_episodes=next((record["episodes"] for record in records if record["policy"] == BOUND), 0),
        settings=by_section,
        plotly_js=get_plotlyjs(),
    )


def key_figures(records: list[dict[str, Any]]) -> list[tuple[str, str, str]]:
    """What stands at the head of the page: label, figure, and what it is of."""
    named = {record["policy"]: record for record in records}
    oracle = named[ORACLE]
    best = next(record for record in records if record["policy"] not in (BOUND, SCHEDULE))
    figures = [
        ("DFTSP serves", f"{oracle['throughput_per_s']:.2f}/s", f"mean of {oracle['episodes']} workloads"),
        ("best policy", f"{best['percent_of_dftsp']:.1f} %", f"of DFTSP: {best['policy']}"),
    ]
    if BOUND in named:
        bound = named[BOUND]
        figures.append(
            ("no policy exceeds", f"{bound['percent_of_dftsp']:.1f} %", f"on {bound['episodes']} of the workloads")
        )
        if best["gap_closed_percent"] is not None:
            figures.append(
                ("of the gap to that bound", f"{best['gap_closed_percent']:.0f} %", f"closed by {best['policy']}")
            )
    return figures
