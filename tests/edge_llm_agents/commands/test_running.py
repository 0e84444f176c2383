"""What a command says and returns when something goes wrong."""

from __future__ import annotations

import pytest

from edge_llm_agents.commands.running import guarded


def failing(error: BaseException) -> int:
    def run() -> int:
        raise error

    return guarded(run, "edge-llm compare", "agents")


@pytest.mark.parametrize(
    ("error", "status", "said"),
    [
        (ValueError("episodes = 0: must be at least 1"), 2, "error: episodes = 0: must be at least 1\n"),
        (OSError("no space"), 2, "error: no space\n"),
        (KeyboardInterrupt(), 130, "interrupted\n"),
        (KeyboardInterrupt("the same command goes on"), 130, "the same command goes on\n"),
        (
            ModuleNotFoundError("No module named 'torch'", name="torch"),
            2,
            'error: edge-llm compare needs torch: pip install "edge-llm-env[agents]"\n',
        ),
    ],
)
def test_what_goes_wrong_is_one_line_and_a_status(
    error: BaseException, status: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert failing(error) == status
    assert capsys.readouterr().err == said


@pytest.mark.parametrize(
    "error", [RuntimeError("a bug"), ModuleNotFoundError("No module", name="edge_llm_env.nothing")]
)
def test_a_bug_keeps_its_traceback(error: Exception) -> None:
    with pytest.raises(type(error)):
        failing(error)


def test_nothing_wrong_is_status_0() -> None:
    assert guarded(lambda: None, "edge-llm list", "agents") == 0
    assert guarded(lambda: 1, "edge-llm list", "agents") == 1
