"""The README is true: its snippets run, its tables are what the code and the recorded results say."""

import re
from pathlib import Path

import pytest

from edge_llm_agents.leaderboard.report.leaderboard import made_of
from edge_llm_env import load_scenario
from experiments.pages.learned import LEARNED_PAGE, LEARNED_SECTIONS
from experiments.pages.readme import SECTIONS, with_tables
from experiments.pages.recorded import RECORDED
from experiments.pages.records import RECORDS_PAGE, RECORDS_SECTIONS
from tests.support.helpers import AZURE_TRACE
from tests.support.processes import ROOT, run

README = (ROOT / "README.md").read_text(encoding="utf-8")
SNIPPETS = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)


@pytest.mark.parametrize("snippet", SNIPPETS, ids=[re.sub(r"\W+", "-", text.strip())[:40] for text in SNIPPETS])
def test_a_snippet_runs_as_it_stands(snippet: str, tmp_path: Path) -> None:
    finished = run("-W", "error", "-c", snippet, cwd=tmp_path)
    assert finished.returncode == 0, finished.stderr


def test_there_are_snippets_for_making_training_and_asking_the_oracle() -> None:
    assert len(SNIPPETS) >= 4
    for name in ("gym.make(", "gym.make_vec(", "model.learn(", "DFTSP()"):
        assert any(name in snippet for snippet in SNIPPETS)


def test_the_scenarios_that_it_shows_are_valid(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("AzureLLMInferenceTrace_conv.csv").write_text(AZURE_TRACE)
    rates_per_s = []
    for text in re.findall(r"```toml\n(.*?)```", README, flags=re.DOTALL):
        Path("mine.toml").write_text(text, encoding="utf-8")
        rates_per_s.append(load_scenario("mine.toml").workload.arrivals.mean_rate_per_s)
    assert rates_per_s == pytest.approx([10.0, 0.5, 0.25], rel=1e-3)


def test_its_tables_are_up_to_date(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    assert with_tables(README) == README, "run python scripts/pages.py"


def test_the_page_on_learned_policies_is_what_the_recorded_results_say(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    page = LEARNED_PAGE.read_text(encoding="utf-8")
    assert with_tables(page, LEARNED_SECTIONS) == page, "run python scripts/pages.py"


def test_the_page_on_records_names_the_fields_that_the_package_writes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    page = RECORDS_PAGE.read_text(encoding="utf-8")
    assert with_tables(page, RECORDS_SECTIONS) == page, "run python scripts/pages.py"


def test_the_leaderboard_is_made_of_the_recorded_cells() -> None:
    page = (ROOT / "LEADERBOARD.md").read_text(encoding="utf-8")
    assert page.endswith(made_of(ROOT / RECORDED / "suite")), (
        "run python scripts/leaderboard.py --leaderboard-only --results results/recorded/suite "
        "--leaderboard LEADERBOARD.md"
    )


def test_a_readme_without_a_section_is_refused() -> None:
    for name in SECTIONS:
        with pytest.raises(ValueError, match=f"no section between <!-- {name} -->"):
            with_tables(README.replace(f"<!-- /{name} -->", ""))


def test_files_that_it_links_to_exist() -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)\)", README) + re.findall(
        r"`((?:scripts|edge_llm_env|baselines)/[^` ]+)`", README
    )
    assert links
    for link in links:
        assert (ROOT / link).exists(), link
