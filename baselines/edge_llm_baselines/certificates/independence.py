"""Where what arrives in an epoch is independent of all before it, so that what is expected of it is one number."""

from __future__ import annotations

from typing import NamedTuple

from edge_llm_env.scenarios.content import ScenarioError
from edge_llm_env.scenarios.schema import Scenario
from edge_llm_env.support.naming import shown


class Dependence(NamedTuple):
    """Why a penalty by arrivals is not one of a scenario."""

    reason: str
    """For a reader."""
    field: str
    """Its value and what it must be."""


def dependence(scenario: Scenario) -> Dependence | None:
    """The first reason why a penalty by arrivals is none in a scenario, or None.

    Arrivals are independent where requests of one kind arrive as a Poisson process at a constant rate in a single cell,
    and are no calls of tasks, which follow from who was served. What is sent must not stay sent, and what the node
    believes must be so, for waiting to depend on who was served and nothing else.
    """
    workload = scenario.workload
    fields = {
        "workload.arrivals.kind": (workload.arrivals.kind, "poisson", "arrivals tell of later ones"),
        "workload.classes": (_given(workload.classes), None, "what is asked for tells of what will be"),
        "workload.tasks": (_given(workload.tasks), None, "calls arrive as others are served"),
        "network": (_given(scenario.network), None, "there are several cells"),
        "radio.transfers": (scenario.radio.transfers, "within_epoch", "uploads carry over"),
        "beliefs": ("true" if scenario.beliefs.are_true else "mistaken", "true", "what is believed may be wrong"),
    }
    for field, (found, wanted, reason) in fields.items():
        if found != wanted:
            return Dependence(reason, f"{field} = {shown(found)}: must be {shown(wanted)}")
    return None


def check_independent(scenario: Scenario) -> None:
    """Raise ScenarioError, naming the field, where `dependence` finds one."""
    if (found := dependence(scenario)) is not None:
        raise ScenarioError(f"scenario {scenario.name}: {found.field} for a certificate")


def _given(section: object) -> str | None:
    return None if section is None else "given"
