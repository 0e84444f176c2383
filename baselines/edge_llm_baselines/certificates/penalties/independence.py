"""Where what is learned by waiting is independent of all before, or follows from what is known of it alone."""

from __future__ import annotations

from typing import NamedTuple

from edge_llm_env.radio.path_losses.log_distance import LogDistancePathLoss
from edge_llm_env.scenarios.content import ScenarioError
from edge_llm_env.scenarios.schema import Scenario
from edge_llm_env.support.naming import shown


class Dependence(NamedTuple):
    """Why a penalty is not one of a scenario."""

    reason: str
    """For a reader."""
    field: str
    """Its value and what it must be."""


Required = dict[str, tuple[object, object, str]]
"""Fields of a scenario: what they are, what they must be, and the reason."""


def dependence(scenario: Scenario) -> Dependence | None:
    """The first reason why a penalty by arrivals is none in a scenario, or None.

    Arrivals are independent where requests of one kind arrive as a Poisson process at a constant rate.
    """
    workload = scenario.workload
    required: Required = {
        "workload.arrivals.kind": (workload.arrivals.kind, "poisson", "arrivals tell of later ones"),
        "workload.classes": (_given(workload.classes), None, "what is asked for tells of what will be"),
    }
    return _first_of(required | _waiting(scenario))


def channel_dependence(scenario: Scenario) -> Dependence | None:
    """The first reason why a penalty by channels is none in a scenario, or None.

    A gain is that of the distance times Rayleigh fading where nothing is in the way and nobody moves along a road.
    """
    radio = scenario.radio
    path_loss = radio.path_loss
    shadowing_db = path_loss.shadowing_db if isinstance(path_loss, LogDistancePathLoss) else 0.0
    required: Required = {
        "radio.road": (_given(radio.road), None, "users drive"),
        "radio.path_loss.kind": (path_loss.kind, "log_distance", "a gain does not tell fading from path loss"),
        "radio.path_loss.shadowing_db": (shadowing_db, 0.0, "a gain does not tell fading from shadowing"),
        "radio.fading.kind": (radio.fading.kind, "rayleigh", "fading is not Rayleigh"),
    }
    return _first_of(_waiting(scenario) | required)


def _waiting(scenario: Scenario) -> Required:
    """For waiting to be decided by who was served, or what was sent, an epoch before, and by nothing else."""
    return {
        "workload.tasks": (_given(scenario.workload.tasks), None, "calls arrive as others are served"),
        "network": (_given(scenario.network), None, "there are several cells"),
        "beliefs": ("true" if scenario.beliefs.are_true else "mistaken", "true", "what is believed may be wrong"),
    }


def _first_of(fields: Required) -> Dependence | None:
    for field, (found, wanted, reason) in fields.items():
        if found != wanted:
            return Dependence(reason, f"{field} = {shown(found)}: must be {shown(wanted)}")
    return None


def check_independent(scenario: Scenario) -> None:
    """Raise ScenarioError, naming the field, where `dependence` finds one."""
    _check(scenario, dependence(scenario))


def check_channels(scenario: Scenario) -> None:
    """Raise ScenarioError, naming the field, where `channel_dependence` finds one."""
    _check(scenario, channel_dependence(scenario))


def _check(scenario: Scenario, found: Dependence | None) -> None:
    if found is not None:
        raise ScenarioError(f"scenario {scenario.name}: {found.field} for a certificate")


def _given(section: object) -> str | None:
    return None if section is None else "given"
