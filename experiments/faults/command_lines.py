"""Every command and sub-command of the repository with its options, as they are declared."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields, is_dataclass
from functools import cache
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any, NamedTuple, get_type_hints

import tyro

from edge_llm_env.__main__ import COMMANDS as OF_THE_SUITE

SCRIPTS = Path(__file__).parents[2] / "scripts"

WITHOUT_OPTIONS = ("repository.py", "release.py")
"""What is no command, and one that builds the whole package and has a check of its own."""

SAME_AS = {"compare.py": "edge-llm compare", "watch.py": "edge-llm watch", "leaderboard.py": "edge-llm leaderboard"}
"""Scripts that run a command of `edge-llm`; train.py has its sub-commands of the same names, and others."""


class Option(NamedTuple):
    """An option as it is declared."""

    flag: str
    """`--name`, or the name of an argument without a flag."""
    kind: Any
    """The type of its value."""


class CommandLine(NamedTuple):
    """A command and its options."""

    name: str
    options: tuple[Option, ...]

    @property
    def arguments(self) -> list[str]:
        """What begins its command line after the program."""
        return self.name.split()[1:]

    @property
    def script(self) -> Path | None:
        """The script that it is of; None where it is of `edge-llm`."""
        program = self.name.split()[0]
        return None if program == "edge-llm" else SCRIPTS / program


@cache
def command_lines() -> tuple[CommandLine, ...]:
    """Every command, `edge-llm`'s and the scripts' own."""
    from edge_llm_agents.commands.main import COMMANDS

    found = list(_of_commands("edge-llm", COMMANDS))
    known = {one.name.removeprefix("edge-llm ") for one in found}
    for script in sorted(SCRIPTS.glob("*.py")):
        if script.name in WITHOUT_OPTIONS or script.name in SAME_AS:
            continue
        defined = _declared_in(script)
        commands = defined.get("COMMANDS")
        classes = {name.lower(): one for name, one in defined.items() if _is_own(one)}
        if isinstance(commands, Mapping):
            found += _of_commands(script.name, commands)
        elif len(classes) == 1:
            found.append(CommandLine(script.name, tuple(_options(next(iter(classes.values()))))))
        else:
            found += [CommandLine(f"{script.name} {name}", tuple(_options(one))) for name, one in classes.items()]
    return tuple(one for one in found if one.name.replace(".py ", " ", 1) not in known)


@contextmanager
def beside_scripts() -> Iterator[None]:
    """While scripts are loaded: what stands beside them can be imported, and signals are handled as before."""
    path, handler = list(sys.path), signal.getsignal(signal.SIGINT)
    sys.path.insert(0, str(SCRIPTS))
    try:
        yield
    finally:
        sys.path[:] = path
        signal.signal(signal.SIGINT, handler)


def _declared_in(script: Path) -> dict[str, Any]:
    name = f"declarations_of_{script.stem}"
    spec = spec_from_file_location(name, script)
    if spec is None or spec.loader is None:
        raise ImportError(f"{script}: cannot be imported")
    sys.modules[name] = module = module_from_spec(spec)
    with beside_scripts():
        spec.loader.exec_module(module)
    return vars(module)


def _is_own(one: Any) -> bool:
    return (
        isinstance(one, type)
        and is_dataclass(one)
        and hasattr(one, "run")
        and one.__module__.startswith("declarations_of_")
    )


def _of_commands(program: str, commands: Mapping[str, Any]) -> Iterator[CommandLine]:
    for name, command in commands.items():
        where = command.where
        if isinstance(where, str):
            module, _, attribute = where.partition(":")
            where = getattr(import_module(module), attribute)
        if isinstance(where, Mapping):
            yield from _of_commands(f"{program} {name}", where)
        else:
            yield CommandLine(f"{program} {name}", tuple(_options(where)))


def _options(declared: Any) -> Iterator[Option]:
    name = getattr(declared, "name", None)
    if isinstance(name, str) and name in OF_THE_SUITE:
        parser = argparse.ArgumentParser()
        subparsers = parser.add_subparsers()
        OF_THE_SUITE[name](subparsers)
        for action in subparsers.choices[name]._actions:
            if action.dest != "help":
                flag = action.option_strings[-1] if action.option_strings else action.dest
                yield Option(flag, action.type or (bool if action.nargs == 0 else str))
        return
    hints, marked = get_type_hints(declared), get_type_hints(declared, include_extras=True)
    for field in fields(declared):
        kind = hints[field.name]
        if is_dataclass(kind):
            yield from _options(kind)
        else:
            positional = tyro.conf.Positional in getattr(marked[field.name], "__metadata__", ())
            yield Option(field.name if positional else f"--{field.name.replace('_', '-')}", kind)
