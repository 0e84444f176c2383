"""Who may import whom, and what importing the package costs."""

from __future__ import annotations

import ast
import json
import sys
from pathlib import Path
from types import ModuleType

import pytest

import edge_llm_agents
import edge_llm_baselines
import edge_llm_env
from tests.support.programs.processes import ROOT, run

FACES = (edge_llm_env, edge_llm_baselines, edge_llm_agents)
PUBLIC = [(package, name) for package in FACES for name in package.__all__]


def imported_by(path: Path) -> set[str]:
    """Top-level packages that a file imports anywhere; a relative import is of its own package."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            own = path.relative_to(ROOT).parts[0]
            names.add(own if node.level else str(node.module).partition(".")[0])
    return names


def sources(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


@pytest.mark.parametrize(
    ("package", "never"),
    [
        ("edge_llm_env", {"edge_llm_baselines", "edge_llm_agents", "experiments", "scripts", "tests"}),
        ("baselines", {"edge_llm_agents", "experiments", "scripts", "tests"}),
        ("agents", {"experiments", "scripts", "tests"}),
        ("experiments", {"scripts", "tests"}),
        ("scripts", {"tests"}),
    ],
)
def test_packages_import_only_those_below_them(package: str, never: set[str]):
    for path in sources(package):
        assert not imported_by(path) & never, path


def test_package_imports_only_its_base_dependencies():
    base = {"edge_llm_env", "gymnasium", "llvmlite", "numba", "numpy", "pydantic", "scipy"}
    files = sources("edge_llm_env")
    assert len(files) > 20
    for path in files:
        optional = {"pygame"} if {"rendering", "viewer"} & set(path.parts) else set()
        optional |= {"pettingzoo"} if path.name == "parallel.py" else set()
        assert imported_by(path) <= base | optional | sys.stdlib_module_names, path


def modules_after(statement: str) -> set[str]:
    done = run("-c", f"{statement}; import json, sys; print(json.dumps(list(sys.modules)))", cwd=ROOT)
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout))


def test_importing_the_package_loads_neither_compiler_nor_validator_nor_agents():
    loaded = modules_after("import edge_llm_env")
    assert "gymnasium" in loaded
    assert not loaded & {"numba", "llvmlite", "pydantic", "scipy", "torch", "stable_baselines3", "matplotlib"}


def test_loading_a_scenario_needs_no_compiler():
    loaded = modules_after("import edge_llm_env; edge_llm_env.load_scenario('carry-over')")
    assert "pydantic" in loaded
    assert not loaded & {"numba", "torch"}


def test_rendering_text_needs_no_pygame():
    making = "import gymnasium, edge_llm_env; env = gymnasium.make('EdgeLLM/BatchSelection-v0', render_mode='ansi')"
    loaded = modules_after(f"{making}; env.reset(seed=0); env.render()")
    assert "edge_llm_env.rendering.text" in loaded
    assert "pygame" not in loaded


def test_making_an_environment_without_a_render_mode_loads_no_viewer():
    loaded = modules_after("import gymnasium, edge_llm_env; gymnasium.make('EdgeLLM/BatchSelection-v0').reset(seed=0)")
    assert not [name for name in loaded if name.startswith(("edge_llm_env.rendering", "pygame"))]


def test_importing_the_package_registers_the_environments():
    registered = modules_after("import edge_llm_env, gymnasium; gymnasium.spec('EdgeLLM/Batching-v0')")
    assert "edge_llm_env.registration" in registered


@pytest.mark.parametrize("package", [edge_llm_baselines, edge_llm_agents], ids=lambda package: package.__name__)
def test_importing_a_package_above_imports_nothing_of_it(package: ModuleType):
    name = package.__name__
    loaded = modules_after(f"import {name}")
    assert [one for one in loaded if one.startswith(name)] == [name]
    assert not loaded & {"numba", "numpy", "torch"}


@pytest.mark.parametrize(("package", "name"), PUBLIC, ids=lambda one: one if isinstance(one, str) else one.__name__)
def test_every_public_name_can_be_had(package: ModuleType, name: str):
    assert getattr(package, name).__name__ == name


@pytest.mark.parametrize("package", FACES, ids=lambda package: package.__name__)
def test_unknown_name_is_an_attribute_error(package: ModuleType):
    with pytest.raises(AttributeError, match=f"module '{package.__name__}' has no attribute 'make'"):
        _ = package.make
