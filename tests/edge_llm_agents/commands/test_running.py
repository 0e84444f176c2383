"""What a command says and returns when something goes wrong."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from edge_llm_agents.commands.main import main
from edge_llm_agents.commands.running import check_numbers, guarded, parsed_by_tyro
from tests.support.programs.processes import run_interrupted


@dataclass(frozen=True)
class Inner:
    rate: float = 1.0


@dataclass(frozen=True)
class Options:
    inner: Inner = field(default_factory=Inner)
    steps: int = 1
    seeds: tuple[int, ...] = (0,)
    share: float = 0.5


def failing(error: BaseException) -> int:
    def run() -> int:
        raise error

    return guarded(run, "edge-llm compare", "agents")


@pytest.mark.parametrize(
    ("error", "status", "said"),
    [
        (ValueError("episodes = 0: must be at least 1"), 2, "error: episodes = 0: must be at least 1\n"),
        (OSError("no space"), 2, "error: no space\n"),
        (FileNotFoundError(2, "No such file or directory", "x.toml"), 2, "error: x.toml: No such file or directory\n"),
        (ValueError("of\n  two lines"), 2, "error: of two lines\n"),
        (ValueError(f"x = {'y' * 5000} must be z"), 2, f"error: x = {'y' * 60}…{'y' * 20} must be z\n"),
        (MemoryError(), 2, "error: edge-llm compare: not enough memory\n"),
        (BrokenPipeError(), 141, ""),
        (SystemExit(), 0, ""),
        (SystemExit(2), 2, ""),
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
    "error",
    [
        RuntimeError("a bug"),
        *(
            ModuleNotFoundError("No module", name=f"{package}.nothing")
            for package in ("edge_llm_env", "edge_llm_baselines", "edge_llm_agents", "experiments.speed")
        ),
    ],
)
def test_a_bug_keeps_its_traceback(error: Exception) -> None:
    with pytest.raises(type(error)):
        failing(error)


def test_nothing_wrong_is_status_0() -> None:
    assert guarded(lambda: None, "edge-llm list", "agents") == 0
    assert guarded(lambda: 1, "edge-llm list", "agents") == 1


@pytest.mark.parametrize(("number", "status", "said"), [("SIGINT", 130, "interrupted"), ("SIGTERM", 143, "terminated")])
def test_a_signal_ends_a_command_with_its_own_status(number: str, status: int, said: str) -> None:
    after = "edge_llm_agents.commands.running:_help"
    stopped = run_interrupted("benchmark.py", "--help", after=after, call=1, number=number)
    assert (stopped.returncode, stopped.stderr, stopped.stdout) == (status, f"{said}\n", "")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--steps", "x"], "Error parsing --steps: .* 'x'; me --help lists what is expected"),
        (["--stps", "1"], "Unrecognized options: --stps"),
        (["--steps"], "Missing value for argument '--steps'"),
        (["--steps", "1000000000001"], "steps = 1000000000001: must be at most 1,000,000,000,000"),
        (["--steps", "-1000000000001"], "steps = -1000000000001: must be at most"),
        (["--share", "nan"], "share = nan: must be finite"),
        (["--inner.rate", "inf"], "rate = inf: must be finite"),
        (["--seeds", "0", "-1"], "seeds = -1: must be at least 0"),
    ],
)
def test_options_that_cannot_be_are_refused_in_one_line(arguments: list[str], message: str) -> None:
    with pytest.raises(ValueError, match=message) as refused:
        parsed_by_tyro(Options, "me", arguments)
    assert "\n" not in str(refused.value)
    check_numbers(parsed_by_tyro(Options, "me", ["--seeds", "12345678901234567890", "--steps", "1000000000000"]))


@pytest.mark.parametrize("command", ["admission", "values", "tasks", "racks", "levels"])
def test_what_cannot_be_is_refused_before_anything_is_trained(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    for option, value, message in (
        ("results", tmp_path / "file", "must be a folder that can be written"),
        ("policies", tmp_path / "file" / "below", "must be a folder that can be written"),
        ("name", "../mine", "must be a name of a file"),
        ("seeds", 2**32, r"must be in 0\.\."),
    ):
        assert main(["train", command, f"--{option}", str(value)]) == 2
        assert re.search(f"^error: .*{option} = .*{message}", capsys.readouterr().err)
