"""Tables of the recorded campaign and soak."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from edge_llm_agents.records.record import read_record
from edge_llm_env.support.tables import Table
from experiments.faults.case import Kind
from experiments.faults.verdict import VERDICTS


def faults_table(recorded: Path, kinds: Mapping[str, Kind]) -> Table:
    """What the cases of every kind led to, as it is recorded in a folder."""
    rows = []
    for name, kind in kinds.items():
        if not (file := recorded / "faults" / f"{name}.json").exists():
            rows.append((f"{kind.summary} (`{name}`)", "0", f"{kind.whole:,}", *("" for _ in VERDICTS), "", "", ""))
            continue
        record = read_record(file)
        counts = (f"{record['verdicts'][verdict]:,}" for verdict in VERDICTS)
        mended = f"{len(record['mended']):,}"
        of = (f"{record['tried']:,}", f"{kind.whole:,}", *counts, mended, record["version"], record["date"])
        rows.append((f"{kind.summary} (`{name}`)", *of))
    return Table(("cases", "tried", "of", *VERDICTS, "mended", "version", "date"), rows)


def soak_table(recorded: Path) -> Table:
    """Every part of the recorded soak: how often, how large, and the memory after the first and the last time."""
    record = read_record(recorded / "soak.json")
    rows = []
    for name in dict.fromkeys(one["part"] for one in record["parts"]):
        found = [one for one in record["parts"] if one["part"] == name]
        size = next(found[0][unit] for unit in ("requests", "epochs", "episodes") if unit in found[0])
        memory = (f"{found[at]['left_bytes'] / 2**20:.1f} MiB" for at in (0, -1))
        rows.append((name, f"{size:,}", str(len(found)), *memory))
    return Table(("part", "size", "times", "memory after the first", "after the last"), rows)
