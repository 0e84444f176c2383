"""Modules with all that they import, as what they do: read from the sources, nothing is imported."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

PACKAGES = ("edge_llm_env", "edge_llm_baselines", "edge_llm_agents")
"""Whose modules count where they are imported; of others the version does."""

WITHOUT_EFFECT = (
    "edge_llm_env.rendering",
    "edge_llm_env.registration",
    "edge_llm_env.envs.suite",
    "edge_llm_env.envs.continuous_batching.viewer",
    "edge_llm_env.envs.multi_node.viewer",
    "edge_llm_env.envs.scaling.viewer",
    "edge_llm_baselines.registry",
)
"""What is not followed, for no result depends on it: what shows an environment, and tables of what there is."""


def import_closure(modules: Iterable[str]) -> dict[str, str]:
    """What each of these modules, and every module that one of them imports anywhere, does, by their names.

    Followed are PACKAGES, but for WITHOUT_EFFECT, and the packages of `modules` themselves. A package that hands a name
    on counts as the module that it has it from. Raises ValueError for a module that there is not.
    """
    modules = list(modules)
    followed = (*PACKAGES, *(name.partition(".")[0] for name in modules))
    found: dict[str, str] = {}
    waiting = list(modules)
    while waiting:
        name = waiting.pop()
        if name not in found:
            path = _path(name)
            if path is None:
                raise ValueError(f"module {name!r}: there is no such module")
            found[name], imported = _read(path)
            waiting += [one for one in imported if is_followed(one, followed)]
    return found


@cache
def _read(path: Path) -> tuple[str, frozenset[str]]:
    """What a module does, and the modules that it imports."""
    text = path.read_text(encoding="utf-8")
    return statements(text), frozenset(_imported(ast.parse(text)))


def is_followed(module: str | None, packages: Iterable[str] = PACKAGES) -> bool:
    """Whether a module of this name counts where it is imported."""
    apart = any(module == one or str(module).startswith(f"{one}.") for one in WITHOUT_EFFECT)
    return module is not None and module.partition(".")[0] in packages and not apart


def statements(source: str) -> str:
    """A module without what only explains it, and without where it has names from."""
    return ast.dump(_Plain().visit(ast.parse(source)))


class _Plain(ast.NodeTransformer):
    """Takes docstrings and imports away; what a name is imported as stays where it is another."""

    def visit_Expr(self, node: ast.Expr) -> ast.Expr | None:
        """A statement that is only a string, as a docstring is, goes."""
        return None if isinstance(node.value, ast.Constant) else node

    def visit_Import(self, node: ast.Import | ast.ImportFrom) -> ast.Import | None:
        """Keeps renamings."""
        renamed = [alias for alias in node.names if alias.asname not in (None, alias.name)]
        return ast.Import(names=renamed) if renamed else None

    visit_ImportFrom = visit_Import  # noqa: N815 (a name that ast looks for)


def _imported(tree: ast.Module) -> Iterator[str]:
    """Modules that a module imports anywhere."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if not _is_package(alias.name))
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            for alias in node.names:
                home = _home(node.module, alias.name)
                if home is not None:
                    yield home


@cache
def _home(module: str, name: str) -> str | None:
    """The module that a name of a module comes from; None where it is none that can be read."""
    if _path(f"{module}.{name}") is not None:
        return None if _is_package(f"{module}.{name}") else f"{module}.{name}"
    path = _path(module)
    if path is None:
        return None
    if path.name == "__init__.py":
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module not in (None, module):
                for alias in node.names:
                    if (alias.asname or alias.name) == name:
                        return _home(str(node.module), alias.name)
    return module


def _is_package(module: str) -> bool:
    path = _path(module)
    return path is not None and path.name == "__init__.py"


@cache
def _path(module: str) -> Path | None:
    """A module's file, as Python would find it now; None where there is none in Python."""
    root, _, within = module.partition(".")
    spec = next((found for finder in sys.meta_path if (found := finder.find_spec(root, None)) is not None), None)
    if spec is None:
        return None
    if not within:
        return Path(spec.origin) if spec.origin is not None and spec.origin.endswith(".py") else None
    for folder in spec.submodule_search_locations or ():
        path = Path(folder, *within.split("."))
        for one in (path.with_name(f"{path.name}.py"), path / "__init__.py"):
            if one.is_file():
                return one
    return None
