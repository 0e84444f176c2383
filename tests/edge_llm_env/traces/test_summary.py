from __future__ import annotations

from pathlib import Path

import pytest

from edge_llm_env.__main__ import main

TEXT = "Timestamp,Request tokens,Response tokens\n0,100,10\n1,200,20\n3,300,0\n4,x,30\n4,400,40\n"


@pytest.fixture
def path(tmp_path: Path) -> str:
    (tmp_path / "burst.csv").write_text(TEXT)
    return str(tmp_path / "burst.csv")


def test_summary_by_hand(path: str, capsys: pytest.CaptureFixture[str]):
    main(["trace", path, "--format", "burstgpt", "--skip-bad-rows"])
    shown = {line[:10].strip(): line[10:] for line in capsys.readouterr().out.splitlines()}
    assert shown["requests"] == "3"
    assert shown["failed"].startswith("1 ")
    assert shown["skipped"].startswith("1 ")
    assert shown["duration"] == "4.0 s"
    # two gaps, 1 and 3 s: mean 2, standard deviation 1
    assert shown["rate"] == "0.500 requests/s"
    assert shown["variation"].startswith("0.500 ")
    assert shown["prompt"].split()[0] == "100"
    assert shown["prompt"].split()[3] == "200"
    assert shown["prompt"].split()[-2:] == ["400", "233.3"]
    assert shown["output"].split()[-2:] == ["40", "23.3"]


def test_requests_of_one_time_have_no_rate(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    path = tmp_path / "one.csv"
    path.write_text("Timestamp,Request tokens,Response tokens\n3,100,10\n")
    main(["trace", str(path), "--format", "burstgpt"])
    assert "undefined" in capsys.readouterr().out


def test_malformed_row_ends_it_with_one_line(path: str, capsys: pytest.CaptureFixture[str]):
    assert main(["trace", path, "--format", "burstgpt"]) == 1
    said = capsys.readouterr().err
    assert said.startswith(f"trace {path}, line 5: Request tokens = 'x': must be a whole number")
