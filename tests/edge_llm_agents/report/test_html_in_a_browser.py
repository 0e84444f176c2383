"""The comparison as a page: in a browser it draws, says nothing on the console and asks for nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from edge_llm_agents.comparison.columns import comparison_table
from edge_llm_agents.comparison.records import Comparison
from edge_llm_agents.report.html_charts import CHARTS
from edge_llm_agents.report.html_report import save_html_report
from edge_llm_env import Scenario, load_scenario
from tests.edge_llm_agents.comparison.roll_outs import compared, roll_out_of
from tests.edge_llm_agents.report.test_html_report import of
from tests.support.programs.browser import NAMES, Opened, chromium, chromium_path, opened

if chromium_path() is None:
    pytest.skip(f"no browser: install one of {', '.join(NAMES)}", allow_module_level=True)

HOSTILE = "<img src=x onerror=console.error('run')> & </script><script>console.error('run')</script>"


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    return load_scenario("carry-over", description=HOSTILE, **{"workload.arrivals.rate_per_s": 6.0})


@pytest.fixture(scope="module")
def comparison(scenario: Scenario) -> Comparison:
    return of(scenario, "look-ahead", "MaskablePPO", HOSTILE, settings={"seed": 0, "policy": HOSTILE})


@pytest.fixture(scope="module")
def records(comparison: Comparison) -> list[dict[str, Any]]:
    return comparison.policies


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture(scope="module")
def shown(browser: Browser, comparison: Comparison, tmp_path_factory: pytest.TempPathFactory) -> Opened:
    file = save_html_report(comparison, tmp_path_factory.mktemp("report"))
    assert file.name == "compare-carry-over.html"
    return opened(browser, file)


def test_nothing_is_said_on_the_console_and_nothing_is_asked_for(shown: Opened) -> None:
    assert shown.errors == []
    assert [url.partition(":")[0] for url in shown.requests] == ["file"]


def test_every_chart_is_drawn(shown: Opened, records: list[dict[str, Any]]) -> None:
    played = len(records) - 2  # neither hindsight's bound nor its schedule was played
    marks = {"throughput": len(records), "difference": len(records) - 1, "decision-time": played, "utilisation": 1}
    kinds = {"throughput": ".bars .point", "difference": ".trace.boxes", "decision-time": ".scatter .point",
             "utilisation": ".heatmaplayer image"}  # fmt: skip
    assert marks.keys() == kinds.keys() == CHARTS.keys()
    for name, kind in kinds.items():
        assert shown.page.locator(f"#{name} {kind}").count() == marks[name], name
        assert shown.page.locator(f"#{name} .main-svg").first.bounding_box()["height"] > 100


def test_a_mark_tells_its_figures_when_it_is_pointed_at(shown: Opened, records: list[dict[str, Any]]) -> None:
    bar = shown.page.locator("#throughput .bars .point").first
    bar.scroll_into_view_if_needed()
    place = bar.bounding_box()
    shown.page.mouse.move(place["x"] + place["width"] / 2, place["y"] + place["height"] / 2)
    label = shown.page.locator("#throughput .hoverlayer .hovertext")
    label.wait_for()
    assert f"{records[0]['percent_of_oracle']:.2f} % of DFTSP" in label.text_content()


def test_the_table_has_a_row_for_each_policy_as_the_other_tables_do(
    shown: Opened, records: list[dict[str, Any]]
) -> None:
    rows = [row.locator("th, td").all_inner_texts() for row in shown.page.locator("#policies tr").all()]
    table = comparison_table(records, "DFTSP")
    assert rows == [list(line) for line in (table.headings, *table.rows)]


def test_every_setting_stands_with_its_source_and_what_is_assumed_is_marked(shown: Opened, scenario: Scenario) -> None:
    for field, said in scenario.provenance.items():
        row = shown.page.locator("#settings tr", has=shown.page.get_by_text(field, exact=True))
        assert said.source in row.inner_text()
        assert row.locator(".badge").count() == said.assumed
    assert "changed by the user" in scenario.provenance["workload.arrivals"].source
    shown.page.locator("#only-assumed").check()
    assumed = sum(said.assumed for said in scenario.provenance.values())
    assert shown.page.locator("#settings tbody tr:visible").count() == assumed < len(scenario.provenance)


def test_names_and_descriptions_are_text(shown: Opened) -> None:
    assert shown.page.locator("header p").first.inner_text() == f"{HOSTILE}."
    assert shown.page.locator("img").count() == 0


def test_a_comparison_of_one_workload_without_hindsight_has_a_page(browser: Browser, tmp_path: Path) -> None:
    alone = compared(load_scenario("carry-over"), {"DFTSP": roll_out_of([5])})
    file = save_html_report(alone, tmp_path)
    seen = opened(browser, file)
    assert seen.page.locator("#policies tbody tr").count() == 1
    assert seen.errors == []
