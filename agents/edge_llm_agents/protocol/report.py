"""The page of all that was submitted: aggregates with intervals, profiles, and what learning took."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from edge_llm_agents.protocol.curves import plot_curves
from edge_llm_agents.protocol.reading import read_submission, scenario_of
from edge_llm_agents.protocol.rules import REPORTED
from edge_llm_agents.protocol.scores import THRESHOLDS, Compared, Entrant, compared
from edge_llm_agents.protocol.submission import submissions_in
from edge_llm_agents.records.aggregates import (
    estimate,
    interquartile_mean,
    performance_profile,
    probability_of_improvement,
)
from edge_llm_agents.records.cells import changes
from edge_llm_agents.records.hashes import environment_sha256
from edge_llm_agents.records.record import versions
from edge_llm_agents.records.workload_sets import WorkloadSet
from edge_llm_env.registration import ENVIRONMENTS
from edge_llm_env.support.system.files import write_text
from edge_llm_env.support.tables import NO_VALUE, Table

PROFILE = (80.0, 90.0, 95.0, 100.0, 102.0, 105.0)
"""Scores at which the profiles stand."""

HEADER = """# Submissions

Made by `edge-llm leaderboard report` of records that `submit` and `baselines` wrote; `verify` evaluates those
again that hold their policy.

- **score**: interquartile mean over training seeds and workloads of what was gained in percent of the reference rule on
  the same workload, with the 95 % interval of a bootstrap over seeds and workloads.
- **normalised**: 0 is the reference rule and 1 the bound that nobody exceeds, on the workloads that have one.
- **better**: probability that a run gains more than the reference rule on the same workload; equal counts half.
- **to 95 %, to 100 %**: decisions, and seconds of learning, at which the validation curve first reached so much of the
  reference rule, medians over seeds.
- ‡ used more decisions than its budget has. *Informed* policies of the level `future` are listed last and not ranked.
"""


def write_report(folder: Path, page: Path, report: Callable[[str], None] = print) -> Path:
    """Make the page of all records below a folder, and a picture of their curves beside it where they have some.

    Raises ValueError where there is no record, and NoRecordError for a bad one.
    """
    paths = submissions_in(folder)
    if not paths:
        raise ValueError(f"results = {folder}: has no submission, must have one at least")
    tasks = compared([read_submission(path) for path in paths])
    picture = page.with_suffix(".png")
    curves = [f"![Curves of learning]({picture.name})\n"] if plot_curves(tasks, picture) else []
    parts = [HEADER, *curves, *(part for task in tasks for part in _of_task(task))]
    write_text(page, "\n".join(parts))
    report(f"{len(paths)} records of {len(tasks)} tasks")
    return page


def stale(task: Compared) -> str:
    """What of a task's records is another now, in words; empty where all are current."""
    if task.environment not in ENVIRONMENTS:
        return f"there is no {task.environment}"
    try:
        scenario = scenario_of(task.scenario, task.content)
    except ValueError as error:
        return str(error)
    identity = task.identity
    own = WorkloadSet.of(scenario, identity["episodes"], identity["workload_seed"], REPORTED[task.split])
    wanted = own.identity() | {"environment_sha256": environment_sha256(task.environment)}
    said = [changes(wanted, identity)]
    said += [changes(versions(set(known) - {"python"}), known) for known in task.versions]
    return ", ".join(dict.fromkeys(filter(None, said)))


def _of_task(task: Compared) -> list[str]:
    said = stale(task)
    entrants = [*task.entrants, task.of_reference()]
    scores = {one.name: task.percent(one) for one in entrants}
    means = {one.name: estimate(interquartile_mean, scores[one.name]) for one in entrants}
    ranked = sorted(entrants, key=lambda one: (not one.ranked, -means[one.name].mean))
    reference = scores[task.reference_name]
    rows, profiles = [], []
    for one in ranked:
        normalised = task.normalised(one)
        better = estimate(probability_of_improvement, scores[one.name], reference)
        is_reference = one.name == task.reference_name
        rows.append(
            (
                one.name + (" ‡" if one.over_budget else ""),
                NO_VALUE if is_reference else str(len(one.runs)),
                NO_VALUE if is_reference else one.budget,
                NO_VALUE if is_reference else one.knows,
                means[one.name].text(".2f"),
                NO_VALUE if normalised is None else estimate(interquartile_mean, normalised).text(".3f"),
                NO_VALUE if is_reference else better.text(".2f"),
                _number(one.median_of("decisions")),
                _number(one.median_of("wall_s")),
                *(_reached(one, percent) for percent in THRESHOLDS),
            )
        )
        above = performance_profile(scores[one.name], PROFILE)  # type: ignore[arg-type]
        profiles.append((one.name, *(f"{float(share):.2f}" for share in above)))
    headings = ("policy", "seeds", "budget", "knows", "score, %", "normalised", "better", "decisions", "s")
    table = Table((*headings, *(f"to {percent:g} %" for percent in THRESHOLDS)), rows)
    above_table = Table(("fraction of runs above", *(f"{at:g} %" for at in PROFILE)), profiles)
    return [
        f"## `{task.environment}`, {task.scenario}, {task.split}\n",
        *([f"**Stale: {said}. Not current until it is played again.**\n"] if said else []),
        f"{task.identity['episodes']} workloads of seed {task.identity['workload_seed']}, bound on {len(task.bound)}. "
        f"Reference: {task.reference_name}.\n",
        f"{table.markdown()}\n",
        f"{above_table.markdown()}\n",
        *_pairs(ranked, scores),
    ]


def _pairs(ranked: Sequence[Entrant], scores: dict) -> list[str]:
    """Each against each, where there are several."""
    if len(ranked) < 3:
        return []
    rows = [
        (
            f"{at}. {one.name}",
            *(
                "" if one is other else f"{float(probability_of_improvement(scores[one.name], scores[other.name])):.2f}"
                for other in ranked
            ),
        )
        for at, one in enumerate(ranked, 1)
    ]
    table = Table(("probability of improvement over", *(f"{at}." for at in range(1, len(ranked) + 1))), rows)
    return [f"{table.markdown()}\n"]


def _number(value: float | None) -> str:
    return NO_VALUE if value is None else f"{value:,.0f}"


def _reached(entrant: Entrant, percent: float) -> str:
    found = entrant.reached(percent)
    return NO_VALUE if found is None else f"{found['decisions']:,.0f} in {found['wall_s']:,.0f} s"
