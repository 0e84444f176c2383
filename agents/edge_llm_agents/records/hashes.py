"""Hashes of what a cell's results follow from."""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import fields
from functools import cache
from importlib.resources import files
from pathlib import Path

from edge_llm_env.workload.workload import Workload

FOLLOWED = ("edge_llm_agents", "edge_llm_baselines")
"""Packages whose modules count where they are imported."""

WITHOUT_EFFECT = ("rendering", "wrappers")
"""Folders of `edge_llm_env` that results do not depend on: what shows them, and other ways to put rewards."""


def workloads_sha256(workloads: Sequence[Workload]) -> str:
    """SHA-256 (hex) of every array of every workload."""
    digest = hashlib.sha256()
    for workload in workloads:
        for field in fields(workload):
            values = getattr(workload, field.name)
            digest.update(f"{field.name} {values.dtype.str} {values.shape}".encode())
            digest.update(values.tobytes())
    return digest.hexdigest()


def file_sha256(path: Path) -> str:
    """SHA-256 (hex) of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def combined_sha256(*parts: str) -> str:
    """SHA-256 (hex) of several texts."""
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


@cache
def code_sha256(*modules: str) -> str:
    """SHA-256 (hex) of what modules do, by their dotted names, and all that they import of FOLLOWED.

    Comments, docstrings and layout do not count. Raises ValueError for a module that there is not.
    """
    found: dict[str, str] = {}
    waiting = list(modules)
    while waiting:
        name = waiting.pop()
        if name not in found:
            path = _file(name)
            if path is None:
                raise ValueError(f"module {name!r}: there is no such module")
            tree = ast.parse(path.read_text(encoding="utf-8"))
            waiting += _imported(tree)
            found[name] = statements(tree)
    return combined_sha256(*(f"{name} {found[name]}" for name in sorted(found)))


@cache
def environments_sha256() -> str:
    """SHA-256 (hex) of what the environments' package does, but for WITHOUT_EFFECT.

    All of it counts, since Gymnasium makes environments by name, where no import tells which.
    """
    root = Path(str(files("edge_llm_env")))
    paths = [path.relative_to(root) for path in sorted(root.rglob("*.py"))]
    texts = {path: (root / path).read_text(encoding="utf-8") for path in paths if path.parts[0] not in WITHOUT_EFFECT}
    return combined_sha256(*(f"{path.as_posix()} {statements(ast.parse(text))}" for path, text in texts.items()))


def statements(tree: ast.Module) -> str:
    """A module without what only explains it."""
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list):
            node.body = [one for one in body if not _explains(one)]  # type: ignore[attr-defined]
    return ast.dump(tree)


def _explains(statement: ast.AST) -> bool:
    """Whether a statement is only a string, as a docstring is."""
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def _imported(tree: ast.Module) -> Iterator[str]:
    """Names of the modules of FOLLOWED that a module imports anywhere."""
    for node in ast.walk(tree):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [str(node.module), *(f"{node.module}.{alias.name}" for alias in node.names)]
        yield from (name for name in names if name.partition(".")[0] in FOLLOWED and _file(name) is not None)


@cache
def _file(module: str) -> Path | None:
    """A module's file, without importing anything; None where there is none."""
    package, _, within = module.partition(".")
    if package not in FOLLOWED:
        return None
    path = Path(str(files(package)), *within.split(".") if within else ())
    return next((one for one in (path.with_name(f"{path.name}.py"), path / "__init__.py") if one.is_file()), None)
