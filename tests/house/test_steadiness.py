"""No test's outcome depends on time, load or the moment of a signal: what could make it so stands in one file."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

from tests.edge_llm_env.support.compilation import test_dispatchers
from tests.house import test_imports
from tests.scripts import test_scripts
from tests.steady import chosen
from tests.support.clock import Clock
from tests.support.programs.processes import ROOT

PROCESSES = ROOT / "tests" / "support" / "programs" / "processes.py"
"""The one file that starts processes, sends signals and has a time limit."""

MODULES = {"asyncio", "sched", "subprocess", "time"}
CALLS = {"kill", "killpg", "raise_signal", "send_signal", "setitimer", "alarm", "sleep", "terminate", "Timer"}
TIMEOUTS = {"timeout", "startup_timeout", "iopub_timeout"}
WAITS = {"wait", "join", "result"}
"""Calls whose first argument, where it is a number, is a limit in seconds."""


def depends_on_time(text: str) -> Iterator[str]:
    """The lines of a file that could make a test depend on time, load or the moment of a signal."""
    for node in ast.walk(ast.parse(text)):
        found: list[str] = []
        if isinstance(node, ast.Import):
            found = [alias.name for alias in node.names if alias.name in MODULES]
        elif isinstance(node, ast.ImportFrom) and node.module in MODULES:
            found = [node.module]
        elif isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            found = [name] if name in CALLS else []
            values = [one.value for one in node.keywords if one.arg in TIMEOUTS]
            values += [one for one in node.args[:1] if name in WAITS and _is_number(one)]
            found += [ast.unparse(value) for value in values if "HANG_GUARD_S" not in ast.unparse(value)]
        yield from (f"line {node.lineno}: {one}" for one in found)  # type: ignore[attr-defined]


def _is_number(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, int | float)


def test_no_test_waits_starts_processes_or_sends_signals_itself() -> None:
    files = [path for path in sorted((ROOT / "tests").rglob("*.py")) if path != PROCESSES]
    assert len(files) > 100
    found = {str(path): list(depends_on_time(path.read_text(encoding="utf-8"))) for path in files}
    assert {path: lines for path, lines in found.items() if lines} == {}, (
        "tests/support/programs/processes.py has what it takes"
    )


@pytest.mark.parametrize(
    "text",
    [
        "import subprocess",
        "from time import sleep",
        "process.send_signal(2)",
        "queue.get(timeout=30)",
        "begun.wait(60)",
        "NotebookClient(notebook, timeout=guard)",
    ],
)
def test_what_does_is_found(text: str) -> None:
    assert len(list(depends_on_time(text))) == 1


def test_rounds_are_of_tests_that_start_processes_or_have_a_clock() -> None:
    def has_a_clock() -> None:
        Clock(step_s=1.0)

    def uses_a_fixture() -> None:
        pass

    assert chosen(has_a_clock)
    assert chosen(test_imports.test_loading_a_scenario_needs_no_compiler), "which a function of its file does"
    assert chosen(uses_a_fixture, test_dispatchers.run)
    assert not chosen(uses_a_fixture)
    assert not chosen(test_imports.test_packages_import_only_those_below_them), "which reads ROOT alone"
    assert not chosen(test_scripts.test_compare_says_in_one_line_what_is_wrong), "which runs in this process"
