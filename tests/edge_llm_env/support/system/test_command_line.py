from __future__ import annotations

import pytest

from edge_llm_env.support.system.command_line import OneLineParser


def test_errors_of_a_parser_and_of_its_subparsers_are_one_line(capsys: pytest.CaptureFixture[str]):
    parser = OneLineParser(prog="fruit")
    eat = parser.add_subparsers(required=True, metavar="COMMAND").add_parser("eat")
    eat.add_argument("--pears", type=int)
    for arguments, line in (
        (["eat", "--pears", "many"], "error: fruit eat: argument --pears: invalid int value: 'many'\n"),
        ([], "error: fruit: the following arguments are required: COMMAND\n"),
    ):
        with pytest.raises(SystemExit) as stopped:
            parser.parse_args(arguments)
        assert (stopped.value.code, capsys.readouterr().err) == (2, line)
