"""Scenarios: one field of a preset replaced by what it must not be, and random ones that are legal."""

from __future__ import annotations

import math
from collections.abc import Mapping
from contextlib import suppress
from copy import deepcopy
from functools import cache
from typing import Any

import numpy as np

from edge_llm_env import Scenario, ScenarioError, list_scenarios, load_scenario
from edge_llm_env.registration import ENVIRONMENTS
from edge_llm_env.scenarios.loading import preset_content
from experiments.faults.case import Case, Kind
from experiments.faults.holding import check_scenario, environment_class
from experiments.faults.schema.places import Place, filled, having, places
from experiments.faults.schema.values import fields, legal

STEPS = 4
"""Of each environment."""

ATTEMPTS = 200
"""Draws of a random scenario, of which one at least is legal."""

MOST_REQUESTS = 3000
"""Expected in an episode of a legal scenario that is played, as what is drawn must fit into the campaign's time."""

WITH_KERNELS_OF_THEIR_OWN = ("carry-over", "agents-chain", "agents-chain-continuous")
"""Presets that every kernel of an environment's steps is called in."""

EXTREMES = (0, -1, 1e308, -1e308, 5e-324, 1e-300, 1e300, 2**31, 2**63, 10**400, 1e12, -1e12, 4000, -4000, "12", True)
"""Numbers that some fields take and others must refuse."""

NOT_NUMBERS: tuple[Any, ...] = (
    math.nan,
    math.inf,
    -math.inf,
    "abc",
    "",
    [],
    {},
    [1, [2]],
    {"kind": 3},
    b"\xff",
    object,
)
"""What no number is."""

NOT_FIELDS: tuple[Any, ...] = (None, 3, "abc", [], {}, {"kind": "none"}, {"kind": 3}, [{}], {"": 0}, math.nan, b"\0")
"""What hardly any field is."""


@cache
def presets() -> tuple[str, ...]:
    """Names of the presets that need no file."""
    return tuple(name for name in list_scenarios() if preset_content(name)["workload"]["arrivals"]["kind"] != "trace")


def of_some_preset(
    env_id: str, rows: int, arguments: Mapping[str, Any], rng: np.random.Generator, **overrides: Any
) -> tuple[Any, str]:
    """An environment of so many rows, single where none, on a preset that it is for, drawn; and the preset's name."""
    made = environment_class(ENVIRONMENTS[env_id], vector=rows > 0)
    for name in rng.permutation(presets()).tolist():
        scenario = load_scenario(name)
        tools = {} if scenario.workload.tasks is None else {"workload.tasks.tool_times.longest_s": 1.0}
        scenario = load_scenario(scenario, **tools, **overrides)  # short episodes have no longer tools
        try:
            return made(*([rows] if rows else []), scenario, **arguments), name
        except ScenarioError:
            continue
    raise RuntimeError(f"{env_id}: is for no preset")


def malformed(seed: int, index: int) -> Case:
    """A preset with one field replaced: by the ends of what floats hold, another type, nothing, or a key too many."""
    rng = np.random.default_rng([seed, 1, index])
    place = places()[index % len(places())]
    names = having(place, presets())
    preset = names[rng.integers(len(names))]
    way = (index // len(places())) % 8
    if way == 0:
        return _without(preset, place)
    if way == 1 and isinstance(place.path[-1], str):
        return _case(preset, place, f"{place.path[-1]}x", 1, may_hold=False)
    values = EXTREMES if way < 5 else NOT_NUMBERS if way < 7 else NOT_FIELDS
    return _case(preset, place, place.path[-1], values[rng.integers(len(values))], may_hold=True)


def _without(preset: str, place: Place) -> Case:
    content = preset_content(preset)
    section, step = filled(content, place), place.path[-1]
    if isinstance(section, dict):
        section.pop(step, None)
    else:
        del section[step]
    return _loading(f"{preset} without {place.dotted}", content, place, may_hold=True)


def _case(preset: str, place: Place, step: str | int, value: Any, *, may_hold: bool) -> Case:
    content = preset_content(preset)
    filled(content, place)[step] = deepcopy(value)
    at = place._replace(path=(*place.path[:-1], step))
    return _loading(f"{preset}, {at.dotted} = {value!r:.80}", content, at, may_hold=may_hold)


def _section_of(content: dict[str, Any], path: tuple[str, ...]) -> dict[str, Any]:
    section: Any = content
    for part in path[:-1]:
        if not isinstance(section.get(part), dict):
            section[part] = {}
        section = section[part]
    return section


def _loading(what: str, content: dict[str, Any], place: Place, *, may_hold: bool) -> Case:
    """A scenario of that content, played where it is accepted.

    An error of several fields names any two of them, one of a whole section names that.
    """

    def do() -> None:
        check_scenario(load_scenario(Scenario(**content)), np.random.default_rng(0), 2)

    sections = sorted({str(one.path[0]) for one in places()})
    names = (
        next(step for step in reversed(place.path) if isinstance(step, str)),
        *(one.dotted for one in places() if len(one.path) > 1),
        *(f": {one}: " for one in sections),
    )
    return Case(what, do, names, may_hold=may_hold)


def random_scenario(rng: np.random.Generator) -> Scenario:
    """A legal scenario: some fields of a preset drawn anew, until what is drawn can be together."""
    names = presets()
    drawable = [field for field in fields() if field.path[0] not in ("name", "description", "provenance")]
    for _ in range(ATTEMPTS):
        content = preset_content(names[rng.integers(len(names))])
        for at in rng.choice(len(drawable), size=rng.integers(1, 7), replace=False):
            field = drawable[at]
            value = legal(field.path[-1], field.schema, rng)
            if value is not None:
                _section_of(content, field.path)[field.path[-1]] = value
        content["epoch"]["episode_epochs"] = min(content["epoch"].get("episode_epochs", 50), 1000)
        try:
            scenario = Scenario(**content)
        except ScenarioError:
            continue
        if scenario.workload.arrivals.mean_rate_per_s * scenario.horizon_s <= MOST_REQUESTS:
            return scenario
    raise RuntimeError(f"no legal scenario among {ATTEMPTS} draws")


def legal_scenario(seed: int, index: int) -> Case:
    """A random legal scenario, of which every environment plays some steps."""
    rng = np.random.default_rng([seed, 2, index])
    scenario = random_scenario(rng)
    described = scenario.model_dump_json(exclude={"name", "description", "provenance"}, exclude_defaults=True)
    return Case(described, lambda: check_scenario(scenario, rng, STEPS), may_hold=True)


def prepare() -> None:
    """Compile every environment's first steps, with requests and with agent tasks."""
    for name in WITH_KERNELS_OF_THEIR_OWN:
        with suppress(ScenarioError):  # some environments are not for it
            check_scenario(load_scenario(name), np.random.default_rng(0), STEPS)


MALFORMED = Kind("scenarios with a field that is not as it must be", malformed, prepare, whole=10_000)
LEGAL = Kind("random legal scenarios in every environment", legal_scenario, prepare, whole=50_000)
