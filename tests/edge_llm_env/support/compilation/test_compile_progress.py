"""What is said while kernels are compiled."""

from __future__ import annotations

import io

import pytest

from edge_llm_env.support.compilation.compile_progress import Progress


class Terminal(io.StringIO):
    """A stream that says that it is one."""

    def isatty(self) -> bool:
        return True


class Clock:
    """A time that stands still until it is moved."""

    now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def compile_for(progress: Progress, clock: Clock, kernels: int, each_s: float) -> None:
    """A kernel of so many parts, each of which takes so long."""
    with progress.compiling("package.file.whole"):
        for part in range(kernels):
            with progress.compiling(f"package.file.part_{part}"):
                clock.now_s += each_s


def test_where_there_is_no_terminal_a_line_comes_every_ten_seconds():
    stream, clock = io.StringIO(), Clock()
    compile_for(Progress(lambda: stream, clock), clock, kernels=25, each_s=1.0)
    first, *others = stream.getvalue().splitlines()
    assert first.startswith("edge-llm-env: compiling kernels, once; later runs load them")
    assert others == [
        "edge-llm-env: 10 s, 12 kernels, compiling package.file.part_10",
        "edge-llm-env: 20 s, 22 kernels, compiling package.file.part_20",
        "edge-llm-env: compiled package.file.whole in 25 s",
    ]


def test_a_terminal_has_one_line_that_changes():
    stream, clock = Terminal(), Clock()
    compile_for(Progress(lambda: stream, clock), clock, kernels=3, each_s=1.0)
    _, rest = stream.getvalue().split("\n", maxsplit=1)
    drawn = rest.removesuffix("\n").split("\r")[1:]
    assert [line.removesuffix("\033[K") for line in drawn] == [
        "edge-llm-env: 1 s, 3 kernels, compiling package.file.part_1",
        "edge-llm-env: 2 s, 4 kernels, compiling package.file.part_2",
        "edge-llm-env: compiled package.file.whole in 3 s",
    ]


def test_the_first_line_comes_once():
    stream, clock = io.StringIO(), Clock()
    progress = Progress(lambda: stream, clock)
    for _ in range(2):
        compile_for(progress, clock, kernels=1, each_s=1.0)
    assert stream.getvalue().count("later runs load them") == 1
    assert stream.getvalue().count("compiled package.file.whole in 1 s") == 2


def test_a_failed_compilation_ends_too():
    stream, clock = io.StringIO(), Clock()
    progress = Progress(lambda: stream, clock)
    with pytest.raises(ValueError, match="no types"), progress.compiling("package.file.broken"):
        raise ValueError("no types")
    compile_for(progress, clock, kernels=1, each_s=3.0)
    assert stream.getvalue().endswith("compiled package.file.whole in 3 s\n")


def test_without_a_standard_error_nothing_is_said():
    clock = Clock()
    compile_for(Progress(lambda: None, clock), clock, kernels=1, each_s=20.0)
