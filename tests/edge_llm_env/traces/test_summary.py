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
    out = capsys.readouterr().out
    shown = {line[:10].strip(): line[10:] for line in out.splitlines()}
    assert shown["requests"] == "3"
    assert shown["failed"].startswith("1 ")
    assert (shown["malformed"][:2], shown["empty"][:2], shown["moved"][:2]) == ("1 ", "0 ", "0 ")
    assert shown["times"] == "read as seconds"
    assert shown["index"] == "none"
    assert shown["duration"] == "4.0 s"
    # two gaps, 1 and 3 s: mean 2, standard deviation 1
    assert shown["rate"] == "0.500 requests/s"
    assert shown["variation"].startswith("0.500 ")
    assert shown["prompt"].split()[0] == "100"
    assert shown["prompt"].split()[3] == "200"
    assert shown["prompt"].split()[-2:] == ["400", "233.3"]
    assert shown["output"].split()[-2:] == ["40", "23.3"]
    assert "note: the first row left out, line 5: Request tokens = 'x'" in out
    assert (
        'note: 3 requests in 4 s, 0.5 per second, are unlike a trace: times were read as time_unit = "seconds"' in out
    )


def test_requests_of_one_time_have_no_rate(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    path = tmp_path / "one.csv"
    path.write_text("Timestamp,Request tokens,Response tokens\n3,100,10\n")
    main(["trace", str(path), "--format", "burstgpt"])
    assert "undefined" in capsys.readouterr().out


def test_malformed_row_ends_it_with_one_line(path: str, capsys: pytest.CaptureFixture[str]):
    assert main(["trace", path, "--format", "burstgpt"]) == 2
    said = capsys.readouterr().err
    assert said.startswith(f"error: trace {path}, line 5: Request tokens = 'x': must be a whole number")


def test_unit_and_restarts_are_options(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    path = tmp_path / "restarts.csv"
    rows = "".join(f"{time_s},10,10\n" for time_s in (*range(0, 400_000, 4000), *range(0, 400_000, 4000)))
    path.write_text(f"Timestamp,Request tokens,Response tokens\n{rows}")
    assert main(["trace", str(path), "--format", "burstgpt"]) == 2
    assert 'clock_restarts = "sort"' in capsys.readouterr().err
    for restarts, moved, count, duration in (("sort", "99 ", "0 ", "396.0 s"), ("continue", "0 ", "1 ", "792.0 s")):
        options = ["--format", "burstgpt", "--time-unit", "milliseconds", "--clock-restarts", restarts]
        assert main(["trace", str(path), *options]) == 0
        shown = {line[:10].strip(): line[10:] for line in capsys.readouterr().out.splitlines()}
        assert shown["moved"].startswith(moved)
        assert shown["restarts"].startswith(count)
        assert shown["duration"] == duration
