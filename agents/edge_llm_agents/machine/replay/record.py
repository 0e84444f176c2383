"""The record of a replay: its cells, which a run that goes on keeps, and what they say together."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from edge_llm_agents.records.record import NoRecordError, read_record, write_record

Cells = dict[str, dict[str, Any]]
"""Name of a cell → what was measured."""


PARTS = (("batch", "prefill", "decode"), ("stretch", "mixed", "decode"))
"""What is timed where batches are replayed: whole batches, their first pass, their others. And where iterations are:
stretches of passes between two decisions, those with prompts in them, those without."""


def parts_of(names: Collection[str]) -> tuple[str, str, str]:
    """Which of these a cell's or a summary's fields are of."""
    return next(parts for parts in PARTS if any(name.startswith(parts[0]) for name in names))


def cell_name(policy: str, episode: int, repetition: int) -> str:
    """What a cell is called."""
    return f"{policy} {episode} {repetition}"


def _named(cell: str) -> list[str]:
    """Policy, episode and repetition of a cell's name; the policy may be a path with spaces."""
    return cell.rsplit(" ", 2)


def read_cells(file: Path, settings: Mapping[str, Any]) -> Cells:
    """Cells of a run with these settings; none where there is no such run."""
    try:
        record = read_record(file)
    except (OSError, NoRecordError):
        return {}
    cells: Cells = record["cells"] if record.get("settings") == settings else {}
    return cells


def write_cells(
    file: Path, settings: Mapping[str, Any], calibration: Mapping[str, Any], cells: Cells
) -> dict[str, Any]:
    """Write the record, whose lists of times are to the microsecond, and return it. Raises OSError."""
    cells = {name: _rounded(cell) for name, cell in cells.items()}
    record = {"settings": dict(settings), "calibration": dict(calibration), "summary": summary(cells), "cells": cells}
    write_record(file, record)
    return record


def _rounded(cell: Mapping[str, Any]) -> dict[str, Any]:
    """A cell whose lists, of some thousand stretches where iterations are replayed, have six decimals."""
    return {
        name: [round(one, 6) for one in value] if isinstance(value, list) else value for name, value in cell.items()
    }


def summary(cells: Cells) -> dict[str, Any]:
    """Of each policy what was scheduled, what was on time, and errors; and in how many episodes the order was kept."""
    policies = list(dict.fromkeys(_named(one)[0] for one in cells))
    return {
        "policies": {
            policy: _of_policy([cells[one] for one in cells if _named(one)[0] == policy]) for policy in policies
        },
        "order": _order(cells, policies),
    }


def _of_policy(cells: Sequence[dict[str, Any]]) -> dict[str, Any]:
    scheduled, on_time = sum(one["scheduled"] for one in cells), sum(one["on_time"] for one in cells)
    shares = [one["on_time"] / one["scheduled"] for one in cells if one["scheduled"]]
    return {
        "cells": len(cells),
        "arrived": sum(one["arrived"] for one in cells),
        "scheduled": scheduled,
        "on_time": on_time,
        "on_time_share": on_time / max(1, scheduled),
        "on_time_share_least": min(shares, default=0.0),
        "on_time_share_most": max(shares, default=0.0),
        "ttft_s": float(np.mean([one["ttft_s"] for one in cells])),
        "tpot_s": float(np.mean([one["tpot_s"] for one in cells])),
    } | {f"{part}_error": _error(cells, part) for part in parts_of(cells[0])}


def _error(cells: Sequence[dict[str, Any]], part: str) -> dict[str, float]:
    """Measured / predicted - 1 of batches: median, and where nine tenths lie below."""
    predicted = np.array([value for one in cells for value in one[f"{part}_predicted_s"]])
    measured = np.array([value for one in cells for value in one[f"{part}_measured_s"]])
    ratios = measured[predicted > 0] / predicted[predicted > 0] - 1.0
    if not len(ratios):
        return {"median": 0.0, "tenth": 0.0, "nine_tenths": 0.0}
    at = np.quantile(ratios, [0.5, 0.1, 0.9]).tolist()
    return dict(zip(("median", "tenth", "nine_tenths"), at, strict=True))


def _order(cells: Cells, policies: Sequence[str]) -> dict[str, int]:
    """Episodes, of each repetition, whose policies stand on the machine in the order of the simulator.

    It is kept where no two change places: of two that differ in the simulator, the machine has the better one at least
    level.
    """
    groups: dict[tuple[str, str], dict[str, dict[str, Any]]] = {}
    for name, one in cells.items():
        policy, episode, repetition = _named(name)
        groups.setdefault((episode, repetition), {})[policy] = one
    whole = [group for group in groups.values() if len(group) == len(policies)]
    kept = sum(
        all(
            better["on_time"] >= worse["on_time"]
            for better in group.values()
            for worse in group.values()
            if better["scheduled"] > worse["scheduled"]
        )
        for group in whole
    )
    return {"episodes": len(whole), "kept": kept}
