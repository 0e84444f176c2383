"""Rounds of the tests that time, load or a signal's moment could decide, beside busy processes: python -m tests.steady.

Chosen are tests that name, in their code or that of a fixture or helper, something of `MODULES`, or of a file of the
project that imports one of these.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from io import StringIO
from multiprocessing import get_context
from types import CodeType, FunctionType, ModuleType
from typing import Any

import pytest

from tests.support.programs.processes import ROOT, run

MODULES = {
    "concurrent.futures", "multiprocessing", "signal", "socket", "subprocess", "threading",
    "tests.support.clock", "tests.support.programs.browser", "tests.support.programs.processes",
}  # fmt: skip
IN_THIS_PROCESS = "tests.support.programs.here"
"""Puts back what answers a signal, and waits for nothing."""

PROJECT = {"edge_llm_env", "edge_llm_baselines", "edge_llm_agents", "experiments", "scripts"}


def names(code: CodeType) -> Iterator[str]:
    """Global names and attributes in a function's code, and in functions that it makes."""
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from names(constant)


def module_of(value: object) -> str:
    """The module that something is, or was made in."""
    found = value.__name__ if isinstance(value, ModuleType) else getattr(value, "__module__", None)
    return found if isinstance(found, str) else ""


def listed(module: str) -> bool:
    """Whether a module is one of those, or part of one."""
    return any(module == one or module.startswith(f"{one}.") for one in MODULES)


def depends(value: Any, seen: set[int]) -> bool:
    """Whether it is of such a module, or a function or class of the tests whose code names what is."""
    module = module_of(value)
    if listed(module):
        return True
    if id(value) in seen or isinstance(value, ModuleType) or module == IN_THIS_PROCESS:
        return False
    seen.add(id(value))
    if module.partition(".")[0] in PROJECT:
        return any(listed(module_of(one)) for one in vars(sys.modules[module]).values())
    if not module.startswith("tests."):
        return False
    functions = vars(value).values() if isinstance(value, type) else [value]
    return any(
        name in one.__globals__ and depends(one.__globals__[name], seen)
        for one in functions
        if isinstance(one, FunctionType)
        for name in names(one.__code__)
    )


def chosen(test: Callable, *fixtures: Callable) -> bool:
    """Whether a test is, with the functions of its fixtures."""
    return any(depends(function, set()) for function in (test, *fixtures))


class Choosing:
    """A plugin of pytest that notes the ids of the chosen of all tests."""

    def __init__(self) -> None:
        self.ids: list[str] = []

    def pytest_collection_modifyitems(self, items: list[pytest.Function]) -> None:
        """Called by pytest with all tests."""
        for item in items:
            fixtures = [one.func for defined in item._fixtureinfo.name2fixturedefs.values() for one in defined]
            if chosen(item.function, *fixtures):
                self.ids.append(item.nodeid)


def be_busy() -> None:
    """Keep a core busy until the process that began this one ends."""
    while True:
        pass


def main() -> int:
    """Play the rounds; the exit status, 1 where a test failed in any."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--busy", type=int, default=2, help="processes that keep a core busy beside the tests")
    parser.add_argument("paths", nargs="*", default=["tests"], help="files or folders of tests, all if none is given")
    options = parser.parse_args()
    choosing, paths = Choosing(), [str(ROOT / path) for path in options.paths]
    with redirect_stdout(StringIO()):
        pytest.main(["--collect-only", "-p", "no:cacheprovider", *paths], [choosing])
    print(f"{len(choosing.ids)} tests", flush=True)
    for _ in range(options.busy):
        get_context("spawn").Process(target=be_busy, daemon=True).start()
    failed = 0
    for number in range(1, options.rounds + 1):
        done = run("-m", "pytest", "-q", "-p", "no:cacheprovider", *choosing.ids, cwd=ROOT)
        if done.returncode:
            failed += 1
            print(done.stdout, done.stderr)
        print(f"round {number}: {done.stdout.splitlines()[-1]}", flush=True)
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
