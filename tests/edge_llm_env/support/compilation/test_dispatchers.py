"""Kernels of a package of their own, compiled in processes of their own: what is compiled, cached and loaded again."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import NamedTuple

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


def run(package: Path, code: str) -> tuple[str, str]:
    """What a new process says on standard output and standard error."""
    paths = [str(package.parent), *sys.path]
    environment = {"PYTHONPATH": os.pathsep.join(path for path in paths if path), "NUMBA_DISABLE_JIT": "0"}
    done = processes.run("-c", code, env=environment)
    assert done.returncode == 0, done.stderr
    return done.stdout, done.stderr


TOTAL = "import some_kernels; print(some_kernels.total(4))"
ANSWER = f"{0.25 + 2.25 + 6.25 + 12.25 + 4 + 9}\n"
MACHINE_CODE = "[len(kernel.overloads) for kernel in (some_kernels.square, some_kernels.squares, some_kernels.total)]"
TYPES = "len(some_kernels.square._part.overloads)"


class Compiled(NamedTuple):
    """A package whose kernels one process has compiled and called, the lines that it printed and what it said."""

    package: Path
    printed: list[str]
    said: str


def written(folder: Path) -> Path:
    """The folder of a package of kernels, in a folder that can be searched for it."""
    package = folder / "some_kernels"
    package.mkdir()
    (package / "__init__.py").write_text(KERNELS)
    return package


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Compiled:
    """What one process compiled, and how much of it."""
    package = written(tmp_path_factory.mktemp("first"))
    printed, said = run(package, f"{TOTAL}; print({MACHINE_CODE}); print({TYPES})")
    return Compiled(package, printed.splitlines(), said)


@pytest.fixture
def package(first: Compiled, tmp_path: Path) -> Path:
    """A copy of it with its cache."""
    return Path(shutil.copytree(first.package, tmp_path / "some_kernels"))


def test_a_second_process_loads_what_the_first_compiled_and_says_nothing(first: Compiled, package: Path):
    assert first.printed[0] == ANSWER.strip()
    assert "edge-llm-env: compiled some_kernels.total in" in first.said
    assert run(package, TOTAL) == (ANSWER, "")


def test_a_caller_in_the_cache_calls_a_linked_kernel_that_another_process_compiled(package: Path):
    for file in (package / "__pycache__").glob("*squares*"):
        file.unlink()
    # Compiled first of all this time, so that Numba would give it another name.
    answer, _ = run(package, "import some_kernels; print(some_kernels.squares(2)[1])")
    assert answer == "2.25\n"
    assert run(package, TOTAL) == (ANSWER, "")


def test_a_caller_in_the_cache_has_a_lost_linked_kernel_compiled(package: Path):
    for file in (package / "__pycache__").glob("*squares*"):
        file.unlink()
    assert run(package, TOTAL)[0] == ANSWER


def test_only_what_python_calls_and_what_is_linked_has_machine_code(first: Compiled):
    assert first.printed[1] == "[0, 1, 1]"


def test_constants_as_arguments_are_no_types_of_their_own(first: Compiled):
    """`square(2)` and `square(3)` are one overload for integers, beside that for floats."""
    assert first.printed[2] == "2"


def test_without_compilation_kernels_are_plain_functions(tmp_path: Path):
    disabled = "import os; os.environ['NUMBA_DISABLE_JIT'] = '1'"
    code = f"{disabled}; {TOTAL}; print(type(some_kernels.total).__name__)"
    assert run(written(tmp_path), code) == (f"{ANSWER}function\n", "")
