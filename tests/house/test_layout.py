"""The five storeys: who imports whom, and how full the rooms are."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from tests.support.imports import FLOORS, ROOTS, circle, folder_graph, import_graph, room_graph, sources

ROOT = Path(__file__).parents[2]
FILES = sources(ROOT)
GRAPH = import_graph(FILES)

MOST_FILES = 12
"""Python files in a folder."""

OF_ONE_FILE = {
    "agents/edge_llm_agents": "`python -m edge_llm_agents`, and what the console runs",
}
"""Folders with a single file beside `__init__`, and why."""


def test_nothing_imports_a_floor_above():
    for module, imported in GRAPH.items():
        floor = FLOORS.index(module.partition(".")[0])
        assert not [one for one in imported if FLOORS.index(one.partition(".")[0]) > floor], module


def test_nothing_imports_the_scripts():
    scripts = {one for one in FILES if one.startswith("scripts")}
    assert not [module for module, imported in GRAPH.items() if module not in scripts and imported & scripts]


def test_no_import_circle_between_files():
    assert circle(GRAPH) == []


def test_no_import_circle_between_folders():
    assert circle(folder_graph(GRAPH, FILES)) == []


def test_no_import_circle_between_rooms():
    rooms = room_graph(GRAPH, FILES)
    assert {"edge_llm_env.scenarios", "edge_llm_baselines.solvers", "experiments.pages"} <= rooms.keys()
    assert circle(rooms) == []


def test_no_folder_is_too_full():
    counts = Counter(path.parent for path in FILES.values())
    assert {str(folder.relative_to(ROOT)): n for folder, n in counts.items() if n > MOST_FILES} == {}


def test_no_folder_of_tests_is_too_full():
    counts = Counter(path.parent for path in (ROOT / "tests").rglob("*.py"))
    assert {str(folder.relative_to(ROOT)): n for folder, n in counts.items() if n > MOST_FILES} == {}


def test_no_folder_of_a_single_file_without_a_reason():
    counts = Counter(path.parent for path in FILES.values() if path.name != "__init__.py")
    alone = {str(folder.relative_to(ROOT)) for folder, n in counts.items() if n == 1}
    assert alone == set(OF_ONE_FILE)


def test_tests_stand_where_what_they_test_stands():
    for floor in FLOORS:
        (sources_of,) = [one for root in ROOTS if (one := ROOT / root / floor).is_dir()]
        tests = ROOT / "tests" / floor
        folders = {path.parent.relative_to(tests) for path in tests.rglob("test_*.py")}
        assert folders, floor
        assert [str(folder) for folder in folders if not (sources_of / folder).is_dir()] == [], floor


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """A house of five empty storeys."""
    for floor in ("edge_llm_env", "baselines/edge_llm_baselines", "agents/edge_llm_agents", "experiments", "scripts"):
        (tmp_path / floor).mkdir(parents=True)
        (tmp_path / floor / "__init__.py").write_text("")
    return tmp_path


def add(house: Path, **texts: str) -> None:
    for name, text in texts.items():
        path = house / "edge_llm_env" / f"{name.replace('__', '/')}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def test_a_circle_of_files_that_somebody_adds_is_found(house: Path):
    add(house, one="from edge_llm_env.two import x", two="def f():\n    import edge_llm_env.one")
    assert set(circle(import_graph(sources(house)))) == {"edge_llm_env.one", "edge_llm_env.two"}


def test_a_circle_of_folders_that_somebody_adds_is_found(house: Path):
    add(
        house,
        a__one="from edge_llm_env.b.two import x",
        b__two="",
        b__three="from edge_llm_env.a import four",
        a__four="",
    )
    files = sources(house)
    graph = import_graph(files)
    assert circle(graph) == []
    assert {one.name for one in circle(folder_graph(graph, files))} == {"a", "b"}


def test_code_in_a_package_counts_for_its_folder_and_what_it_hands_on_does_not(house: Path):
    add(house, a__one="", a__two="from edge_llm_env.a.catalog import f", a__catalog__three="")
    package = house / "edge_llm_env" / "a" / "catalog" / "__init__.py"
    package.write_text("from edge_llm_env.a.one import x\n")
    files = sources(house)
    assert circle(folder_graph(import_graph(files), files)) == []
    package.write_text("from edge_llm_env.a.one import x\ndef f(): ...")
    assert {one.name for one in circle(folder_graph(import_graph(files), files))} == {"a", "catalog"}


def test_a_circle_of_rooms_that_somebody_adds_is_found(house: Path):
    add(
        house,
        a__one__x="from edge_llm_env.b.one.x import y",
        b__one__x="",
        b__two__x="from edge_llm_env.a.two.x import y",
        a__two__x="",
    )
    files = sources(house)
    graph = import_graph(files)
    assert circle(folder_graph(graph, files)) == []
    assert set(circle(room_graph(graph, files))) == {"edge_llm_env.a", "edge_llm_env.b"}
