"""Policies inside records: their files as text, and back to something that plays."""

from __future__ import annotations

import base64
import binascii
import sys
import tempfile
from collections.abc import Container, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from edge_llm_agents.leaderboard.policies.function import Function
from edge_llm_agents.leaderboard.policies.model_file import ModelFile
from edge_llm_agents.leaderboard.policies.saved_file import SavedFile
from edge_llm_agents.leaderboard.policies.sources import Source
from edge_llm_agents.pretrained.shipped import path_of
from edge_llm_env.support.naming import one_of, shown

FUNCTION, MODEL, SAVED = "function", "model", "saved"
KINDS = (FUNCTION, MODEL, SAVED)
"""A module's function; a zip of Stable-Baselines3; a policy with a card. The first two run code."""

MOST_BYTES = 32 * 1024**2
"""Of the files of one policy: what a record can hold and still be read."""


def packed(source: Source, beside: Sequence[Path] = ()) -> dict[str, Any]:
    """A policy with everything that it is made of: `kind`, `entry` and `files` (by name, base64).

    `beside` are files that a function reads or imports from its own folder. Raises ValueError for a function whose
    module is no single file of its folder, for files of one name or of more than MOST_BYTES, and for files that cannot
    be read.
    """
    if isinstance(source, Function):
        kind, entry, paths = FUNCTION, source.reference, [_only_file(source), *beside]
    elif isinstance(source, ModelFile):
        kind, paths = MODEL, [Path(source.path), *beside]
        entry = f"{source.algorithm or ''}@{paths[0].name}"
    elif isinstance(source, SavedFile):
        path = path_of(source.path)
        kind, entry = SAVED, path.name
        paths = [path.with_name(f"{path.name}.{suffix}") for suffix in ("safetensors", "json")] + list(beside)
    else:
        raise ValueError(f"policy = {shown(source.label)}: must be a function, a model's zip or a policy with a card")
    if len({path.name for path in paths}) < len(paths):
        raise ValueError(f"beside: {', '.join(path.name for path in paths)}: must be files of different names")
    files, size = {}, 0
    for path in paths:
        try:
            size += path.stat().st_size
            if size > MOST_BYTES:
                raise ValueError(
                    f"policy = {shown(source.label)}: has files of {size:,} bytes with {path.name}, must be at most "
                    f"{MOST_BYTES:,}"
                )
            files[path.name] = path.read_bytes()
        except OSError as error:
            raise ValueError(f"policy = {shown(str(path))}: cannot be read: {error.strerror}, must be a file") from None
    return {
        "kind": kind,
        "entry": entry,
        "files": {name: base64.b64encode(content).decode("ascii") for name, content in files.items()},
    }


def _only_file(source: Function) -> Path:
    file, folder = source.file().resolve(), Path(source.folder).resolve()
    if file.parent != folder or "." in source.reference.partition(":")[0]:
        raise ValueError(
            f"policy = {shown(source.reference)}: is in {file.name}, no file of its own in {folder}: must be one "
            "file there, so that the record holds all of it"
        )
    return file


@contextmanager
def unpacked(policy: Mapping[str, Any], *, trust: bool) -> Iterator[Source]:
    """What a packed policy plays by, its files in a folder of their own that is gone afterwards.

    While it is open nothing is imported from the working directory, so that what is missing shows. Raises ValueError
    for what `packed` did not make, and where code would run and `trust` does not allow it.
    """
    kind, entry, files = _checked(policy)
    if kind != SAVED and not trust:
        raise ValueError(
            f"policy = {shown(entry)}: a {kind} runs code of whoever made the record: --trust (trust=True) allows it "
            "where you trust them"
        )
    modules = [Path(name).stem for name in files if name.endswith(".py")]
    path = list(sys.path)
    sys.path[:] = [one for one in path if Path(one or ".").resolve() != Path.cwd()]
    before = {name: sys.modules.pop(name) for name in modules if _of_the_user(name)}
    try:
        for name in modules:
            if find_spec(name) is not None:
                raise ValueError(f"policy = {shown(entry)}: {name}.py is an installed module's name, name it otherwise")
        with tempfile.TemporaryDirectory() as folder:
            for name, content in files.items():
                Path(folder, name).write_bytes(content)
            yield _source(kind, entry, files, Path(folder))
    finally:
        for name in modules:
            sys.modules.pop(name, None)
        sys.modules.update(before)
        sys.path[:] = path


def _of_the_user(name: str) -> bool:
    """Whether a module that has been imported lies in the working directory, as one that is being submitted may."""
    file = getattr(sys.modules.get(name), "__file__", None)
    return file is not None and Path(file).resolve().parent == Path.cwd()


def _checked(policy: Mapping[str, Any]) -> tuple[str, str, dict[str, bytes]]:
    try:
        kind, entry = one_of("policy's kind", policy["kind"], KINDS), policy["entry"]
        written = dict(policy["files"])
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"policy: {shown(error)}: must have kind, entry and files") from None
    files = {}
    for name, text in written.items():
        if Path(name).name != name or name in ("", "..") or "\\" in name:
            raise ValueError(f"policy's file {shown(name)}: must be a name without folders")
        if name.endswith(".py") and not Path(name).stem.isidentifier():
            raise ValueError(f"policy's file {shown(name)}: must be a module's name, an identifier and .py")
        try:
            files[name] = base64.b64decode(text, validate=True)
        except (binascii.Error, TypeError, ValueError):
            raise ValueError(f"policy's file {shown(name)}: must be base64") from None
    if not isinstance(entry, str):
        raise ValueError(f"policy's entry = {shown(entry)}: must be a text")
    return kind, entry, files


def _source(kind: str, entry: str, files: Container[str], folder: Path) -> Source:
    """What an entry names in the folder of its files, and nothing outside it: records are anybody's."""
    if kind == FUNCTION:
        function = Function(entry, str(folder))
        function.file()  # raises where the module is missing
        return function
    if kind == MODEL:
        algorithm, _, name = entry.rpartition("@")
        needed = [name]
    else:
        needed = [f"{entry}.json", f"{entry}.safetensors"] if Path(entry).name else [entry]
    if not all(name in files for name in needed):
        raise ValueError(f"policy's entry = {shown(entry)}: must name one of its files")
    return ModelFile(str(folder / name), algorithm or None) if kind == MODEL else SavedFile(str(folder / entry))
