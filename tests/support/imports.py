"""The project's imports as a graph, read from the sources without importing anything."""

from __future__ import annotations

import ast
from collections.abc import Hashable, Iterable, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import TypeVar

Node = TypeVar("Node", bound=Hashable)

ROOTS = ("", "baselines", "agents")
"""Folders of the checkout that packages stand in."""

FLOORS = ("edge_llm_env", "edge_llm_baselines", "edge_llm_agents", "experiments", "scripts")
"""The five storeys, from the ground up: each may import those before it."""


def sources(checkout: Path) -> dict[str, Path]:
    """Every Python file of the five storeys by its dotted name; a package's `__init__` has the package's."""
    found = {}
    for floor in FLOORS:
        (folder,) = [one for root in ROOTS if (one := checkout / root / floor).is_dir()]
        for path in sorted(folder.rglob("*.py")):
            parts = [floor, *path.relative_to(folder).with_suffix("").parts]
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def import_graph(files: Mapping[str, Path]) -> dict[str, set[str]]:
    """For each module the modules of `files` that it imports anywhere, type checking and functions included."""
    return {module: set(_imported(path, files)) - {module} for module, path in files.items()}


def _imported(path: Path, files: Mapping[str, Path]) -> Iterable[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in files)
        elif isinstance(node, ast.ImportFrom):
            if node.level:
                raise ValueError(f"{path}:{node.lineno}: imports are written whole, not relative")
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                if whole in files:
                    yield whole
                elif node.module in files:
                    yield node.module


def folder_graph(graph: Mapping[str, set[str]], files: Mapping[str, Path]) -> dict[Path, set[Path]]:
    """Which folders import which; what a package's `__init__` imports only to hand it on counts for nobody."""
    folders: dict[Path, set[Path]] = {}
    for module, imported in graph.items():
        if files[module].name != "__init__.py" or _defines(files[module]):
            here = files[module].parent
            folders.setdefault(here, set()).update(files[one].parent for one in imported)
    return {folder: imported - {folder} for folder, imported in folders.items()}


def _defines(path: Path) -> bool:
    """Whether a file defines a function or class, beside the `__getattr__` of a module, which hands names on."""
    body = ast.parse(path.read_text(encoding="utf-8")).body
    defined = [node.name for node in body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)]
    return any(name != "__getattr__" for name in defined)


def room_graph(graph: Mapping[str, set[str]], files: Mapping[str, Path]) -> dict[str, set[str]]:
    """Which rooms import which: whole folders directly below a package, `__init__` included.

    Files that stand in the package itself are in no room: they are its face and its commands.
    """
    rooms: dict[str, set[str]] = {}
    for module, imported in graph.items():
        if (room := _room(module, files)) is not None:
            rooms.setdefault(room, set()).update(other for one in imported if (other := _room(one, files)) is not None)
    return {room: imported - {room} for room, imported in rooms.items()}


def _room(module: str, files: Mapping[str, Path]) -> str | None:
    floor, *within = module.split(".")
    in_a_room = len(within) > 1 or (within and files[module].name == "__init__.py")
    return f"{floor}.{within[0]}" if in_a_room else None


def circle(graph: Mapping[Node, Iterable[Node]]) -> list[Node]:
    """A circle of a graph, its first node again at the end; empty where there is none."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []
