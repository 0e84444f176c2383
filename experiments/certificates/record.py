"""The record of certificates, to which scenarios are added one by one."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from edge_llm_agents.records.record import NoRecordError, read_record, write_record
from edge_llm_baselines.certificates.unpenalised import BATCHES
from experiments.certificates.certifying import BY_ARRIVALS

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
        found = [one if "settings" in one else _of_batches(one, record["settings"]) for one in record["scenarios"]]
        return {str(one["scenario"]): one for one in found}
    except (AttributeError, KeyError, TypeError) as error:
        raise NoRecordError(
            f"{path}: is no record of certificates: {error!r}; must be as write_entries writes it, or another folder"
        ) from None


def _of_batches(one: Mapping[str, Any], settings: Mapping[str, Any]) -> dict[str, Any]:
    """An entry from when records were of batches alone, all made with the same settings, as entries are now."""
    policies = {
        name: {("percent_of_oracle" if key == "percent_of_dftsp" else key): value for key, value in policy.items()}
        for name, policy in one["policies"].items()
    }
    return {
        "scenario": one["scenario"],
        "fingerprint": one["fingerprint"],
        "environments": list(BATCHES),
        "oracle": "DFTSP",
        "oracle_served": one["dftsp"],
        "best_policy": one["best_policy"],
        "width_percent": one["width_percent"],
        "solved": one["solved"],
        "bound": one["bound"],
        "bound_percent_of_oracle": one["bound_percent_of_dftsp"],
        "bound_without_penalty_percent_of_oracle": one["bound_without_penalty_percent_of_dftsp"],
        "penalty": BY_ARRIVALS,
        "without_penalty_because": None,
        "policies": policies,
        "bound_with_penalty_percent_of_oracle": one["bound_percent_of_dftsp"],
        "weights": one["weights"],
        "settings": dict(settings),
    }


def write_entries(path: Path, entries: Mapping[str, Mapping[str, Any]]) -> None:
    """Write them, sorted by their scenarios' names, whole or not at all."""
    write_record(path, {"scenarios": [dict(entries[name]) for name in sorted(entries)]})


def is_certified(entries: Entries, name: str, fingerprint: str, settings: Mapping[str, Any]) -> bool:
    """Whether a scenario of this content is there, made with these settings as JSON has them."""
    one = entries.get(name)
    return one is not None and one.get("fingerprint") == fingerprint and one["settings"] == settings
