"""What the model should reach on rows with published lengths, and what it does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from edge_llm_env.inference.validation.disagreements import least_error
from edge_llm_env.inference.validation.errors import Predicted, by_phase, parts, summary
from edge_llm_env.inference.validation.kinds import SPLITS
from edge_llm_env.inference.validation.predictions import Predictions

FEWEST = 5
"""Rows from which a kind is judged."""

WORST_KIND = 0.4
"""Largest mean error of a kind."""


class Target(NamedTuple):
    """A bound of the mean absolute error of a phase."""

    phase: str
    knowing: str
    """By datasheet, the board left out; or after one measurement."""
    engine_seen: bool | None
    """Whether the fit has the engine on other boards; none: whichever."""
    bound: float


DATASHEET, ONE_MEASURED = "by datasheet", "after one measurement of the same phase"
ANY_MEASURED = "after one measurement of any phase"

TARGETS = (
    Target("decode", DATASHEET, None, 0.16),
    Target("decode, batch > 1", DATASHEET, True, 0.25),
    Target("decode, batch > 1", DATASHEET, False, 0.35),
    Target("prefill", DATASHEET, None, 0.22),
    Target("memory", DATASHEET, None, 0.08),
    Target("decode", ONE_MEASURED, None, 0.10),
    Target("decode, batch > 1", ONE_MEASURED, None, 0.15),
    Target("prefill", ONE_MEASURED, None, 0.14),
    Target("decode", ANY_MEASURED, None, 0.10),
    Target("decode, batch > 1", ANY_MEASURED, None, 0.15),
    Target("prefill", ANY_MEASURED, None, 0.14),
)
"""All that is aimed at."""


def against_targets(found: Predictions) -> list[dict[str, Any]]:
    """Each target with what was measured, over rows whose lengths are published, and whether it is met."""
    lines = []
    for target in TARGETS:
        given = {ONE_MEASURED: found.one_measured, ANY_MEASURED: found.any_measured}
        if target.knowing in given:
            rows = given[target.knowing]
        else:
            wanted = (True, False) if target.engine_seen is None else (target.engine_seen,)
            rows = [one for one, seen in zip(found.device, found.engine_seen, strict=True) if seen in wanted]
        rows = [one for one in published(rows) if one.measurement.phase == target.phase]
        reached = summary(rows) if rows else None
        met = None if reached is None else reached["error"] <= target.bound
        lines.append(target._asdict() | {"reached": reached, "met": met})
    return lines


def published(rows: Sequence[Predicted]) -> list[Predicted]:
    """Rows whose lengths are published."""
    return [one for one in rows if one.measurement.lengths_published]


def bad_kinds(found: Predictions) -> list[dict[str, Any]]:
    """Kinds of at least `FEWEST` rows whose mean error by datasheet is above `WORST_KIND`, worst first.

    Beside it what the best factor for all rows of the kind would leave.
    """
    bad = []
    for phase, rows in by_phase(published(found.device)).items():
        for split in SPLITS:
            for kind, of_kind in parts(rows, split).items():
                if len(of_kind) >= FEWEST and (reached := summary(of_kind))["error"] > WORST_KIND:
                    ratios = [one.values[0] / one.measurement.value for one in of_kind]
                    line = {"phase": phase, "split": split, "kind": kind, "one_factor": least_error(ratios)}
                    bad.append(line | reached)
    return sorted(bad, key=lambda line: -line["error"])


def worst_groups(found: Predictions, number: int = 6) -> dict[str, list[dict[str, Any]]]:
    """Phase → the device, engine and source whose rows add most to its error by datasheet, most first."""
    worst = {}
    for phase, rows in by_phase(published(found.device)).items():
        worst[phase] = _by_source(rows)[:number]
    return worst


def mixture_prefills(found: Predictions) -> list[dict[str, Any]]:
    """The same of prefills of mixtures of experts, all machines and sources."""
    rows = [one for one in published(found.device) if one.measurement.phase == "prefill"]
    return _by_source(parts(rows, "experts").get("mixture", []))


def _by_source(rows: Sequence[Predicted]) -> list[dict[str, Any]]:
    groups: dict[tuple[str, str, str], list[Predicted]] = {}
    for one in rows:
        groups.setdefault((one.measurement.device, one.measurement.engine, one.measurement.source), []).append(one)
    lines: list[dict[str, Any]] = [
        {"device": device, "engine": engine, "source": source}
        | {"adds": sum(one.error for one in group) / len(rows)}
        | summary(group)
        for (device, engine, source), group in groups.items()
    ]
    return sorted(lines, key=lambda line: -line["adds"])
