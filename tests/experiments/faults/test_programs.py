"""Programs of the campaign: rights that are given up, caches, and commands on a disk that is full."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from experiments.faults.command_lines import command_lines
from experiments.faults.programs import compiling
from experiments.faults.programs.commands import PATHS, a_case, folder_of_its_own, run_in_process
from experiments.faults.programs.compiling import CACHES, COMPILING
from experiments.faults.programs.disks import DISKS, WAYS
from experiments.faults.programs.kills import COLD, KILLED, KILLS, NOT_KILLED, SIGNALS, by_name
from experiments.faults.programs.rights import give_up_rights
from experiments.faults.small_runs import SMALL
from experiments.faults.verdict import CLEAR, GOOD, outcome_of
from tests.support.programs.processes import ROOT


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_without_its_rights_root_may_not_write_either(tmp_path: Path) -> None:
    (tmp_path / "unreadable").write_text("")
    (tmp_path / "unreadable").chmod(0)
    tmp_path.chmod(0o555)
    child = os.fork()
    if child == 0:
        refused = 0
        give_up_rights()
        for path, mode in ((tmp_path / "new", "w"), (tmp_path / "unreadable", "r")):
            try:
                path.open(mode)
            except PermissionError:
                refused += 1
        os._exit(refused)
    _, status = os.waitpid(child, 0)
    tmp_path.chmod(0o755)
    assert os.waitstatus_to_exitcode(status) == 2


def test_a_cache_that_two_processes_share_serves_both() -> None:
    case = COMPILING.make(0, next(index for index in range(100) if "2 processes" in COMPILING.make(0, index).what))
    assert outcome_of(case).verdict in GOOD, outcome_of(case)


def test_a_process_that_fails_or_is_wrong_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    for program, expected in (("print(3)", "status 0, '3"), ("import no_such_module", "status 1")):
        monkeypatch.setattr(compiling, "KERNELS", program)
        assert expected in outcome_of(COMPILING.make(0, 0)).said


def test_every_command_that_writes_is_tried_in_every_way() -> None:
    cases = {DISKS.make(0, index).what for index in range(len(KILLED) * len(WAYS))}
    assert len(cases) == len(KILLED) * len(set(WAYS))
    assert len({cache.__doc__ for cache in CACHES}) == len(CACHES)


def test_a_signal_ends_every_command_or_there_is_a_reason_why_none_does() -> None:
    assert set(by_name()) == set(KILLED) | set(NOT_KILLED)
    assert not set(KILLED) & set(NOT_KILLED)
    assert all(NOT_KILLED.values())
    page = " ".join((ROOT / "docs" / "robustness.md").read_text(encoding="utf-8").split())
    assert f"Of the {len(by_name())} command lines {len(KILLED)} are" in page


def test_every_command_of_the_package_is_tried_by_a_small_run() -> None:
    offered = {line.name for line in command_lines() if line.name.startswith("edge-llm ")}
    assert offered <= set(SMALL)
    assert set(KILLED) <= set(SMALL)


def test_every_command_that_writes_gets_every_signal_with_kernels_to_load_and_with_those_of_a_run_before() -> None:
    cases = [KILLS.make(0, index).what for index in range(2 * COLD)]
    for some in (cases[:COLD], cases[COLD:]):
        assert len({what.partition(" after")[0] for what in some}) == len(KILLED) * len(SIGNALS)


@pytest.mark.parametrize("name", ["serve", "load"])
def test_a_server_is_told_to_end_and_who_asks_one_finds_one(name: str) -> None:
    with folder_of_its_own():
        assert run_in_process(by_name()[f"edge-llm {name}"], list(SMALL[f"edge-llm {name}"]))[0] == 0


@pytest.mark.parametrize("name", ["verify", "check", "report"])
def test_commands_that_read_records_refuse_files_that_are_none(name: str) -> None:
    (line,) = [one for one in command_lines() if one.name == f"edge-llm leaderboard {name}"]
    (option, *_) = [one for one in line.options if one.flag in ("record", "--recorded", "--results")]
    for kind in PATHS:
        outcome = outcome_of(a_case(line, option, f"file:{kind}"))
        assert outcome.verdict == CLEAR, (kind, outcome)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_command_that_finds_no_room_says_so_in_a_line() -> None:
    """`edge-llm watch`, which writes one file and trains nothing."""
    outcome = outcome_of(DISKS.make(0, list(KILLED).index("edge-llm watch")))
    assert outcome.verdict in GOOD, outcome
