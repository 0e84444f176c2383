"""Every command and sub-command of the repository with its options, as they are declared, and a small run of each."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import MISSING, fields, is_dataclass
from functools import cache
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any, NamedTuple, get_type_hints

from edge_llm_env.__main__ import COMMANDS as OF_THE_SUITE

SCRIPTS = Path(__file__).parents[2] / "scripts"

WITHOUT_OPTIONS = ("repository.py", "release.py")
"""What is no command, and one that builds the whole package and has a check of its own."""

SCENARIO = 'extends = "carry-over"\ndescription = "short"\n[epoch]\nepisode_epochs = 3\n'
"""Of short.toml, in the folder where a small run is."""

TRACE = "TIMESTAMP,ContextTokens,GeneratedTokens\n" + "".join(
    f"2023-11-16 18:15:{second:02}.0000000,{10 + second},{5 + second}\n" for second in range(40)
)
"""Of trace.csv there."""

_SHORT = ("--scenario", "short.toml")
_RUN = (*_SHORT, "--rows", "4", "--rollout-steps", "8", "--width", "8", "--steps", "64", "--checkpoint-every", "32",
        "--validation-episodes", "1", "--hindsight-episodes", "0", "--run-dir", "run")  # fmt: skip
_JUDGED = ("--seeds", "0", "--evaluation-episodes", "2", "--hindsight-episodes", "0", "--name", "mine")

SMALL: dict[str, tuple[str, ...]] = {
    "edge-llm list": (),
    "edge-llm predict": ("bloom-3b", "w16a16", "jetson-tx2", "--prompt", "64", "--output", "64"),
    "edge-llm catalog": ("engines",),
    "edge-llm trace": ("trace.csv", "--format", "azure"),
    "edge-llm compare": (*_SHORT, "--episodes", "2", "--no-train", "--hindsight-episodes", "0"),
    "edge-llm train policy": (*_SHORT, "--env", "EdgeLLM/Compute-v0", "--algorithm", "ppo", "--steps", "64"),
    "edge-llm train run": _RUN,
    "edge-llm train admission": (*_SHORT, *_JUDGED, "--config", "tiny.yml", "--run-dir", "run"),
    "edge-llm train values": (*_SHORT, *_JUDGED, "--generations", "1", "--episodes", "1", "--validation-episodes", "1"),
    "edge-llm train allocations": (*_SHORT, *_JUDGED, "--env", "EdgeLLM/Bandwidth-v0", "--generations", "1",
                                   "--episodes", "1", "--validation-episodes", "1"),
    "edge-llm watch": (*_SHORT, "--epochs", "1", "--gif", "out.gif"),
    "edge-llm leaderboard rank": ("--scenarios", "short.toml", "--environments", "EdgeLLM/Compute-v0", "--episodes",
                                  "2", "--hindsight-episodes", "0", "--workers", "1"),
    "datasets.py minari": (*_SHORT, "--teachers", "dftsp", "--envs", "EdgeLLM/BatchSelection-v0", "--episodes", "1",
                           "--root", "minari"),
    "datasets.py demonstrations": (*_SHORT, "--teacher", "dftsp", "--episodes", "1"),
    "tune.py": (*_SHORT, "--trials", "1", "--steps", "64", "--validation-episodes", "1"),
    "paper.py": ("--presets", "paper-opt-13b", "--episodes", "1", "--epochs", "1", "--figures", "accuracy_requirement"),
}  # fmt: skip
"""The arguments that make a command take seconds, in a folder that `begin_folder` has filled.

Of a command that is not here, since it takes minutes or writes into the repository, only what is refused as it is read
is tried.
"""

SAME_AS = {"compare.py": "edge-llm compare", "watch.py": "edge-llm watch", "leaderboard.py": "edge-llm leaderboard"}
"""Scripts that run a command of `edge-llm`; so do the first four of train.py."""


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
    return tuple(one for one in found if one.name.removeprefix("train.py ") not in known or "edge-llm" in one.name)


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


def begin_folder(folder: Path) -> None:
    """Put what small runs read into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "short.toml").write_text(SCENARIO)
    (folder / "trace.csv").write_text(TRACE)
    (folder / "tiny.yml").write_text(
        "EdgeLLM/Batching-v0: {default: {n_envs: 4, n_steps: 8, n_timesteps: 64, policy_kwargs: {width: 8}}}\n"
    )


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
    hints = get_type_hints(declared)
    for field in fields(declared):
        kind = hints[field.name]
        if is_dataclass(kind):
            yield from _options(kind)
        elif field.default is not MISSING or field.default_factory is not MISSING:
            yield Option(f"--{field.name.replace('_', '-')}", kind)
