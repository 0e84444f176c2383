"""Which saved policies there are, by their cards alone: nothing heavy is imported to tell."""

from __future__ import annotations

import os
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

from edge_llm_agents.records.record import read_record
from edge_llm_env.scenarios import Scenario
from edge_llm_env.support.naming import one_of

PRETRAINED = Path(str(files("edge_llm_agents"))) / "pretrained"
"""Folder of the policies that the package brings along."""


def shipped_policies() -> list[str]:
    """Names of the policies that the package brings along."""
    return policies_in(PRETRAINED)


def policies_in(folder: Path) -> list[str]:
    """Names of the policies in a folder."""
    return sorted(path.stem for path in folder.glob("*.json"))


def policies_for(scenario: Scenario, folder: Path | None = None) -> list[str]:
    """Names of those in a folder, by default the package's own, that were trained for a scenario."""
    fingerprint = scenario.fingerprint()
    folder = folder or PRETRAINED
    return [name for name in policies_in(folder) if card_of(folder / name)["scenario_fingerprint"] == fingerprint]


def card_of(path: Path) -> dict[str, Any]:
    """The card of the policy at a path without suffix, as it is written."""
    return read_record(path.with_name(f"{path.name}.json"))


def percent_of_oracle(evaluation: Mapping[str, Any]) -> float:
    """What a policy serves, or earns, by its card's evaluation, in percent of what its environment's oracle does.

    Where batches are chosen the oracle is DFTSP, and the card says so.
    """
    return float(evaluation["percent_of_dftsp" if "percent_of_dftsp" in evaluation else "percent_of_oracle"])


def is_saved(name: str | Path) -> bool:
    """Whether a name is read as a path: it has a slash, or a policy of that name lies in the working directory.

    A text that is the name of a policy of the package is never a path.
    """
    if os.path.basename(name) != str(name):
        return True
    known = isinstance(name, str) and name in shipped_policies()
    return not known and os.path.basename(name) != "" and Path(f"{name}.json").is_file()


def path_of(name: str | Path) -> Path:
    """The path, without suffix, of a policy that the package brings along or of one of your own."""
    if is_saved(name):
        return Path(name).expanduser()
    return PRETRAINED / one_of("policy", str(name), shipped_policies())
