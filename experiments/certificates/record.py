"""The record of certificates, to which scenarios are added one by one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from edge_llm_agents.records.record import NoRecordError, read_record, write_record

Entries = dict[str, dict[str, Any]]
"""What is certified of scenarios, by their names."""


def read_entries(path: Path) -> Entries:
    """Those of a record; none where there is no file.

    Raises NoRecordError for a file that holds something else.
    """
    if not path.is_file():
        return {}
    record = read_record(path)
    try:
        return {str(one["scenario"]): one | {"settings": dict(one["settings"])} for one in record["scenarios"]}
    except (KeyError, TypeError, ValueError) as error:
        raise NoRecordError(
            f"{path}: is no record of certificates: {error!r}; must be as write_entries writes it, or another folder"
        ) from None


def write_entries(path: Path, entries: Mapping[str, Mapping[str, Any]]) -> None:
    """Write them, sorted by their scenarios' names, whole or not at all."""
    write_record(path, {"scenarios": [dict(entries[name]) for name in sorted(entries)]})


def is_certified(
    entries: Entries, name: str, fingerprint: str, environments: Sequence[str], settings: Mapping[str, Any]
) -> bool:
    """Whether a scenario of this content is there, in these environments, made with these settings as JSON has them."""
    one = entries.get(name)
    if one is None:
        return False
    made_of = (one.get("fingerprint"), one.get("environments"), one["settings"])
    return made_of == (fingerprint, list(environments), settings)
