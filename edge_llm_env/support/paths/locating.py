"""Paths as a file names them: relative to the folder that the file stands in, not to wherever Python was started."""

from __future__ import annotations

from pathlib import Path

LONGEST_NAME = 200
"""Bytes of a name to which suffixes are added; file systems take 255."""


def path_from(folder: Path, written: str) -> Path:
    """The absolute path that a file in `folder` means by what it writes: `~` is the user's home.

    Nothing is looked up: the path need not exist.
    """
    return folder.absolute() / Path(written).expanduser()


def is_folder(path: Path) -> bool:
    """Whether there is a folder of that name; nothing has a name that is too long for a file's."""
    try:
        return path.is_dir()
    except OSError:
        return False


def is_name(text: str) -> bool:
    """Whether files can be called so, with suffixes: not blank, not too long, and with no folder in it."""
    return bool(text.strip(" .")) and Path(text).name == text and len(text.encode()) <= LONGEST_NAME


def existing_file(path: str | Path, inside: str | None = None) -> Path:
    """The file at a path, absolute, or in a folder at that path the file that is called `inside`.

    A relative path starts at the working directory, so one that comes from a file goes through `path_from` first.
    Raises FileNotFoundError, whose message names each path that was tried, or another OSError.
    """
    if not str(path):
        raise FileNotFoundError("'': must be the path of a file, is empty")
    at = path_from(Path.cwd(), str(path))
    tried = [at] if inside is None else [at, at / inside]
    for candidate in tried:
        if candidate.is_file():
            return candidate
    if not at.exists():
        why = "there is no such file"
    else:
        folder = f"is a folder without {inside}, must have one" if inside else "is a folder, must be a file"
        why = folder if at.is_dir() else "is not a regular file, must be one"
    raise FileNotFoundError(f"{path}: {why} (tried {' and '.join(map(str, tried))})")
