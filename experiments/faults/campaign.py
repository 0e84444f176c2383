"""A campaign: kinds of cases played to their counts, and a record of each of what they led to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import edge_llm_env
from edge_llm_agents.records.record import read_record, write_record
from experiments.faults.case import Kind
from experiments.faults.playing import played
from experiments.faults.verdict import GOOD, VERDICTS

KEPT = 200
"""Faults of a kind that the record describes; all are counted."""

EVERY = 10
"""Cases after which a record is written."""

Record = dict[str, Any]


def campaign(
    kinds: Mapping[str, Kind],
    count: int | None,
    seed: int,
    folder: Path,
    say: Callable[[str], None] = lambda line: None,
) -> dict[str, Record]:
    """Play `count` cases of each kind, or as many as a whole campaign has; records, each a file of the folder.

    What a file has of the same seed and version is kept, and gone on from, so that kinds can be played one after
    another or side by side.
    """
    return {
        name: _played(name, kind, count or kind.whole, seed, folder / f"{name}.json", say)
        for name, kind in kinds.items()
    }


def _played(name: str, kind: Kind, end: int, seed: int, file: Path, say: Callable[[str], None]) -> Record:
    record = _begun(file, seed)
    counts: Counter[str] = Counter(record["verdicts"])
    for one in played(kind, seed, record["tried"], end):
        verdict = one.outcome.verdict
        counts[verdict] += 1
        record |= {"tried": one.number + 1, "verdicts": {each: counts[each] for each in VERDICTS}}
        if verdict not in GOOD:
            if len(record["faults"]) < KEPT:
                said = one.outcome.said.replace(str(Path.cwd()), ".")  # a record names no folder of a machine
                record["faults"].append(
                    {"index": one.number, "case": one.what} | one.outcome._asdict() | {"said": said}
                )
            say(f"{name} {one.number}: {verdict}: {one.what}: {one.outcome.said}")
        if record["tried"] % EVERY == 0:
            _write(file, record)
    _write(file, record)
    return record


def faults(records: Mapping[str, Record]) -> int:
    """Cases of records that led to what they must not."""
    return sum(
        record["verdicts"][verdict] for record in records.values() for verdict in VERDICTS if verdict not in GOOD
    )


def as_table(records: Mapping[str, Record]) -> str:
    """Counts of records, a line for each kind and one for all."""
    lines = [f"{'kind':<18}" + "".join(f"{name:>9}" for name in ("tried", *VERDICTS))]
    total: Counter[str] = Counter()
    for kind, record in records.items():
        counts = {"tried": record["tried"]} | record["verdicts"]
        total.update(counts)
        lines.append(_line(kind, counts))
    return "\n".join([*lines, _line("all", total)])


def _line(kind: str, counts: Mapping[str, int]) -> str:
    return f"{kind:<18}" + "".join(f"{counts[name]:>9}" for name in ("tried", *VERDICTS))


def _begun(file: Path, seed: int) -> Record:
    """The record in the file, if it is of this seed and version; else an empty one."""
    if file.exists():
        record = read_record(file)
        if (record["seed"], record["version"]) == (seed, edge_llm_env.__version__):
            return record
    return {
        "seed": seed,
        "version": edge_llm_env.__version__,
        "tried": 0,
        "verdicts": dict.fromkeys(VERDICTS, 0),
        "faults": [],
    }


def _write(file: Path, record: Record) -> None:
    record["date"] = datetime.now(UTC).date().isoformat()
    write_record(file, record)
