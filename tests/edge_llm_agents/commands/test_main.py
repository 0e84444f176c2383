"""`edge-llm` as somebody runs it, with all packages and with the base ones alone."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest
import tyro

from edge_llm_agents import __main__
from edge_llm_agents.commands.compare import Compare
from edge_llm_agents.commands.main import COMMANDS, main
from edge_llm_env.registration import ENVIRONMENTS, environment
from tests.support.programs.processes import ROOT, run

WITHOUT_AGENTS = ("torch", "stable_baselines3", "sb3_contrib", "tyro", "tqdm", "safetensors", "joblib", "yaml")
"""Packages of the extra `agents` that a user of the environments alone does not have."""

PREDICT = ("predict", "bloom-3b", "w16a16", "jetson-tx2", "--prompt", "64", "--output", "64")

LISTINGS = (("--help",), ("list",), ("list", "environments"), ("catalog", "precisions"), PREDICT)
LACKING = ("compare", "train", "watch", "leaderboard")

Answers = dict[tuple[str, ...], tuple[int, str, str]]
"""Status, output and errors of commands."""

BASE_ONLY = f"""
import json, sys
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
for name in {WITHOUT_AGENTS}:
    sys.modules[name] = None  # so that importing it fails as where it is not installed
from edge_llm_agents.commands.main import main
answers = []
for arguments in {[*LISTINGS, *((command,) for command in LACKING)]}:
    with redirect_stdout(StringIO()) as printed, redirect_stderr(StringIO()) as said:
        status = main(arguments)
    answers.append((arguments, (status, printed.getvalue(), said.getvalue())))
print(json.dumps(answers))
"""


@pytest.fixture(scope="module")
def with_base_alone() -> Answers:
    """Those of commands one after another, in a process with the base dependencies alone."""
    finished = run("-c", BASE_ONLY)
    assert finished.returncode == 0, finished.stderr
    return {tuple(arguments): tuple(answer) for arguments, answer in json.loads(finished.stdout)}


def test_the_console_command_is_installed() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    module, _, name = project["scripts"]["edge-llm"].partition(":")
    assert (module, name) == (__main__.__name__, __main__.main.__name__)


def test_it_starts_without_anything_heavy() -> None:
    loaded = "import sys; import edge_llm_agents.commands.main; print(*sys.modules)"
    modules = set(run("-c", loaded).stdout.split())
    assert "gymnasium" in modules
    assert not modules & {"torch", "stable_baselines3", "numba", "tyro", "matplotlib", "scipy"}


def test_list_names_environments_with_their_tiers_and_all_else(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list"]) == 0
    shown = capsys.readouterr().out
    for name in ("EdgeLLM/Joint-v0", "bursty", "jetson-tx2", "vllm", "bloom-3b", "w8a16", "value-carry-over", "dftsp"):
        assert name in shown
    for alone in (["list", "environments"], ["list", "tiers"]):
        assert main(alone) == 0
        lines = capsys.readouterr().out.splitlines()
        for entry in ENVIRONMENTS.values():
            for name, tier in entry.tiers._asdict().items():
                assert [entry.id, name, tier.scenario, *tier.because.split()] in [line.split() for line in lines]
    assert main(["list", "policies"]) == 0
    assert "jetson-tx2" not in capsys.readouterr().out


@pytest.mark.parametrize("arguments", LISTINGS)
def test_with_the_base_dependencies_alone_it_starts_and_lists(
    arguments: tuple[str, ...], with_base_alone: Answers
) -> None:
    status, printed, said = with_base_alone[arguments]
    assert status == 0, said
    assert printed


@pytest.mark.parametrize("command", LACKING)
def test_a_command_that_lacks_a_package_names_the_extra(command: str, with_base_alone: Answers) -> None:
    status, _, said = with_base_alone[(command,)]
    assert status == 2
    (error,) = [line for line in said.splitlines() if line.startswith("error: ")]
    assert error.endswith('pip install "edge-llm-env[agents]"')
    assert error.startswith(f"error: edge-llm {command} needs ")


def test_help_lists_the_commands(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    shown = capsys.readouterr().out
    assert all(f"\n  {name} " in shown for name in COMMANDS)
    assert main([]) == 2


def test_catalog_and_trace_are_those_of_the_suite(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["catalog", "devices"]) == 0
    assert "jetson-tx2" in capsys.readouterr().out
    assert main(["trace", str(tmp_path / "missing.csv"), "--format", "azure"]) == 2
    assert "missing.csv" in capsys.readouterr().err


def test_an_unknown_command_is_an_error_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compere"]) == 2
    assert capsys.readouterr().err.startswith("error: edge-llm: 'compere' must be one of list, compare, train")


def test_an_environment_is_compared_in_its_own_scenario_and_its_id_is_given_as_in_python() -> None:
    taken = {env_id: entry.main_scenario for env_id, entry in ENVIRONMENTS.items()}
    assert taken["EdgeLLM/Batching-v0"] == taken["EdgeLLM/BatchSelection-v0"] == "carry-over"
    assert taken["EdgeLLM/Bandwidth-v0"] == "embedding-uplink"
    assert taken["EdgeLLM/Joint-v0"] == "accuracy-tiers"
    with pytest.raises(ValueError, match="env_id = 'EdgeLLM/Band-v0': must be one of"):
        environment("EdgeLLM/Band-v0")
    for option in ("--env", "--env-id"):
        assert tyro.cli(Compare, args=[option, "EdgeLLM/Joint-v0"]).env == "EdgeLLM/Joint-v0"
