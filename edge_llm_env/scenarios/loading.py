"""Scenarios from presets and TOML files, with one-line errors."""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Mapping
from copy import deepcopy
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from edge_llm_env.cells.patching import merged
from edge_llm_env.scenarios.content import ScenarioError
from edge_llm_env.scenarios.file_paths import paths_of, with_absolute_paths
from edge_llm_env.scenarios.schema import Scenario
from edge_llm_env.support.checking.arguments import checked
from edge_llm_env.support.naming import one_of, shown

_CHANGED = "changed by the user; before: "

_PRESETS = files("edge_llm_env.scenarios").joinpath("presets")

LISTED_BY = "edge-llm list scenarios"
"""The command that names all presets."""


def list_scenarios() -> list[str]:
    """Names of the presets, sorted."""
    return list(_preset_names())


@cache
def _preset_names() -> tuple[str, ...]:
    return tuple(
        sorted(entry.name.removesuffix(".toml") for entry in _PRESETS.iterdir() if entry.name.endswith(".toml"))
    )


def describe_scenarios() -> dict[str, str]:
    """Name and description of every preset, also of those that need a trace's path to load."""
    return {name: preset_content(name)["description"] for name in list_scenarios()}


def preset_content(name: str) -> dict[str, Any]:
    """A preset as written, laid over what it extends: also of one that needs a trace's path to load."""
    return _extended(_read_preset(name, "scenario"))


@checked
def load_scenario(scenario: str | Path | Scenario, **overrides: Any) -> Scenario:
    """The scenario of that preset name or TOML path (or the one given), with dotted fields overridden.

    `load_scenario("carry-over", **{"workload.arrivals.rate_per_s": 10})`. Raises ScenarioError, one line, when the name
    is unknown, the file cannot be read, a key does not exist or a value is not allowed.
    """
    if isinstance(scenario, Scenario) and not overrides:
        return scenario
    content = scenario.model_dump() if isinstance(scenario, Scenario) else _read(scenario)
    return Scenario(**_overridden(content, overrides))


def contained_scenario(scenario: str | Mapping[str, Any], overrides: Mapping[str, Any], folder: Path) -> Scenario:
    """The scenario that a file in a folder names, a preset, or holds, with dotted fields overridden.

    Whoever wrote the file has it read no other file than those in the folder. Raises ScenarioError as `load_scenario`
    does, and for a path that leaves the folder.
    """
    content = preset_content(scenario) if isinstance(scenario, str) else deepcopy(dict(scenario))
    content = with_absolute_paths(_overridden(content, overrides), folder)
    for path in paths_of(content):
        if not Path(path).resolve().is_relative_to(folder.resolve()):
            raise ScenarioError(f"scenario {content.get('name')}: names {path}: must be a file in {folder}")
    return Scenario(**content)


def _overridden(content: dict[str, Any], overrides: Mapping[str, Any]) -> dict[str, Any]:
    _mark_changed(content, {".".join(dotted.split(".")[:2]) for dotted in overrides})
    for dotted, value in overrides.items():
        _override(content, dotted, value)
    return content


def _read(scenario: str | Path) -> dict[str, Any]:
    """A scenario's content, laid over that of the preset which its `extends` names."""
    path = Path(scenario).expanduser()
    if path.suffix != ".toml":
        content = _read_preset(str(scenario), "scenario", "; or a path that ends in .toml")
    else:
        try:
            content = {"name": path.stem} | tomllib.loads(path.read_text(encoding="utf-8-sig"))
            content = with_absolute_paths(content, path.parent)
        except OSError as error:
            raise ScenarioError(f"scenario {path}: {error.strerror}") from None
        except RecursionError:
            raise ScenarioError(f"scenario {path}: is nested too deeply") from None
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise ScenarioError(f"scenario {path}: {error}") from None
    return _extended(content)


def _extended(content: dict[str, Any]) -> dict[str, Any]:
    name = content.pop("extends", None)
    if name is None:
        return content
    base = _extended(_read_preset(str(name), "extends"))
    _mark_changed(base, {f"{key}.{field}" for key, part in content.items() if isinstance(part, dict) for field in part})
    return merged(base, content)


def _mark_changed(content: dict[str, Any], changed: Collection[str]) -> None:
    """Say in the provenance of these sections and fields that it is of another value, unless they bring their own."""
    provenance = content.get("provenance", {})
    for field, said in provenance.items() if isinstance(provenance, dict) else ():
        if (field in changed or field.partition(".")[0] in changed) and isinstance(said, dict) and "source" in said:
            provenance[field] = said | {"source": f"{_CHANGED}{str(said['source']).removeprefix(_CHANGED)}"}


def _read_preset(name: str, field: str, or_else: str = "") -> dict[str, Any]:
    try:
        one_of(field, name, _preset_names(), LISTED_BY)
    except ValueError as error:
        raise ScenarioError(f"{error}{or_else}") from None
    content: dict[str, Any] = _copied(_parsed_preset(name))
    return content


def _copied(value: Any) -> Any:
    """What TOML holds, copied; `deepcopy` takes five times as long."""
    if isinstance(value, dict):
        return {key: _copied(one) for key, one in value.items()}
    return [_copied(one) for one in value] if isinstance(value, list) else value


@cache
def _parsed_preset(name: str) -> dict[str, Any]:
    """The content of a preset's file, which is parsed once: that takes longer than all else of loading it."""
    return tomllib.loads(_PRESETS.joinpath(f"{name}.toml").read_text(encoding="utf-8"))


def _override(content: dict[str, Any], dotted: str, value: Any) -> None:
    *sections, field = dotted.split(".")
    for section in sections:
        content = content.setdefault(section, {})
        if not isinstance(content, dict):
            raise ScenarioError(f"override {dotted} = {shown(value)}: {section} is a value, not a section")
    content[field] = deepcopy(value)  # a section given whole may be overridden in part by what follows
