"""The README is short and true: its snippets run, tables say what the code and the recorded results say."""

import re
from pathlib import Path

import pytest

from edge_llm_agents.leaderboard.report.leaderboard import made_of
from edge_llm_agents.records.record import read_record
from edge_llm_env.support.tables import Table
from experiments.pages.readme import PAGES, pages_with_tables, with_tables
from experiments.pages.recorded import RECORDED
from tests.support.programs.processes import ROOT, run

README = (ROOT / "README.md").read_text(encoding="utf-8")
SNIPPETS = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)


@pytest.mark.parametrize("snippet", SNIPPETS, ids=[re.sub(r"\W+", "-", text.strip())[:40] for text in SNIPPETS])
def test_a_snippet_runs_as_it_stands(snippet: str, tmp_path: Path) -> None:
    finished = run("-W", "error", "-c", snippet, cwd=tmp_path)
    assert finished.returncode == 0, finished.stderr


def test_there_are_snippets_for_making_training_and_asking_the_oracle() -> None:
    assert len(SNIPPETS) == 3
    for name in ("gym.make(", "model.learn(", "DFTSP()"):
        assert any(name in snippet for snippet in SNIPPETS)


def test_it_is_a_screen_and_a_half() -> None:
    assert len(README.splitlines()) <= 150


def test_its_pictures_are_small_enough_to_be_committed() -> None:
    pictures = [ROOT / name for name in re.findall(r"!\[[^]]*\]\(([^)]+)\)", README)]
    assert pictures
    assert sum(picture.stat().st_size for picture in pictures) < 1_000_000


def test_tables_of_written_pages_are_up_to_date(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    standing = {page: (ROOT / page).read_text(encoding="utf-8") for page in PAGES}
    assert standing == pages_with_tables(), "run python scripts/pages.py"


def test_its_errors_of_the_model_are_those_of_devices_left_out() -> None:
    errors = read_record(ROOT / RECORDED / "validate_model.json")["errors"]["device"]
    percent = {phase: f"{100.0 * errors[phase]['all']['error']:.0f} %" for phase in errors}
    text = " ".join(README.split())
    expected = (
        f"off by {percent['decode']} in decode, {percent['decode, batch > 1']} in decode of batches, "
        f"{percent['prefill']} in prefill and {percent['memory']} in memory"
    )
    assert expected in text


def test_the_leaderboard_is_made_of_the_recorded_cells() -> None:
    page = (ROOT / "LEADERBOARD.md").read_text(encoding="utf-8")
    assert page.endswith(made_of(ROOT / RECORDED / "suite")), (
        "run python scripts/leaderboard.py --leaderboard-only --results results/recorded/suite "
        "--leaderboard LEADERBOARD.md"
    )


@pytest.mark.parametrize(("page", "name"), [(page, name) for page, sections in PAGES.items() for name in sections])
def test_a_page_without_a_section_is_refused(page: Path, name: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8").replace(f"<!-- /{name} -->", "")
    with pytest.raises(ValueError, match=f"no section between <!-- {name} -->"):
        with_tables(text, {name: lambda: Table((), ())})


def test_files_that_it_links_to_exist() -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)\)", README) + re.findall(
        r"`((?:scripts|edge_llm_env|baselines)/[^` ]+)`", README
    )
    assert links
    for link in links:
        assert (ROOT / link).exists(), link
