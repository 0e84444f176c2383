from __future__ import annotations

import threading
from pathlib import Path

import pytest

from edge_llm_env.support.system.command_line import DONE, MISUSE, OneLineParser, ended
from tests.support.programs.processes import run


def test_errors_of_a_parser_and_of_its_subparsers_are_one_line(capsys: pytest.CaptureFixture[str]):
    parser = OneLineParser(prog="fruit")
    eat = parser.add_subparsers(required=True, metavar="COMMAND").add_parser("eat")
    eat.add_argument("--pears", type=int)
    for arguments, line in (
        (["eat", "--pears", "many"], "error: fruit eat: argument --pears: 'many': must be a whole number\n"),
        ([], "error: fruit: the following arguments are required: COMMAND\n"),
    ):
        with pytest.raises(SystemExit) as stopped:
            parser.parse_args(arguments)
        assert (stopped.value.code, capsys.readouterr().err) == (2, line)


@pytest.mark.parametrize("encoding", ["cp437", "cp1252", "ascii"])
def test_what_a_terminals_encoding_lacks_is_written_as_its_code(encoding: str):
    program = "import sys; from edge_llm_env.support.system.command_line import ended; "
    program += "sys.exit(ended(lambda: print('\\N{SNOWMAN} 1'), 'x', str))"
    done = run("-c", program, env={"PYTHONIOENCODING": encoding})
    assert (done.returncode, done.stdout, done.stderr) == (0, "\\u2603 1\n", "")


def test_a_thread_that_the_system_refuses_something_ends_its_command_in_one_line(capsys: pytest.CaptureFixture[str]):
    """As a library's log does that a thread writes, on a full disk."""

    def begin_thread() -> int:
        thread = threading.Thread(target=Path("no/such/folder/log").write_bytes, args=(b"",))
        thread.start()
        thread.join()
        return DONE

    assert ended(begin_thread, "train", missing=str) == MISUSE
    assert capsys.readouterr().err == "error: no/such/folder/log: No such file or directory\n"
