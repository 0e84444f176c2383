"""Commands: one option of a small run replaced by what it must not be, or its files by what they must not be."""

from __future__ import annotations

import errno
import io
import os
import runpy
import sys
import tempfile
from collections.abc import Callable
from contextlib import contextmanager, nullcontext, redirect_stderr, redirect_stdout
from pathlib import Path
from types import UnionType
from typing import Any, Union, get_args, get_origin

import numpy as np

from experiments.faults.case import Case, FaultError, Kind
from experiments.faults.command_lines import CommandLine, Option, beside_scripts, command_lines
from experiments.faults.programs.servers import server, told_to_end
from experiments.faults.small_runs import SERVE, SERVER, SMALL, begin_folder

NOT_NUMBERS = ("", "x", "nan", "inf", "-inf", "1e400", "0x10", "1,5", "--", "٣x")
"""What is no number that an option takes."""

NOT_WHOLE = ("1.5", "1e3", *NOT_NUMBERS)

LARGE = ("-1", "-1000000000000000000000", "1000000000000000000000")
"""Whole numbers of which nothing is so many."""

NOT_NAMES = ("no-such-thing", "../../x", "a/b", " ", "x" * 5000, "\N{SNOWMAN}", "-v0", "None")

PATHS: dict[str, Callable[[Path], object]] = {
    "missing": lambda path: None,
    "folder": lambda path: path.mkdir(),
    "empty": lambda path: path.write_bytes(b""),
    "noise": lambda path: path.write_bytes(bytes(range(256)) * 40),
    "text": lambda path: path.write_text("[x\n= {"),
    "deep": lambda path: path.write_text("[" * 100_000),
    "null": lambda path: path.write_text("null\n"),
    "link": lambda path: path.symlink_to(path.name),
    "sparse": lambda path: _sparse(path, 1 << 40),
    "under-a-file": lambda path: path.parent.joinpath("file").write_text(""),
}
"""What may stand where an option names a file, and how it comes to be there."""


def refused(seed: int, index: int) -> Case:
    """A command with one option that is not as it must be."""
    rng = np.random.default_rng([seed, 41, index])
    pairs = [(line, option) for line in command_lines() for option in line.options if _values(line, option)]
    line, option = pairs[int(rng.integers(len(pairs)))]
    values = _values(line, option)
    value = values[int(rng.integers(len(values)))]
    return a_case(line, option, value)


def a_case(line: CommandLine, option: Option, value: str) -> Case:
    """The small run of a command with this value of an option; `file:` and one of PATHS for what it makes."""

    def do() -> None:
        with folder_of_its_own() as folder:
            given = _placed(folder, value)
            begun = sorted(path.name for path in folder.iterdir())
            status, said = run_in_process(line, _arguments(line, option, given))
            left = [path for path in folder.rglob("*") if path.name not in begun and "unfinished" in path.name]
            if left:
                raise FaultError(f"left {left[0].name} behind")
            raise_refusal(status, said)

    bare = option.flag.removeprefix("--")
    names: tuple[str, ...] = (
        option.flag,
        bare,
        bare.replace("-", "_"),
        value.removeprefix("file:"),
        "file/x",
        "/file: ",
    )
    if option.flag == bare and value.startswith("-"):  # is read as an option, and its place is empty
        names = ()
    return Case(f"{line.name} {option.flag} {value!r:.60}", do, names, may_hold=line.name in SMALL)


def raise_refusal(status: int, said: str) -> None:
    """Nothing where a command ended well; a ValueError of its one line where it refused; else `FaultError`."""
    if status == 0:
        return
    errors = [line for line in said.splitlines() if line.startswith("error: ")]
    if "Traceback" in said or status != 2 or len(errors) != 1:
        raise FaultError(f"status {status}: {said[-400:]!r}")
    if len(errors[0]) > 500:
        raise FaultError(f"a line of {len(errors[0])} characters: {errors[0][:200]!r}")
    by_system = any(os.strerror(number) in errors[0] for number in errno.errorcode)
    raise ValueError(f"{errors[0]}{' (a file that can be used is required)' if by_system else ''}")


def run_in_process(line: CommandLine, arguments: list[str]) -> tuple[int, str]:
    """Run a command here; its exit status and what it said on standard error."""
    if SERVER in arguments:
        with server() as address:
            return run_in_process(line, [address if one == SERVER else one for one in arguments])
    from edge_llm_agents.commands.main import main

    said, shown = io.StringIO(), io.StringIO()
    argv = sys.argv
    with told_to_end(shown) if line.name in SERVE else nullcontext(), redirect_stderr(said), redirect_stdout(shown):
        try:
            if line.script is None:
                return main([*line.arguments, *arguments]), said.getvalue()
            sys.argv = [str(line.script), *line.arguments, *arguments]
            with beside_scripts():
                runpy.run_path(str(line.script), run_name="__main__")
        except SystemExit as ending:
            return int(ending.code or 0), said.getvalue()
        finally:
            sys.argv = argv
    raise FaultError("a script that does not end by sys.exit")


@contextmanager
def folder_of_its_own() -> Any:
    """A new working folder with what small runs read."""
    before = Path.cwd()
    with tempfile.TemporaryDirectory(prefix="faults-") as name:
        begin_folder(Path(name))
        os.chdir(name)
        try:
            yield Path(name)
        finally:
            os.chdir(before)


def _arguments(line: CommandLine, option: Option, value: str) -> list[str]:
    """The arguments of the small run, in which an option has another value."""
    arguments = list(SMALL.get(line.name, ()))
    if not option.flag.startswith("--"):
        at = [one.flag for one in line.options if not one.flag.startswith("--")].index(option.flag)
        return [*arguments[:at], value, *arguments[at + 1 :]]
    if option.flag in arguments:
        at = arguments.index(option.flag)
        end = next((k for k in range(at + 1, len(arguments)) if arguments[k].startswith("--")), len(arguments))
        del arguments[at:end]
    return [*arguments, option.flag, value]


def _values(line: CommandLine, option: Option) -> tuple[str, ...]:
    """What is tried of an option; where the command has no small run, only what is refused as it is read."""
    kinds = set(_plain(option.kind))
    if line.name not in SMALL:
        return NOT_WHOLE if kinds == {int} else ("", "x", "0x10", "1,5") if kinds == {float} else ()
    if kinds & {"file"}:
        return tuple(f"file:{name}" for name in PATHS)
    if int in kinds:
        return (*NOT_WHOLE, *LARGE)
    if float in kinds:
        return NOT_NUMBERS
    return NOT_NAMES if str in kinds else ()


def _plain(kind: Any) -> list[Any]:
    """The plain types that a type is made of; "file" for paths."""
    if get_origin(kind) in (Union, UnionType, tuple, list, dict):
        return [one for argument in get_args(kind) for one in _plain(argument)]
    return ["file"] if kind is Path else [kind]


def _placed(folder: Path, value: str) -> str:
    """The value of an option; a path of what is made for it."""
    if not value.startswith("file:"):
        return value
    name = value.removeprefix("file:")
    path = folder / "file" / "x" if name == "under-a-file" else folder / f"{name}.toml"
    if name == "under-a-file":
        (folder / "file").write_text("")
    else:
        PATHS[name](path)
    return str(path)


def _sparse(path: Path, size: int) -> None:
    with path.open("wb") as file:
        file.truncate(size)


def prepare() -> None:
    """Import every command."""
    command_lines()


COMMANDS = Kind("commands with an option that is not as it must be", refused, prepare, whole=2000, cpu_limit_s=180.0)
