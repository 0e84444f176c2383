"""Options that say where a command will write, and whether it can, which is told before it begins to work."""

from __future__ import annotations

import errno
import os
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Annotated, Any, NamedTuple, get_args, get_type_hints

from edge_llm_env.support.naming import shown


class Output(NamedTuple):
    """In the annotation of an option: a command writes there."""

    folder: bool
    """Files in a folder of that path, not a file."""


OutputFile = Annotated[Path, Output(folder=False)]
OutputFolder = Annotated[Path, Output(folder=True)]


def check_outputs(options: Any) -> None:
    """Raise ValueError, naming the field, for options' paths that nothing can be written to as things are.

    Nothing is made, so a disk that is full is told only where it is written to.
    """
    kinds = get_type_hints(type(options), include_extras=True)
    for field in fields(options):
        value = getattr(options, field.name)
        if is_dataclass(value):
            check_outputs(value)
        for output in _outputs(kinds[field.name]) if isinstance(value, Path) else ():
            if found := _hindrance(value, output):
                what = "a folder" if output.folder else "a file"
                raise ValueError(
                    f"{field.name} = {shown(str(value))}: {os.strerror(found)}; must be {what} that can be written"
                )


def _outputs(kind: Any) -> list[Output]:
    """What an annotation says, or a part of it, as where a path may be left out."""
    found = [one for one in getattr(kind, "__metadata__", ()) if isinstance(one, Output)]
    return [*found, *(one for part in get_args(kind) for one in _outputs(part))]


def _hindrance(path: Path, output: Output) -> int:
    """Why nothing can be written, as an error number of the system; 0 where nothing is known to be in the way."""
    if not output.folder and os.path.isdir(path):
        return errno.EISDIR
    for at in (path, *path.parents):  # of which some are yet to be made, or may not be looked into
        try:
            at.lstat()
        except (FileNotFoundError, NotADirectoryError, PermissionError):
            continue
        except OSError as error:
            return error.errno or errno.EIO
        if output.folder or at != path:
            break
    if not os.path.isdir(at):
        return errno.ENOTDIR
    return 0 if os.access(at, os.W_OK | os.X_OK) else errno.EACCES
