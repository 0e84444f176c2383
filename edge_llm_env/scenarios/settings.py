"""A scenario's settings as rows for a reader: field, value, meaning, where the value comes from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from edge_llm_env.beliefs.settings import BeliefSettings
from edge_llm_env.cells.settings import Network
from edge_llm_env.scenarios.sections.epoch_settings import EpochSettings
from edge_llm_env.scenarios.sections.iteration_settings import IterationSettings
from edge_llm_env.scenarios.sections.node_settings import NodeSettings
from edge_llm_env.scenarios.sections.rack_settings import RackSettings
from edge_llm_env.scenarios.sections.radio_settings import RadioSettings
from edge_llm_env.scenarios.sections.reward_settings import RewardWeights
from edge_llm_env.scenarios.sections.workload_settings import WorkloadSettings
from edge_llm_env.support.section import Section

SECTIONS: dict[str, type[Section]] = {
    "epoch": EpochSettings,
    "node": NodeSettings,
    "radio": RadioSettings,
    "workload": WorkloadSettings,
    "reward": RewardWeights,
    "iterations": IterationSettings,
    "rack": RackSettings,
    "beliefs": BeliefSettings,
    "network": Network,
}
"""Sections of a scenario that hold settings, in the order that they are shown in."""

DEFAULT = "default of the field"
"""The source of a value that nobody has chosen."""


class Setting(NamedTuple):
    """One setting of a scenario."""

    section: str
    field: str
    value: str
    """In words; numbers as a reader writes them."""
    meaning: str
    """The field's description, which may be empty."""
    source: str
    """Where the value comes from; empty if that is not said."""
    assumed: bool
    """True where the source says that the value is an assumption."""


def settings(content: Mapping[str, Any]) -> list[Setting]:
    """The settings in a scenario's content: `preset_content(name)`, or `scenario.model_dump(exclude_none=True)`."""
    rows = []
    for section, model in SECTIONS.items():
        for field, value in content.get(section, {}).items():
            known = model.model_fields[field]
            said = content["provenance"].get(f"{section}.{field}", {"source": "", "assumed": False})
            source = said["source"] or (DEFAULT if value == known.default else "")
            rows.append(
                Setting(section, field, in_words(value), known.description or "", source, assumed=said["assumed"])
            )
    return rows


def in_words(value: Any) -> str:
    """A setting's value on one line: tables as `key value`, lists by commas, numbers without needless digits."""
    if isinstance(value, dict):
        return ", ".join(f"{key} {in_words(part)}" for key, part in value.items())
    if isinstance(value, (list, tuple)):
        separator = "; " if any(isinstance(part, dict) for part in value) else ", "
        return separator.join(in_words(part) for part in value)
    return f"{value:g}" if isinstance(value, float) else str(value)
