"""How a command with sub-commands runs: which one is asked for, its options, and one line for what goes wrong."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any, NamedTuple

from gymnasium.error import DependencyNotInstalled


class Command(NamedTuple):
    """A sub-command, imported when it is asked for."""

    where: str | type
    """A dataclass whose fields are its options, whose docstring is its help and whose `run` does it and returns the
    exit status or None; or a mapping of further sub-commands, of which the first is the default; or `module:name` of
    either, to be imported when it is asked for."""
    summary: str
    extra: str = "agents"
    """What to install where a package is missing."""


Commands = Mapping[str, Command]


def run_command(
    program: str, commands: Commands, arguments: Sequence[str] | None = None, default: str | None = None
) -> int:
    """Run the sub-command that the arguments name, or `default` where they begin with an option; the exit status.

    2 for what is wrong, said in one line that begins with `error:`, and 130 after Ctrl-C.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    if given[:1] in (["-h"], ["--help"]) or not (given or default):
        print(_help(program, commands, default))
        return 0 if given else 2
    if default is not None and (not given or given[0].startswith("-")):
        given = [default, *given]
    name, *rest = given
    if name not in commands:
        print(f"error: {program}: {name!r} must be one of {', '.join(commands)}", file=sys.stderr)
        return 2
    command = commands[name]
    program = f"{program} {name}"
    return guarded(lambda: _run(program, command, rest), program, command.extra)


def run_options(program: str, options: Any, arguments: Sequence[str] | None = None) -> int:
    """Run a command without sub-commands; the exit status, as of `run_command`."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    return guarded(lambda: _parsed(options, program, given).run(), program, "agents")


def guarded(run: Callable[[], int | None], program: str, extra: str) -> int:
    """Run it; the exit status, and one line on standard error for what the user can put right."""
    try:
        return run() or 0
    except ModuleNotFoundError as error:
        package = str(error.name).partition(".")[0]
        if package.startswith("edge_llm"):
            raise
        print(f'error: {program} needs {package}: pip install "edge-llm-env[{extra}]"', file=sys.stderr)
        return 2
    except KeyboardInterrupt as interruption:
        print(str(interruption) or "interrupted", file=sys.stderr)
        return 130
    except (ValueError, OSError, DependencyNotInstalled) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2


def _run(program: str, command: Command, arguments: list[str]) -> int | None:
    found: Any = command.where
    if isinstance(found, str):
        module, _, name = found.partition(":")
        found = getattr(import_module(module), name)
    if isinstance(found, Mapping):
        return run_command(program, found, arguments, default=next(iter(found)))
    status: int | None = _parsed(found, program, arguments).run()
    return status


def _parsed(options: Any, program: str, arguments: list[str]) -> Any:
    """The options by their own `parsed`, where they have one, else by tyro."""
    if hasattr(options, "parsed"):
        return options.parsed(program, arguments)
    import tyro

    return tyro.cli(options, prog=program, args=arguments)


def _help(program: str, commands: Commands, default: str | None) -> str:
    width = max(map(len, commands))
    asked = f"[{'|'.join(commands)}]" if default else "COMMAND"
    lines = [f"usage: {program} {asked} [OPTIONS]", ""]
    lines += [f"  {name:<{width}}  {command.summary}" for name, command in commands.items()]
    if default:
        lines += ["", f"Without a command: {default}."]
    return "\n".join([*lines, "", f"{program} COMMAND --help lists the options of a command."])
