"""The table of what standard algorithms reach, made from the records of their runs."""

from __future__ import annotations

from pathlib import Path

from edge_llm_agents.protocol.reading import read_submission
from edge_llm_agents.protocol.report import stale
from edge_llm_agents.protocol.scores import Compared, Entrant, compared
from edge_llm_agents.protocol.submission import submissions_in
from edge_llm_agents.records.aggregates import estimate, interquartile_mean
from edge_llm_env.support.tables import NO_VALUE, Table
from experiments.pages.recorded import RECORDED

STANDARD_PAGE = Path("docs/standard-algorithms.md")

RUNS = RECORDED / "submissions"
"""Records that `edge-llm leaderboard baselines --no-policies` left."""

MARK_STALE = " (stale)"
"""Of what follows from code, workloads or versions that are others now."""


def standard_table(runs: Path = RUNS) -> Table:
    """Every algorithm in the environments that it was run in, the best of each environment first."""
    tasks = compared([read_submission(path) for path in submissions_in(runs)])
    headings = (
        "environment", "scenario", "algorithm", "seeds", "% of the reference [95 % CI]", "normalised", "decisions", "s",
    )  # fmt: skip
    return Table(headings, [row for task in tasks for row in _rows(task)])


def _rows(task: Compared) -> list[tuple[str, ...]]:
    """Those of one environment, and what the reference is."""
    scores = {one.name: estimate(interquartile_mean, task.percent(one)) for one in task.entrants}
    ranked = sorted(task.entrants, key=lambda one: -scores[one.name].mean)
    environment = task.environment.rpartition("/")[2]
    scenario = f"`{task.scenario}`" + (MARK_STALE if stale(task) else "")
    reference = (environment, scenario, f"reference: {task.reference_name}", NO_VALUE, "100", "0", NO_VALUE, NO_VALUE)
    rows = [
        (
            environment,
            scenario,
            one.name,
            str(len(one.runs)),
            scores[one.name].text(".1f"),
            _normalised(task, one),
            _number(one.median_of("decisions")),
            _number(one.median_of("wall_s")),
        )
        for one in ranked
    ]
    return [reference, *rows]


def _normalised(task: Compared, entrant: Entrant) -> str:
    found = task.normalised(entrant)
    return NO_VALUE if found is None else f"{float(interquartile_mean(found)):.2f}"


def _number(value: float | None) -> str:
    return NO_VALUE if value is None else f"{value:,.0f}"
