"""Reading records of submissions, every field checked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from edge_llm_agents.protocol.claims import Claim, check_learning, is_number
from edge_llm_agents.protocol.rules import BUDGETS, KNOWLEDGE, REPORTED
from edge_llm_agents.records.record import NoRecordError, read_record
from edge_llm_env.scenarios import Scenario, list_scenarios, load_scenario
from edge_llm_env.scenarios.loading import contained_scenario
from edge_llm_env.support.naming import one_of, shown

_FIELDS: dict[str, dict[str, type | tuple[type, ...]]] = {
    "cell": {"environment": str, "scenario": str, "policy": str, "seed": int},
    "claim": {"made_for": str, "split": str, "budget": str, "knows": str, "algorithm": str, "bounded": int},
    "identity": {
        "scenario_fingerprint": str,
        "episodes": int,
        "workload_seed": int,
        "workloads_sha256": str,
        "environment_sha256": str,
        "policy_sha256": str,
    },
    "reference": {"policy": str, "gained": list},
}
_OF_A_LINE, _LINE = ("environment", "scenario", "policy"), re.compile(r"[^\n\r<>]{1,200}")
"""What stands in the page of all records, which shows Markdown of anybody's."""

_OF_RUN: dict[str, type | tuple[type, ...]] = {
    "seed": int,
    "policy": (dict, type(None)),
    "policy_sha256": str,
    "decisions": int,
    "over_budget": bool,
    "wall_s": (int, float, type(None)),
    "curve": list,
    "gained": list,
}


def read_submission(path: Path) -> dict[str, Any]:
    """A submission's record; NoRecordError, naming the field, for a file that holds none, and OSError."""
    record = read_record(path)
    try:
        for part, fields in _FIELDS.items():
            _check(part, record.get(part), fields)
        for name in _OF_A_LINE:
            if not _LINE.fullmatch(record["cell"][name]):
                raise ValueError(f"cell: {name} = {shown(record['cell'][name])}: must be a short line without < and >")
        _check_versions(record["provenance"]["versions"])
        runs = record.get("runs")
        if not isinstance(runs, list) or not runs:
            raise ValueError("runs: must be a list of at least one")
        episodes = record["identity"]["episodes"]
        for run in runs:
            _check("runs", run, _OF_RUN)
            check_learning(run["decisions"], run["wall_s"], run["curve"])
        for name, found in (("reference", record["reference"]["gained"]), *(("runs", run["gained"]) for run in runs)):
            _check_numbers(f"{name}: gained", found, episodes)
        _check_numbers("bound", record.get("bound"), None)
        if len(record["bound"]) > episodes:
            raise ValueError(f"bound: has {len(record['bound'])} numbers, must be of at most {episodes} workloads")
        for field, known in (("split", REPORTED), ("budget", BUDGETS), ("knows", KNOWLEDGE)):
            one_of(field, record["claim"][field], known)
        if not isinstance(record.get("scenario"), dict | None) or "scenario" not in record:
            raise ValueError("scenario: must be null or a scenario's content")
    except ValueError as error:
        raise NoRecordError(f"{path}: is no submission: {error}") from None
    return record


def _check_versions(found: Any) -> None:
    if not isinstance(found, dict) or not all(found) or not all(isinstance(one, str) for one in found.values()):
        raise ValueError(f"provenance: versions = {shown(found)}: must have a text by name of each package")


def _check(part: str, found: Any, fields: Mapping[str, Any]) -> None:
    if not isinstance(found, dict):
        raise ValueError(f"{part} = {shown(found)}: must have {', '.join(fields)}")
    for name, of_type in fields.items():
        value = found.get(name)
        if name not in found or not isinstance(value, of_type) or (isinstance(value, bool) and of_type is not bool):
            raise ValueError(f"{part}: {name} = {shown(value)}: must be of another type")


def _check_numbers(name: str, found: Any, count: int | None) -> None:
    if not isinstance(found, list) or not all(map(is_number, found)):
        raise ValueError(f"{name}: must be a list of numbers")
    if count is not None and len(found) != count:
        raise ValueError(f"{name}: has {len(found)} numbers, must have one per workload, {count}")


def scenario_of(name: str, content: Mapping[str, Any] | None) -> Scenario:
    """The scenario of a record: its own content, or the preset of that name. ValueError where it is none now."""
    if content is None:
        return load_scenario(one_of("scenario", name, list_scenarios()))
    return contained_scenario(dict(content), {}, Path("there are no files"))


def claim_of(record: dict[str, Any]) -> Claim:
    """What a record says of itself; ValueError where its scenario is another now."""
    cell, claim = record["cell"], record["claim"]
    scenario = scenario_of(cell["scenario"], record["scenario"])
    said = {name: claim[name] for name in ("made_for", "split", "budget", "knows", "algorithm")}
    return Claim(cell["policy"], cell["environment"], scenario, **said)
