"""The campaign of proofs: a part for each seed, and the record of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import edge_llm_env
from edge_llm_agents.records.record import read_record, write_record
from experiments.proofs.agreement import against_all_subsets, against_general_solvers, hard_class_times

PARTS = ("all_subsets", "general_solvers", "hard_classes")
"""Of each seed, lists of an entry per family or class."""

Part = dict[str, Any]

_VERSION = edge_llm_env.__version__


def prove(
    file: Path, settings: Mapping[str, Any], seeds: Sequence[int], say: Callable[[str], None] = lambda line: None
) -> list[Part]:
    """Play the seeds that the file has not, of these settings and this version, and write it after each; all parts."""
    parts: list[Part] = []
    if file.exists():
        record = read_record(file)
        if (record["settings"], record["version"]) == (dict(settings) | {"sizes": list(settings["sizes"])}, _VERSION):
            parts = record["parts"]
    for seed in seeds:
        if any(part["seed"] == seed for part in parts):
            continue
        parts.append(_part(seed, settings, say))
        write_record(file, {"settings": settings, "version": _VERSION, "parts": parts})
    return parts


def _part(seed: int, settings: Mapping[str, Any], say: Callable[[str], None]) -> Part:
    found = {
        "all_subsets": against_all_subsets(settings["instances"], seed),
        "general_solvers": against_general_solvers(settings["general"], seed),
        "hard_classes": hard_class_times(settings["sizes"], settings["hard"], seed),
    }
    part: Part = {"seed": seed}
    for name, entries in found.items():
        part[name] = []
        for entry in entries:
            part[name].append(entry)
            say(f"{seed} {name}: {json.dumps(entry)}")
    return part | {"date": datetime.now(UTC).date().isoformat()}


def wrong(parts: Sequence[Part]) -> int:
    """Solutions that were wrong."""
    return sum(len(entry.get("wrong", ())) for part in parts for name in PARTS for entry in part[name])
