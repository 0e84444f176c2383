"""The page and the figures' files say what the recorded measurements say."""

from __future__ import annotations

from pathlib import Path

import pytest

from experiments.paper.estimates import throughput
from experiments.paper.findings import effects, gain_range, ordering, percent
from experiments.paper.measurements import Effort, Measurements, Record
from experiments.paper.page import paper_page
from experiments.paper.plots import plot_figure
from experiments.paper.points import FIGURES, Figure, Point, all_points
from experiments.paper.tables import as_csv

ROOT = Path(__file__).parents[3]
RECORDED = ROOT / "results" / "recorded" / "paper"


@pytest.fixture(scope="module")
def recorded() -> Measurements:
    return Measurements.read(RECORDED / "measurements.json")


def test_the_page_and_the_tables_of_the_repository_are_up_to_date(recorded: Measurements):
    page = (ROOT / "docs" / "paper.md").read_text(encoding="utf-8")
    assert paper_page(recorded) == page, "run python scripts/pages.py"
    for figure in FIGURES:
        text = (RECORDED / f"{figure}.csv").read_text(encoding="utf-8")
        assert as_csv(recorded.of(all_points(figures=(figure,)))) == text, "run python scripts/paper.py"
        assert f"results/recorded/paper/{figure}.png" in page
        assert (RECORDED / f"{figure}.png").stat().st_size > 10_000


def test_what_was_recorded_is_of_the_scenarios_as_they_are(recorded: Measurements):
    for point in all_points(figures=("arrival_rate", "quantization")):
        assert recorded.records[point.key]["fingerprint"] == point.scenario().fingerprint(), point.key


def test_a_page_of_half_the_points_is_refused():
    with pytest.raises(ValueError, match="must hold every point of the paper's figures; 'arrival_rate"):
        paper_page(Measurements(Effort()))


def record(dftsp: list[int], stb: list[int], nob: list[int]) -> Record:
    return {"duration_s": 1.0, "served": {"DFTSP": dftsp, "StB": stb, "NoB": nob}}


def point(figure: Figure, line: str = "", x: float | str = 1.0) -> Point:
    return Point(figure, "paper-bloom-3b", "", line, x, {})


def test_the_order_is_judged_workload_by_workload():
    clear, even = record([10, 21], [8, 19], [1, 12]), record([5, 9], [5, 8], [9, 5])
    text = ordering([(point("arrival_rate", x=10.0), clear), (point("arrival_rate", x=20.0), even)])
    assert "more than StB at 1 and more than NoB at 1, and fewer at none" in text
    assert text.endswith("no difference shows at arrival rate 20 (BLOOM-3B and StB, BLOOM-3B and NoB)")


def test_effects_are_against_the_case_before_the_change():
    ten, twenty, forty = (record([served] * 3, [5] * 3, [1] * 3) for served in (10, 20, 40))
    sensitivity = [
        (point("sensitivity", "", "as in the preset"), ten),
        (point("sensitivity", "node.prompt_padding", "none"), ten),
        (point("sensitivity", "node.precision", "w4a16-gptq"), twenty),
        (point("sensitivity", "f(ΔPPL)", "exp(−ΔPPL), at w4a16-gptq"), twenty),
        (point("sensitivity", "node.modules", "40"), forty),  # not assumed
    ]
    found = effects(sensitivity, lambda one: throughput(one, "DFTSP"))
    assert found["for every decoder"] == ["`node.precision` → w4a16-gptq"]
    assert found["for none"] == ["`node.prompt_padding` → none", "f(ΔPPL) → exp(−ΔPPL), at w4a16-gptq"]
    assert gain_range(sensitivity).startswith("BLOOM-3B 2.00 as in the preset, from 2.00 (as in the preset) to 4.00")


@pytest.mark.parametrize(
    ("share", "text"), [(0.5, "50.0 %"), (0.9996, "99.96 %"), (0.99999, "99.999 %"), (1, "100.0 %")]
)
def test_percent_tells_from_all(share: float, text: str):
    assert percent(share) == text


@pytest.mark.parametrize("figure", FIGURES)
def test_every_figure_is_drawn(figure: Figure, recorded: Measurements, tmp_path: Path):
    found = recorded.of(all_points(("paper-bloom-3b",), (figure,)))
    plot_figure(found, recorded.effort, tmp_path / "drawn.png")
    assert (tmp_path / "drawn.png").read_bytes().startswith(b"\x89PNG")
    plot_figure([], recorded.effort, tmp_path / "nothing.png")
    assert not (tmp_path / "nothing.png").exists()
