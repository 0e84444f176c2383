"""The files that a scenario's content names, found by the types of the schema (`FilePath`) wherever they stand."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from edge_llm_env.scenarios.content import Content
from edge_llm_env.support.paths.file_path import FilePath, Replacing, with_paths_replaced
from edge_llm_env.support.paths.locating import path_from


def with_absolute_paths(content: dict[str, Any], folder: Path) -> dict[str, Any]:
    """A file's content whose paths start at the file's folder; what is no path or malformed stays as it is.

    So a scenario means the same files wherever it is loaded from.
    """
    return _replaced(
        content,
        lambda written, mark, _: str(path_from(folder, written)) if mark.is_path(written, folder) else written,
    )


def without_folders(content: dict[str, Any]) -> dict[str, Any]:
    """A content whose paths are the names of the files alone."""
    return _replaced(
        content, lambda written, mark, _: Path(written).name if mark.is_path(written, Path.cwd()) else written
    )


def overrides_without_folders(overrides: Mapping[str, Any]) -> dict[str, Any]:
    """Dotted fields as `load_scenario` takes them, whose paths are the names of the files alone."""
    changed = {}
    for dotted, value in overrides.items():
        fields = dotted.split(".")
        content: Any = value
        for field in reversed(fields):
            content = {field: content}
        content = without_folders(content)
        for field in fields:
            content = content[field]
        changed[dotted] = content
    return changed


def with_held(content: dict[str, Any]) -> dict[str, Any]:
    """A content with what counts of the files in place of their absolute paths."""
    return _replaced(
        content, lambda written, mark, section: mark.held(written, section) if Path(written).is_absolute() else written
    )


def paths_of(content: dict[str, Any]) -> list[str]:
    """The paths in a content whose paths are absolute."""
    found: list[str] = []

    def noted(written: str, mark: FilePath, section: Mapping[str, Any]) -> str:
        found.extend([written] if Path(written).is_absolute() else [])
        return written

    _replaced(content, noted)
    return found


def _replaced(content: dict[str, Any], replacing: Replacing) -> dict[str, Any]:
    return with_paths_replaced(content, Content, replacing)
