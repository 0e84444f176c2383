"""A cell of the suite: what one policy did in one environment and scenario, as one JSON file."""

from __future__ import annotations

import json
import platform
import re
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from edge_llm_agents.records.files import write_text
from edge_llm_agents.records.hashes import environments_sha256
from edge_llm_agents.records.workload_sets import WorkloadSet

PACKAGES = ("edge-llm-env", "gymnasium", "numba", "numpy", "scipy")
"""Of which a cell's results may depend on the version, beside those that its policy names."""

PREPARATION = "preparation"
"""In place of an environment: what several cells of a scenario need."""


@dataclass(frozen=True)
class Cell:
    """Where a cell stands in the suite."""

    environment: str
    """An id of the registry, or PREPARATION."""
    scenario: str
    policy: str
    seed: int = 0
    """Which of the policy's training seeds, counted from 0."""

    def __str__(self) -> str:
        return f"{self.environment}, {self.scenario}, {self.policy}" + (f", seed {self.seed}" if self.seed else "")

    def path(self, folder: Path) -> Path:
        """Its file below the folder of the suite."""
        name = "-".join(re.findall(r"[a-z0-9.]+", self.policy.lower()))
        environment = self.environment.rpartition("/")[2]
        return folder / environment / self.scenario / f"{name}{f'-seed{self.seed}' if self.seed else ''}.json"


def identity_of(workload_set: WorkloadSet, policy_sha256: str, packages: Iterable[str] = ()) -> dict[str, Any]:
    """All that a cell's results follow from; a finished cell with another one is stale."""
    return workload_set.identity() | {
        "policy_sha256": policy_sha256,
        "environment_sha256": environments_sha256(),
        "versions": {"python": platform.python_version()}
        | {name: version(name) for name in sorted({*PACKAGES, *packages})},
    }


def write_cell(folder: Path, record: dict[str, Any]) -> None:
    """Write a cell's record, whole or not at all."""
    cell = Cell(**record["cell"])
    write_text(cell.path(folder), json.dumps(record, allow_nan=False) + "\n")


def read_cell(path: Path) -> dict[str, Any]:
    """A cell's record; ValueError where the file holds none."""
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        Cell(**record["cell"])
        dict(record["identity"])
    except (json.JSONDecodeError, UnicodeDecodeError, KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path}: not a cell of the suite: {error!r}") from None
    return record


def cell_files(folder: Path) -> list[Path]:
    """Every cell's file below the folder of a suite, in order."""
    return sorted(folder.glob("*/*/*.json"))


def changes(identity: dict[str, Any], finished: dict[str, Any]) -> str:
    """What of a finished cell's identity is another now, in words; empty where nothing is."""
    said = []
    for name, value in identity.items():
        before = finished.get(name)
        if name == "versions":
            others = {package: (before or {}).get(package) for package in value}
            said += [f"{package} {others[package]} → {now}" for package, now in value.items() if others[package] != now]
        elif before != value:
            said.append(f"{name} {str(before)[:12]} → {str(value)[:12]}")
    return ", ".join(said)
