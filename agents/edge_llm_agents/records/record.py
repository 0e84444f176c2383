"""Records of results: one JSON object per file, written whole or not at all, that says what it was made with.

Every record has `provenance`, beside what its maker says; `docs/reference/records.md` has the fields of each kind.
Names of quantities end with their unit (`decision_us`, `throughput_per_s`, `percent_of_dftsp`); counts have none.
"""

from __future__ import annotations

import json
import platform
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from edge_llm_env.support.system.cores import cores
from edge_llm_env.support.system.files import write_text

PACKAGES = ("edge-llm-env", "gymnasium", "numba", "numpy", "scipy")
"""Of which every result may depend on the version."""

LEARNING = ("sb3-contrib", "stable-baselines3", "torch")
"""Of which what learns may depend on the version."""


MOST_BYTES = 2**30
"""Of a file that is read as a record."""


class NoRecordError(ValueError):
    """A file that holds no record of results; the message says which and why."""


def versions(packages: Iterable[str] = ()) -> dict[str, str]:
    """Version by name of Python, PACKAGES and of these packages; one that is not installed is left out."""
    found = {"python": platform.python_version()}
    for name in sorted({*PACKAGES, *packages}):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def provenance(packages: Iterable[str] = LEARNING) -> dict[str, Any]:
    """What a record is made with: `versions`, and the `machine` that times were taken on.

    In records from before version 0.2.0 what they did not say is missing from either.
    """
    machine = {"machine": platform.machine(), "system": platform.system(), "cores": cores()}
    return {"versions": versions(packages), "machine": machine}


def settings_of(options: Any) -> dict[str, Any]:
    """The options of a command, a dataclass, as its record has them: all but the folder of `results`."""
    return {name: value for name, value in asdict(options).items() if name != "results"}


def write_record(path: Path, record: Mapping[str, Any]) -> str:
    """Write a record with its provenance, this process's if it has none; the text of the file.

    Raises ValueError for a number that JSON does not have.
    """
    text = as_json({"provenance": provenance()} | dict(record)) + "\n"
    write_text(path, text)
    return text


def as_json(record: Mapping[str, Any]) -> str:
    """A record as text: a line per entry, lists of numbers or names on one. Raises ValueError as `write_record`."""
    return _LIST.sub(lambda found: f"[{_BETWEEN.sub(', ', found[1])}]", json.dumps(record, indent=1, allow_nan=False))


_LIST = re.compile(r"\[\n\s*([^\[\]{}]*?)\n\s*\]")
_BETWEEN = re.compile(r",\n\s*")


def read_record(path: Path) -> dict[str, Any]:
    """A record; raises NoRecordError for a file that holds none, and OSError."""
    if (size := path.stat().st_size) > MOST_BYTES:
        raise NoRecordError(f"{path}: is no record of results: has {size:,} bytes, must have at most {MOST_BYTES:,}")
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        if not record["provenance"].keys() >= {"versions", "machine"}:
            raise KeyError("versions, machine")
    except (json.JSONDecodeError, UnicodeDecodeError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise NoRecordError(f"{path}: is no record of results: {error!r}; must be as write_record writes it") from None
    return record
