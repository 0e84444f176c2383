"""Which fields of a schema may hold the path of a file, said by their type, and finding these wherever they stand."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, NamedTuple, get_args, get_origin

from pydantic import BaseModel, BeforeValidator, GetCoreSchemaHandler

from edge_llm_env.support.paths.locating import path_from


@dataclass(frozen=True)
class Patch:
    """In `Annotated[dict[str, Any], Patch()]`: a table that is laid over the whole content, and has its sections."""


@dataclass(frozen=True)
class FilePath:
    """In `Annotated[str, FilePath(...)]`: a text that may be a path, which validation makes absolute.

    So processes with other working directories read the same file. Whatever has to know the files of a scenario finds
    them by this mark, wherever they stand (`edge_llm_env.scenarios.file_paths`).
    """

    is_path: Callable[[str, Path], bool]
    """Whether a text is a path, where something in that folder writes it."""
    held: Callable[[str, Mapping[str, Any]], Any]
    """What counts of the file at a path, with the other fields of its section: a value for JSON."""

    def absolute(self, written: object) -> object:
        """A path as an absolute one, from the working directory; anything else as it is."""
        if isinstance(written, os.PathLike) or (isinstance(written, str) and self.is_path(written, Path.cwd())):
            return str(path_from(Path.cwd(), os.fspath(written)))
        return written

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> Any:
        """Validate as the text's type does, once a path is absolute."""
        return BeforeValidator(self.absolute).__get_pydantic_core_schema__(source, handler)


Replacing = Callable[[str, FilePath, Mapping[str, Any]], Any]
"""What takes the place of a text that may be a path: given the text, its mark and the section that it stands in."""


def with_paths_replaced(content: dict[str, Any], schema: type[BaseModel], replacing: Replacing) -> dict[str, Any]:
    """A content of a schema in which something takes the place of each text that may be a path.

    What is malformed, and what the schema does not know, stays as it is.
    """
    changed: dict[str, Any] = _walked(content, schema, (), {}, _Whole(schema, replacing))
    return changed


class _Whole(NamedTuple):
    schema: type[BaseModel]
    replacing: Replacing


def _walked(value: Any, kind: Any, marks: tuple[Any, ...], section: Mapping[str, Any], whole: _Whole) -> Any:
    """A value of a type of the schema with its paths replaced; what is not of the type stays as it is."""
    if get_origin(kind) is Annotated:
        kind, *more = get_args(kind)
        return _walked(value, kind, (*marks, *more), section, whole)
    for mark in marks:
        if isinstance(mark, FilePath) and isinstance(value, str) and value:
            return whole.replacing(value, mark, section)
        if isinstance(mark, Patch):
            return _walked(value, whole.schema, (), {}, whole)
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        if not isinstance(value, dict):
            return value
        known = kind.model_fields
        return value | {
            name: _walked(one, known[name].annotation, tuple(known[name].metadata), value, whole)
            for name, one in value.items()
            if name in known
        }
    parts = get_args(kind)
    if get_origin(kind) is dict:
        if not isinstance(value, dict):
            return value
        return {key: _walked(one, parts[1], (), {}, whole) for key, one in value.items()}
    if get_origin(kind) in (tuple, list):
        if not isinstance(value, (tuple, list)):
            return value
        each = parts if Ellipsis not in parts and len(parts) == len(value) else parts[:1] * len(value)
        return type(value)(_walked(one, part, (), {}, whole) for one, part in zip(value, each, strict=True))
    for part in parts:  # of a union, of which one may have paths where the others have none
        changed = _walked(value, part, (), section, whole)
        if changed != value:
            return changed
    return value
