"""Progress bars: a line for each part, closed when the next begins."""

from __future__ import annotations

import pytest

from edge_llm_agents.commands.bars import Bars
from edge_llm_agents.evaluation.progress import Progress


def test_every_part_has_a_bar_that_comes_to_its_end(capsys: pytest.CaptureFixture[str]) -> None:
    with Bars() as bars:
        for part, total in (("playing", 2), ("hindsight", 3), ("playing", 2)):
            for done in range(total + 1):
                bars(Progress(part, done, total, f"number {done}"))
    shown = capsys.readouterr().err
    assert shown.count("playing: 100%") >= 2
    assert shown.count("hindsight: 100%") >= 1
    assert "number 1" in shown
    assert shown.count("\n") == 3
