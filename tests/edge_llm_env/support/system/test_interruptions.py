"""Errors of other packages that were interrupted are interruptions, and others stay what they are."""

from __future__ import annotations

import pytest

from edge_llm_env.support.system.command_line import INTERRUPTED, ended
from edge_llm_env.support.system.interruptions import interruption_behind


def fail(first: type[BaseException]) -> None:
    """Raise as a writer does that closes its archive though it was interrupted."""
    try:
        try:
            raise first
        finally:
            raise RuntimeError("archive is not whole")
    except RuntimeError:
        raise RuntimeError("file is not closed")  # noqa: B904 (as Python itself does where nothing is said of it)


def test_an_interruption_is_found_behind_what_followed_from_it() -> None:
    with pytest.raises(RuntimeError) as found:
        fail(KeyboardInterrupt)
    assert isinstance(interruption_behind(found.value), KeyboardInterrupt)
    with pytest.raises(RuntimeError) as other:
        fail(TypeError)
    assert interruption_behind(other.value) is None


def test_an_interruption_is_found_among_errors_of_tasks_that_ran_together(capsys: pytest.CaptureFixture[str]) -> None:
    interrupted = BaseExceptionGroup("of tasks", [ValueError("host"), KeyboardInterrupt()])
    assert isinstance(interruption_behind(interrupted), KeyboardInterrupt)
    assert interruption_behind(ExceptionGroup("of tasks", [ValueError("host"), TypeError()])) is None

    def fail_together() -> None:
        raise BaseExceptionGroup("of tasks", [interrupted, TypeError()])

    assert ended(fail_together, "program", str) == INTERRUPTED
    assert capsys.readouterr().err == "interrupted\n"


def test_a_command_that_another_package_failed_in_when_interrupted_was_interrupted(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert ended(lambda: fail(KeyboardInterrupt), "program", str) == INTERRUPTED
    assert capsys.readouterr().err == "interrupted\n"
    with pytest.raises(RuntimeError, match="file is not closed"):
        ended(lambda: fail(TypeError), "program", str)
