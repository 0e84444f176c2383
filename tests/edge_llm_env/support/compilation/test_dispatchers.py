"""Kernels of a package of their own, compiled in processes of their own: what is compiled, cached and loaded again."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tests.support.programs import processes

KERNELS = """
from edge_llm_env.support.compilation.compiling import compiled, compiled_allocating, compiled_linked
import numpy as np


@compiled
def square(x):
    return x * x


@compiled_linked
def squares(count):
    numbers = np.zeros(count)
    for i in range(count):
        numbers[i] = square(i + 0.5)
    return numbers


@compiled_allocating
def total(count):
    return squares(count).sum() + square(2) + square(3)
"""


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """The folder of a package of kernels, in a folder that can be searched for it."""
    folder = tmp_path / "some_kernels"
    folder.mkdir()
    (folder / "__init__.py").write_text(KERNELS)
    return folder


def run(package: Path, code: str) -> tuple[str, str]:
    """What a new process says on standard output and standard error."""
    paths = [str(package.parent), *sys.path]
    environment = {"PYTHONPATH": os.pathsep.join(path for path in paths if path), "NUMBA_DISABLE_JIT": "0"}
    done = processes.run("-c", code, env=environment)
    assert done.returncode == 0, done.stderr
    return done.stdout, done.stderr


TOTAL = "import some_kernels; print(some_kernels.total(4))"
ANSWER = f"{0.25 + 2.25 + 6.25 + 12.25 + 4 + 9}\n"


def test_a_second_process_loads_what_the_first_compiled_and_says_nothing(package: Path):
    answer, said = run(package, TOTAL)
    assert answer == ANSWER
    assert "edge-llm-env: compiled some_kernels.total in" in said
    assert run(package, TOTAL) == (ANSWER, "")


def test_a_caller_in_the_cache_calls_a_linked_kernel_that_another_process_compiled(package: Path):
    run(package, TOTAL)
    for file in (package / "__pycache__").glob("*squares*"):
        file.unlink()
    # Compiled first of all this time, so that Numba would give it another name.
    answer, _ = run(package, "import some_kernels; print(some_kernels.squares(2)[1])")
    assert answer == "2.25\n"
    assert run(package, TOTAL) == (ANSWER, "")


def test_a_caller_in_the_cache_has_a_lost_linked_kernel_compiled(package: Path):
    run(package, TOTAL)
    for file in (package / "__pycache__").glob("*squares*"):
        file.unlink()
    assert run(package, TOTAL)[0] == ANSWER


def test_only_what_python_calls_and_what_is_linked_has_machine_code(package: Path):
    count = "[len(kernel.overloads) for kernel in (some_kernels.square, some_kernels.squares, some_kernels.total)]"
    assert run(package, f"{TOTAL}; print({count})")[0] == f"{ANSWER}[0, 1, 1]\n"


def test_constants_as_arguments_are_no_types_of_their_own(package: Path):
    """`square(2)` and `square(3)` are one overload for integers, beside that for floats."""
    assert run(package, f"{TOTAL}; print(len(some_kernels.square._part.overloads))")[0] == f"{ANSWER}2\n"


def test_without_compilation_kernels_are_plain_functions(package: Path):
    disabled = "import os; os.environ['NUMBA_DISABLE_JIT'] = '1'"
    assert run(package, f"{disabled}; {TOTAL}; print(type(some_kernels.total).__name__)") == (f"{ANSWER}function\n", "")
