"""How a command with sub-commands runs: which one is asked for, and its options."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import fields, is_dataclass
from importlib import import_module
from io import StringIO
from math import isfinite
from typing import Any, NamedTuple

from edge_llm_env.support.outputs import check_outputs
from edge_llm_env.support.system.command_line import DONE, MISUSE, ended

LARGEST = 10**12
"""Of numbers of steps, episodes, seconds and the like."""


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

    Those of `edge_llm_env.support.system.command_line`; 2 is what is wrong, said in a line that begins with `error:`.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    return guarded(lambda: _dispatch(program, commands, given, default), program, "agents")


def run_options(program: str, options: str | type, arguments: Sequence[str] | None = None) -> int:
    """Run a command without sub-commands, given as `Command.where` is; the exit status, as of `run_command`."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    return guarded(lambda: _run(program, options, given), program, "agents")


def guarded(run: Callable[[], int | None], program: str, extra: str) -> int:
    """Run it; the exit status, and one line on standard error for what the user can put right."""
    return ended(run, program, lambda package: f'pip install "edge-llm-env[{extra}]"')


def _dispatch(program: str, commands: Commands, given: list[str], default: str | None) -> int | None:
    if given[:1] in (["-h"], ["--help"]) or not (given or default):
        print(_help(program, commands, default))
        return DONE if given else MISUSE
    name, *rest = given if default is None or (given and not given[0].startswith("-")) else [default, *given]
    if name not in commands:
        raise ValueError(f"{program}: {name!r} must be one of {', '.join(commands)}")
    command = commands[name]
    program = f"{program} {name}"
    return guarded(lambda: _run(program, command.where, rest), program, command.extra)


def _run(program: str, where: Any, arguments: list[str]) -> int | None:
    found = where
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
    return parsed_by_tyro(options, program, arguments)


def parsed_by_tyro(options: Any, program: str, arguments: list[str], **named: Any) -> Any:
    """The options by tyro, whose errors, framed and of several lines, become a ValueError of one."""
    import tyro

    if {"-h", "--help"} & set(arguments):
        return tyro.cli(options, prog=program, args=arguments, **named)
    framed = StringIO()
    try:
        with redirect_stdout(framed), redirect_stderr(framed):
            parsed = tyro.cli(options, prog=program, args=arguments, **named)
    except SystemExit as ending:
        if not ending.code:
            print(framed.getvalue(), end="")  # a list of completions
            raise
        raise ValueError(f"{_unframed(framed.getvalue())}; {program} --help lists what is expected") from None
    found = parsed[0] if isinstance(parsed, tuple) else parsed
    check_numbers(found)
    check_outputs(found)
    return parsed


def check_numbers(options: Any) -> None:
    """Raise ValueError for a number that no option of any command means: one that is not finite, or is far too large.

    Seeds may be any whole number from 0 on.
    """
    for field in fields(options):
        value = getattr(options, field.name)
        if is_dataclass(value):
            check_numbers(value)
        for one in value if isinstance(value, tuple) else (value,):
            if isinstance(one, float) and not isfinite(one):
                raise ValueError(f"{field.name} = {one:g}: must be finite")
            if isinstance(one, int) and field.name in ("seed", "seeds"):
                if one < 0:
                    raise ValueError(f"{field.name} = {one}: must be at least 0")
            elif isinstance(one, int) and abs(one) > LARGEST:
                raise ValueError(f"{field.name} = {one}: must be at most {LARGEST:,}")


def _unframed(text: str) -> str:
    """What tyro says, without its heading and frame and what follows on how to get help."""
    lines = [line.strip(" │") for line in text.splitlines()]
    of_terminal = any(line.startswith("╭") for line in lines)  # whose heading is part of the frame
    parts = [""]
    for line in lines:
        if line and set(line) <= {"─", "-"}:
            parts.append("")
        elif not line.startswith(("╭", "╰")):
            parts[-1] = f"{parts[-1]} {line}".strip()
    return parts[0 if of_terminal or len(parts) == 1 else 1].removesuffix(".")


def _help(program: str, commands: Commands, default: str | None) -> str:
    width = max(map(len, commands))
    asked = f"[{'|'.join(commands)}]" if default else "COMMAND"
    lines = [f"usage: {program} {asked} [OPTIONS]", ""]
    lines += [f"  {name:<{width}}  {command.summary}" for name, command in commands.items()]
    if default:
        lines += ["", f"Without a command: {default}."]
    return "\n".join([*lines, "", f"{program} COMMAND --help lists the options of a command."])
