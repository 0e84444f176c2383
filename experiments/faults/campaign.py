"""A campaign: kinds of cases played to their counts, and a record of each of what they led to."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from tempfile import gettempdir
from typing import Any

import edge_llm_env
from edge_llm_agents.records.record import read_record, write_record
from experiments.faults.case import Kind
from experiments.faults.playing import Played, played
from experiments.faults.sources import sources_sha256
from experiments.faults.verdict import GOOD, VERDICTS

KEPT = 200
"""Faults of a kind that the record describes; all are counted."""

EVERY = 10
"""Cases after which a record is written."""

MADE = re.compile(rf"{re.escape(gettempdir())}/faults-[^/'\" ]+")
"""Folders that cases are played in."""

Record = dict[str, Any]


def campaign(
    kinds: Mapping[str, Kind],
    count: int | None,
    seed: int,
    folder: Path,
    say: Callable[[str], None] = lambda line: None,
) -> dict[str, Record]:
    """Play `count` cases of each kind, or as many as a whole campaign has; records, each a file of the folder.

    What a file has of the same seed, version and sources is kept, and gone on from, so that kinds can be played one
    after another or side by side. Another is begun anew, which `say` is told.
    """
    return {
        name: _played(name, kind, count or kind.whole, seed, folder / f"{name}.json", say)
        for name, kind in kinds.items()
    }


def play_again(
    kinds: Mapping[str, Kind], folder: Path, say: Callable[[str], None] = lambda line: None
) -> dict[str, Record]:
    """Play the cases again that records of kinds call bad; the records, in which those that are good now are `mended`.

    Such a case counts as what it led to now, and what it led to before stays beside it. Raises ValueError where the
    case of an index is another by now.
    """
    records = {}
    for name, kind in kinds.items():
        file = folder / f"{name}.json"
        if not file.exists():
            continue
        records[name] = record = read_record(file)
        for fault in list(record["faults"]):
            (one,) = played(kind, record["seed"], fault["index"], fault["index"] + 1)
            if one.what != fault["case"]:
                raise ValueError(f"{file}: case {one.number} must be {fault['case']!r}, is {one.what!r} by now")
            _count_again(record, fault, one)
            say(_line_of(name, one))
            _write(file, record)
    return records


def _count_again(record: Record, fault: Record, one: Played) -> None:
    """Count a case that was bad as what it leads to now."""
    record["verdicts"][fault["verdict"]] -= 1
    record["verdicts"][one.outcome.verdict] += 1
    at = record["faults"].index(fault)
    if one.outcome.verdict in GOOD:
        del record["faults"][at]
        now = {"verdict": one.outcome.verdict, "version": edge_llm_env.__version__, "date": _today()}
        record["mended"].append(fault | {"now": now})
    else:
        record["faults"][at] = _described(one)


def _played(name: str, kind: Kind, end: int, seed: int, file: Path, say: Callable[[str], None]) -> Record:
    record = _begun(file, seed, say)
    counts: Counter[str] = Counter(record["verdicts"])
    for one in played(kind, seed, record["tried"], end):
        counts[one.outcome.verdict] += 1
        record |= {"tried": one.number + 1, "verdicts": {each: counts[each] for each in VERDICTS}}
        if one.outcome.verdict not in GOOD:
            if len(record["faults"]) < KEPT:
                record["faults"].append(_described(one))
            say(_line_of(name, one))
        if record["tried"] % EVERY == 0:
            _write(file, record)
    _write(file, record)
    return record


def _described(one: Played) -> Record:
    """A case that is bad, as a record has it, which names no folder of a machine."""
    said = MADE.sub(".", one.outcome.said.replace(str(Path.cwd()), "."))
    return {"index": one.number, "case": one.what} | one.outcome._asdict() | {"said": said}


def _line_of(name: str, one: Played) -> str:
    return f"{name} {one.number}: {one.outcome.verdict}: {one.what}: {one.outcome.said}"


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


def _begun(file: Path, seed: int, say: Callable[[str], None]) -> Record:
    """The record in the file, if it is of this seed, version and sources; else an empty one."""
    of = {"seed": seed, "version": edge_llm_env.__version__, "sources_sha256": sources_sha256()}
    if file.exists():
        record = read_record(file)
        differs = [name for name, value in of.items() if record.get(name) != value]
        if not differs:
            return record
        say(f"{file}: is of another {' and '.join(differs)}: begun anew")
    return {
        **of,
        "tried": 0,
        "verdicts": dict.fromkeys(VERDICTS, 0),
        "faults": [],
        "mended": [],
    }


def _write(file: Path, record: Record) -> None:
    record["date"] = _today()
    write_record(file, record)


def _today() -> str:
    return datetime.now(UTC).date().isoformat()
