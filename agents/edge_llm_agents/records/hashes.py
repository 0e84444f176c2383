"""Hashes of what a cell's results follow from: workloads, files, and code by what it does, wherever it stands."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any

import gymnasium as gym

from edge_llm_agents.records.closure import import_closure, is_followed
from edge_llm_env.workload.workload import Workload


def workloads_sha256(workloads: Sequence[Workload]) -> str:
    """SHA-256 (hex) of every array of every workload; classes count where there are several."""
    digest = hashlib.sha256()
    for workload in workloads:
        for name, values in workload.given().items():
            if name == "request_class" and not values.any():
                continue
            digest.update(f"{name} {values.dtype.str} {values.shape}".encode())
            digest.update(values.tobytes())
    return digest.hexdigest()


def file_sha256(path: Path) -> str:
    """SHA-256 (hex) of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def combined_sha256(*parts: str) -> str:
    """SHA-256 (hex) of several texts."""
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


@cache
def code_sha256(*modules: str) -> str:
    """SHA-256 (hex) of what modules and all that they import do, by their dotted names; see `import_closure`.

    A file that moves, a comment, or a module that none of these imports changes nothing. Raises ValueError for a module
    that there is not.
    """
    return combined_sha256(*sorted(set(import_closure(modules).values())))


@cache
def environment_sha256(env_id: str) -> str:
    """SHA-256 (hex) of what an environment does: the closure of its native vector form. Raises gymnasium's errors."""
    entry: Any = gym.spec(env_id).vector_entry_point
    module, _, name = entry.partition(":") if isinstance(entry, str) else (entry.__module__, "", entry.__qualname__)
    return combined_sha256(code_sha256(module), name)


def function_sha256(function: Callable[..., Any]) -> str:
    """SHA-256 (hex) of what a function does that stands in a table beside others, as a baseline's does.

    Of its own module only what it refers to counts, not what stands beside it; of the classes, and of the functions of
    other modules, that it refers to, the closure of their modules.
    """
    modules: set[str] = set()
    own: list[str] = []
    waiting: list[Any] = [function]
    seen: list[Any] = []
    while waiting:
        one = waiting.pop(0)
        if any(one is known for known in seen):
            continue
        seen.append(one)
        if isinstance(one, FunctionType) and one.__module__ == function.__module__:
            own += _instructions(one.__code__, one.__doc__)
            waiting += [cell.cell_contents for cell in one.__closure__ or ()]
            waiting += [one.__globals__[name] for name in _names(one.__code__) if name in one.__globals__]
            waiting += one.__defaults__ or ()
        elif is_followed(getattr(one, "__module__", None)):
            modules.add(one.__module__)
            own.append(getattr(one, "__qualname__", ""))
        elif isinstance(one, str | int | float | tuple):
            own.append(repr(one))
    return combined_sha256(code_sha256(*sorted(modules)), *own)


def _instructions(code: CodeType, explains: str | None) -> list[str]:
    """What a function does, and those within it, as Python has compiled it; its docstring is left out."""
    constants = [one for one in code.co_consts if not isinstance(one, CodeType) and one != explains]
    within = [text for one in code.co_consts if isinstance(one, CodeType) for text in _instructions(one, None)]
    return [f"{code.co_code.hex()} {code.co_names} {constants!r}", *within]


def _names(code: CodeType) -> list[str]:
    """Global names that a function, or one within it, uses."""
    return [*code.co_names, *(name for one in code.co_consts if isinstance(one, CodeType) for name in _names(one))]
