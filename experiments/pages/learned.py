"""The tables of the page on what learned policies reach, made from recorded results."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from edge_llm_agents.pretrained.shipped import PRETRAINED, shipped_policies
from edge_llm_agents.records.intervals import Interval
from edge_llm_agents.records.record import read_record
from edge_llm_env.support.tables import NO_VALUE, Table
from experiments.pages.recorded import RECORDED, recorded

LEARNED_PAGE = Path("docs/learned-policies.md")

TITLES = {
    "value-paper-bloom-3b": "`paper-bloom-3b`",
    "value-carry-over": "`carry-over`, 5 requests/s",
    "value-carry-over-loads": "`carry-over`, 3 to 15 requests/s, judged at 5",
    "value-carry-over-10": "`carry-over`, 10 requests/s",
    "value-embedding-uplink": "`embedding-uplink`",
    "structured-embedding-uplink": "`embedding-uplink`, from its value function on",
    "structured-carry-over": "`carry-over`, likewise",
    "structured-carry-over-loads": "`carry-over`, 3 to 15 requests/s and three models, judged at 5",
    "structured-bursty": "`bursty`, from look-ahead on",
    "value-orin-llama-8b": "`orin-llama-8b`",
    "structured-orin-llama-8b": "`orin-llama-8b`, from its value function on",
    "batching-carry-over": "`carry-over`, 5 requests/s",
    "batching-carry-over-look-ahead": "`carry-over`, 5 requests/s",
}
"""Recorded trainings by the name of the policy, in the order of the tables, and what they are for."""


def trainings() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every recorded training of several seeds, by its policy's name."""
    for name in TITLES:
        if (RECORDED / f"train-{name}.json").exists():
            yield name, recorded(f"train-{name}")


def learned_table() -> Table:
    """Of every recorded training the median seed, held against DFTSP, the look-ahead rule and hindsight.

    Of policies that the package brings along it is what their cards say, which were evaluated last.
    """
    shipped = shipped_policies()
    rows = []
    for name, record in trainings():
        run = next(one for one in record["runs"] if one["seed"] == record["median_seed"])
        references = record["references"]
        if name in shipped:
            run = read_record(PRETRAINED / f"{name}.json")["evaluation"]
            references = run["references"]
        rows.append(
            (
                TITLES[name],
                record["algorithm"],
                str(len(record["runs"])),
                _percent_with_interval(run),
                f"{references['look_ahead']['percent_of_dftsp']:.2f}",
                _interval(run["difference_to_look_ahead_percent"]),
                _gap_closed(run),
                f"{median(one['seconds'] for one in record['runs']):.0f} s",
                f"{run['decision_us']:.0f} ({references['dftsp_decision_us']:.0f})" if name in shipped else NO_VALUE,
            )
        )
    headings = (
        "scenario", "learned by", "seeds", "% of DFTSP [95 % CI], median seed", "look-ahead, tuned",
        "above look-ahead, %", "of the gap to hindsight's schedule (bound)", "training", "µs per epoch (DFTSP)",
    )  # fmt: skip
    return Table(headings, rows)


def seeds_table() -> Table:
    """Every seed of every recorded training."""
    rows = [
        (
            f"`{name}`",
            str(run["seed"]),
            _percent_with_interval(run),
            _interval(run["difference_to_look_ahead_percent"]),
            f"{run['seconds']:.0f} s",
        )
        for name, record in trainings()
        for run in record["runs"]
    ]
    return Table(("policy", "seed", "% of DFTSP [95 % CI]", "above look-ahead, %", "training"), rows)


def generalisation_table() -> Table:
    """Policies where they were not trained, beside a look-ahead rule that was tuned there."""
    records = [recorded(file.stem) for file in sorted(RECORDED.glob("generalisation-*.json"))]
    names = [record["policy"] for record in records]
    by_scenario: dict[str, dict[str, dict[str, Any]]] = {}
    for record in records:
        for one in record["scenarios"]:
            by_scenario.setdefault(one["scenario"], {})[record["policy"]] = one
    rows = []
    for scenario, found in by_scenario.items():
        rule = next(iter(found.values()))["references"]["look_ahead"]
        cells = [_percent_with_interval(found[name]["policy"]) if name in found else NO_VALUE for name in names]
        rows.append((scenario, *cells, f"{rule['percent_of_dftsp']:.2f}"))
    return Table(("scenario", *(f"`{name}`" for name in names), "look-ahead, tuned there"), rows)


def exploration_table() -> Table:
    """Other ways to a value function than the cross-entropy method."""
    record = recorded("explore-carry-over")
    rows = [
        (
            f"`{run['algorithm']}`",
            f"{run['epoch_steps']:,}",
            _percent_with_interval(run),
            _interval(run["difference_to_look_ahead_percent"]),
            f"{run['seconds']:.0f} s",
        )
        for run in record["runs"]
    ]
    return Table(("algorithm", "epochs played", "% of DFTSP [95 % CI]", "above look-ahead, %", "time"), rows)


def ablation_table() -> Table:
    """MaskablePPO from scratch with one thing changed at a time."""
    record = recorded("ablation-carry-over")
    variants: dict[str, list[dict[str, Any]]] = {}
    for run in record["runs"]:
        variants.setdefault(run["variant"], []).append(run)
    rows = [
        (
            variant,
            ", ".join(f"{run['percent_of_dftsp']['mean']:.2f}" for run in runs),
            f"{median(run['percent_of_dftsp']['mean'] for run in runs):.2f}",
            f"{median(run['seconds'] for run in runs):.0f} s",
        )
        for variant, runs in variants.items()
    ]
    return Table(("variant", "% of DFTSP, seed by seed", "median", "time"), rows)


def variances_table() -> Table:
    """How much shared workloads and DFTSP take off the variance of a comparison."""
    record = recorded("ablation-carry-over")
    rows = [(name, f"{value:.1f}") for name, value in record["variance_per_workload"].items()]
    return Table(("requests served by the look-ahead rule", "variance per workload"), rows)


def _percent_with_interval(run: dict[str, Any]) -> str:
    return Interval(**run["difference_to_dftsp_percent"]).plus(100.0).text(".2f")


def _interval(found: dict[str, float]) -> str:
    return Interval(**found).text("+.2f")


def _gap_closed(run: dict[str, Any]) -> str:
    closed = run.get("closes_percent_of_gap_to_hindsight", {})
    parts: Sequence[float | None] = [closed.get(name) for name in ("schedule", "bound")]
    if None in parts:
        return NO_VALUE
    return f"{parts[0]:.0f} % ({parts[1]:.0f} %)"


LEARNED_SECTIONS: dict[str, Callable[[], Table]] = {
    "learned": learned_table,
    "seeds": seeds_table,
    "generalisation": generalisation_table,
    "exploration": exploration_table,
    "ablation": ablation_table,
    "variances": variances_table,
}
"""Sections of the page, and what fills them."""
