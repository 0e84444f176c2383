"""The tables of the validation, from its report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from edge_llm_env.inference.validation.kinds import PHASES, SPLITS
from edge_llm_env.inference.validation.targets import FEWEST, WORST_KIND
from edge_llm_env.support.tables import NO_VALUE, Table

TITLES = {
    "in_sample": "fitted to all rows",
    "device": "device left out",
    "model": "decoder left out",
    "source": "source left out",
    "one_measured": "device left out, one of its rows of the same phase given",
    "any_measured": "device left out, one of its rows of any phase given",
    "scenario_measured": "device left out, one of its rows of the same phase given as `node.measured`",
}
"""Fit → what it left out, as tables say it."""

Report = Mapping[str, Any]


def rows_table(report: Report) -> Table:
    """What becomes of the published rows."""
    refused, assumed = report["refused"], report["lengths_assumed"]
    judged = report["rows"] - assumed - sum(refused.values())
    return Table(
        ("rows", "what becomes of them"),
        [
            (f"{judged:,}", "fitted and judged"),
            (f"{assumed:,}", "lengths not published: fitted with a context of 512 tokens, and judged apart"),
            *((f"{number:,}", f"refused: {reason}") for reason, number in refused.items()),
        ],
    )


def summary_table(report: Report) -> Table:
    """Mean absolute error of each fit by phase."""
    counts = [f"{phase}, {report['errors']['device'][phase]['all']['rows']} rows" for phase in PHASES]
    rows = [
        (title, *(_cell(report["errors"][fit].get(phase, {}).get("all")) for phase in PHASES))
        for fit, title in TITLES.items()
    ]
    return Table(("mean absolute error in % (median)", *counts), rows)


def assumed_table(report: Report) -> Table:
    """The same of rows whose lengths are assumed."""
    errors = report["errors_with_assumed_lengths"]
    phases = [phase for phase in PHASES if phase in errors["device"]]
    rows = [(title, *(_cell(errors[fit].get(phase)) for phase in phases)) for fit, title in TITLES.items()]
    counts = [f"{phase}, {errors['device'][phase]['rows']} rows" for phase in phases]
    return Table(("lengths not published: mean absolute error in % (median)", *counts), rows)


def split_table(report: Report, split: str) -> Table:
    """Mean absolute error with the device left out, and after one measurement, by the kinds of one split."""
    by_datasheet, given = report["errors"]["device"], report["errors"]["one_measured"]
    rows = []
    for kind in _kinds(report, split):
        cells = []
        for phase in PHASES:
            one = by_datasheet[phase][split].get(kind)
            other = given.get(phase, {}).get(split, {}).get(kind)
            after = "" if other is None else f" / {100.0 * other['error']:.0f}"
            cells.append(NO_VALUE if one is None else f"{100.0 * one['error']:.0f}{after} [{one['rows']}]")
        rows.append((kind, *cells))
    return Table((f"{split}: device left out / one row given [rows]", *PHASES), rows)


OTHER_FITS = ("in_sample", "model", "source")
"""Fits whose errors by kind stand in a table of their own."""


def other_fits_table(report: Report) -> Table:
    """Mean absolute error by kind of the fits to all rows, and without the decoder or the source."""
    by_fit = [report["errors"][fit] for fit in OTHER_FITS]
    rows = [
        (f"{split}: {kind}", *(_errors(by_fit, phase, split, kind) for phase in PHASES))
        for split in SPLITS
        for kind in _kinds(report, split)
    ]
    return Table((" / ".join(TITLES[fit] for fit in OTHER_FITS), *PHASES), rows)


def _errors(by_fit: Sequence[Report], phase: str, split: str, kind: str) -> str:
    found = [errors.get(phase, {}).get(split, {}).get(kind) for errors in by_fit]
    shown = [NO_VALUE if one is None else f"{100.0 * one['error']:.0f}" for one in found]
    return NO_VALUE if not any(found) else " / ".join(shown)


def _kinds(report: Report, split: str) -> list[str]:
    return sorted({kind for phase in report["errors"]["device"].values() for kind in phase[split]}, key=_order)


def _order(kind: str) -> tuple[int, float, str]:
    """Ranges by their first number, with those above the last at the end; other kinds by name."""
    first = kind.split()[0]
    if first == "above":
        return 1, float(kind.split()[1]), kind
    return (0, float(first), kind) if first.replace(".", "").isdigit() else (0, 0.0, kind)


def targets_table(report: Report) -> Table:
    """What was aimed at and what was reached, with a 90 % interval over boards, and what limits rows set."""
    rows = []
    repeated, one_factor = report.get("floors", {}), report.get("one_factor", {})
    for line in report["targets"]:
        seen = {True: ", engine seen on other boards", False: ", engine not seen", None: ""}[line["engine_seen"]]
        reached = line["reached"]
        rows.append(
            (
                f"{line['phase']}, {line['knowing']}{seen}",
                f"{100.0 * line['bound']:.0f}",
                _interval(reached),
                NO_VALUE if reached is None else f"{reached['rows']} of {reached['boards']} boards",
                {True: "yes", False: "no", None: NO_VALUE}[line["met"]],
                _least(repeated.get(line["phase"], {}).get("all", {}).get("all"), "floor"),
                _least(one_factor.get(line["phase"]), "error"),
            )
        )
    headings = ("mean absolute error in %", "target", "measured [90 % interval]", "rows", "met")
    return Table((*headings, "least: cases measured twice [rows]", "least: one factor per machine [rows]"), rows)


def _least(line: Mapping[str, float] | None, name: str) -> str:
    return NO_VALUE if line is None else f"{100.0 * line[name]:.1f} [{line['rows']}]"


def told_table(report: Report) -> Table:
    """How far off rows are after another of their phase was given, by whether it is of the same model."""
    rows = [
        (
            line["phase"],
            "the same" if line["same_model"] else "another",
            str(line["rows"]),
            f"{100.0 * line['error']:.1f}",
            f"{100.0 * line['by_datasheet']:.1f}",
        )
        for line in report["told"]
        if line["rows"] >= FEWEST_TOLD
    ]
    headings = (
        "a row of the same phase given: error in %",
        "its decoder and precision",
        "rows",
        "after it",
        "the same rows by datasheet",
    )
    return Table(headings, rows)


def mixtures_table(report: Report) -> Table:
    """Prefills of mixtures of experts by machine and source, the device left out."""
    rows = [
        (f"{line['device']}, {line['engine']}", line["source"], *_judged(line)) for line in report["mixture_prefills"]
    ]
    return Table(("prefill of mixtures", "source", "rows", "boards", "error in %", "bias in %"), rows)


def _interval(reached: Mapping[str, float] | None) -> str:
    if reached is None:
        return NO_VALUE
    return f"{100.0 * reached['error']:.1f} [{100.0 * reached['low']:.0f}, {100.0 * reached['high']:.0f}]"


def bad_kinds_table(report: Report) -> Table:
    """Kinds with a mean error above 40 %, the device left out: those that are judged, then those of few rows."""
    rows = [
        (f"{line['phase']}: {line['split']} {line['kind']}", *_judged(line), f"{100.0 * line['one_factor']:.0f}")
        for line in report["kinds_above_40_percent"]
    ]
    few = [
        (f"{phase}: {split} {kind}", line)
        for phase, splits in report["errors"]["device"].items()
        for split in SPLITS
        for kind, line in splits[split].items()
        if line["rows"] < FEWEST and line["error"] > WORST_KIND
    ]
    rows += [(name, *_judged(line), NO_VALUE) for name, line in sorted(few, key=lambda one: -one[1]["error"])]
    headings = ("kind above 40 %", "rows", "boards", "error in %", "bias in %")
    return Table((*headings, "least: one factor for the kind"), rows)


def worst_table(report: Report) -> Table:
    """The machines and sources that add most to each phase's error, the device left out."""
    rows = [
        (f"{phase}: {line['device']}, {line['engine']}", line["source"], *_judged(line), f"{100.0 * line['adds']:.1f}")
        for phase, lines in report["worst_groups"].items()
        for line in lines
    ]
    return Table(("worst", "source", "rows", "boards", "error in %", "bias in %", "adds"), rows)


def _judged(line: Mapping[str, Any]) -> tuple[str, str, str, str]:
    return str(line["rows"]), str(line["boards"]), f"{100.0 * line['error']:.0f}", f"{100.0 * line['bias']:+.0f}"


def disagreement_table(report: Report) -> Table:
    """How far two sources differ of the same machine."""
    rows = [
        (phase, str(line["pairs"]), *(f"{100.0 * line[name]:.0f}" for name in ("median", "mean", "largest")))
        for phase, line in report["disagreement"].items()
    ]
    return Table(("two sources of one machine", "pairs", "median difference in %", "mean", "largest"), rows)


FEWEST_TOLD = 20
"""Rows from which what one row tells of them is shown."""

FEWEST_TWICE = 4
"""Rows of cases measured twice from which a kind is shown."""


def floors_table(report: Report) -> Table:
    """What rows of one case leave at least, by kind, beside the error of the same rows with the device left out."""
    rows = [
        (
            phase if split == "all" else f"{phase}: {split} {kind}",
            str(line["rows"]),
            f"{100.0 * line['floor']:.1f}",
            f"{100.0 * line['error']:.0f}",
        )
        for phase, splits in report["floors"].items()
        for split, kinds in splits.items()
        for kind, line in sorted(kinds.items())
        if line["rows"] >= FEWEST_TWICE
    ]
    headings = ("cases measured twice or more", "rows", "least mean error in %", "error, device left out")
    return Table(headings, rows)


def spreads_table(report: Report) -> Table:
    """Half widths, in per cent of a prediction, that two thirds of rows lie within."""
    spreads = report["spreads"]
    classes = list(next(iter(spreads.values())))
    rows = [(phase, *(f"{100.0 * spreads[phase][name]:.0f}" for name in classes)) for phase in spreads]
    return Table(("two thirds lie within, in %", *classes), rows)


def _cell(entry: Mapping[str, float] | None) -> str:
    return NO_VALUE if entry is None else f"{100.0 * entry['error']:.1f} ({100.0 * entry['median']:.0f})"


def as_text(report: Report) -> str:
    """All tables."""
    tables = [
        rows_table(report),
        summary_table(report),
        assumed_table(report),
        targets_table(report),
        told_table(report),
        bad_kinds_table(report),
        worst_table(report),
        mixtures_table(report),
        disagreement_table(report),
        floors_table(report),
        spreads_table(report),
        *(split_table(report, split) for split in SPLITS),
        other_fits_table(report),
    ]
    return "\n\n".join(one.text() for one in tables)
