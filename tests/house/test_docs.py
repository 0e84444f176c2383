"""The documentation is true: generated pages are up to date, snippets and notebooks run."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from edge_llm_env import load_scenario
from edge_llm_env.envs.observation.features import (
    CONTEXT_FEATURES,
    MODULE_FEATURES,
    SLOT_FEATURES,
    TO_COME_FEATURES,
    VARIANT_FEATURES,
)
from edge_llm_env.registration import ENVIRONMENTS
from edge_llm_env.scenarios.sections.reward_settings import REWARD_TERMS
from experiments.pages.environments.pages import environment_pages
from experiments.pages.recorded import recorded
from experiments.pages.scenarios import findings_elsewhere, scenario_pages
from tests.support.helpers import AZURE_TRACE
from tests.support.programs.processes import HANG_GUARD_S, ROOT

DOCS = ROOT / "docs"
GENERATED = ("environments", "scenarios")
WRITTEN = [page for page in sorted(DOCS.rglob("*.md")) if page.parent.name not in GENERATED]
NOTEBOOKS = sorted(DOCS.rglob("*.ipynb"))
SNIPPET = re.compile(r"```python\n(.*?)```", flags=re.DOTALL)
TOML = re.compile(r"```toml\n(.*?)```", flags=re.DOTALL)


def test_generated_pages_are_up_to_date(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    measured = (recorded(name)["scenarios"] for name in ("scenarios", "schedules", "tasks"))
    pages = environment_pages() | scenario_pages(*measured, findings_elsewhere())
    standing = {
        page.relative_to(ROOT): page.read_text(encoding="utf-8")
        for folder in GENERATED
        for page in (DOCS / folder).iterdir()
    }
    assert standing == pages, "run python scripts/pages.py, and delete pages that nothing makes any more"


def test_every_term_of_the_reward_and_every_feature_is_on_the_page() -> None:
    page = (DOCS / "environments" / "index.md").read_text(encoding="utf-8")
    features = (*CONTEXT_FEATURES, *SLOT_FEATURES, *TO_COME_FEATURES, *VARIANT_FEATURES, *MODULE_FEATURES)
    for name in (*REWARD_TERMS, *(one.name for one in features)):
        assert f"| `{name}` |" in page


def test_every_environment_has_its_question_and_its_tiers_on_the_page() -> None:
    page = (DOCS / "environments" / "index.md").read_text(encoding="utf-8")
    for environment in ENVIRONMENTS.values():
        assert environment.question in page
        for tier in environment.tiers:
            assert tier.because in page


@pytest.mark.parametrize("page", WRITTEN, ids=lambda page: page.stem)
def test_the_snippets_of_a_page_run_one_after_another(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {"__name__": "__main__"}
    for snippet in SNIPPET.findall(page.read_text(encoding="utf-8")):
        exec(compile(snippet, page.name, "exec"), names)


def test_the_scenarios_that_the_how_to_shows_are_valid(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("AzureLLMInferenceTrace_conv.csv").write_text(AZURE_TRACE)
    rates_per_s = []
    for text in TOML.findall((DOCS / "how-to" / "scenario.md").read_text(encoding="utf-8")):
        Path("mine.toml").write_text(text, encoding="utf-8")
        rates_per_s.append(load_scenario("mine.toml").workload.arrivals.mean_rate_per_s)
    assert rates_per_s == pytest.approx([10.0, 0.5, 0.25], rel=1e-3)


def test_there_are_snippets_and_notebooks() -> None:
    assert sum(len(SNIPPET.findall(page.read_text(encoding="utf-8"))) for page in WRITTEN) >= 5
    assert len(NOTEBOOKS) == 2


@pytest.mark.parametrize("file", NOTEBOOKS, ids=lambda file: file.stem)
def test_a_notebook_runs_and_is_kept_without_its_outputs(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QUICKSTART_STEPS", "8192")  # not a minute's
    notebook = nbformat.read(file, as_version=4)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert all(cell.outputs == [] and cell.execution_count is None for cell in code)
    # Of its own accord it waits 4 s for what a cell shows, and goes on without.
    guarded = dict.fromkeys(("timeout", "startup_timeout", "iopub_timeout"), round(HANG_GUARD_S))
    NotebookClient(notebook, resources={"metadata": {"path": str(tmp_path)}}, **guarded).execute()
    assert any("image/png" in output.get("data", {}) for cell in code for output in cell.outputs)


def test_files_that_pages_name_exist() -> None:
    path = r"`((?:scripts|edge_llm_env|baselines|tests)/[^`<> *]+)`"
    named = {name for page in WRITTEN for name in re.findall(path, page.read_text(encoding="utf-8"))}
    assert len(named) > 5
    for name in named:
        assert (ROOT / name).exists(), name
