"""python -m edge_llm_env."""

from __future__ import annotations

import pytest

from edge_llm_env.__main__ import main
from edge_llm_env.inference.catalog import TABLES, table
from tests.support.programs.processes import run


def test_catalog_lists_every_entry(capsys: pytest.CaptureFixture[str]):
    assert main(["catalog"]) == 0
    first_words = {line.split()[0] for line in capsys.readouterr().out.splitlines() if line}
    for name in TABLES:
        assert {name, *table(name)} <= first_words


def test_catalog_lists_one_table(capsys: pytest.CaptureFixture[str]):
    assert main(["catalog", "precisions"]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("precisions ")
    assert "jetson" not in printed


def test_the_package_is_a_command():
    finished = run("-m", "edge_llm_env", "catalog", "decoders")
    assert finished.returncode == 0, finished.stderr
    assert "mixtral-8x7b" in finished.stdout


def test_an_unknown_table_is_an_error_that_lists_the_tables():
    finished = run("-m", "edge_llm_env", "catalog", "models")
    assert finished.returncode == 2
    assert "decoders" in finished.stderr
