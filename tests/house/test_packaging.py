"""The wheel and the source distribution hold all that the packages read, and work outside the checkout."""

from __future__ import annotations

import tarfile
import zipfile
from pathlib import Path

import pytest

import edge_llm_env
from scripts import release
from tests.support.programs.processes import run, run_script

USE = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
import gymnasium as gym
import edge_llm_env
from edge_llm_agents.pretrained.saved_policies import load_policy
from edge_llm_agents.pretrained.shipped import shipped_policies
from edge_llm_env.inference.catalog import TABLES, table
from edge_llm_env.inference.validation.report import validation_report

assert Path(edge_llm_env.__file__).is_relative_to(sys.argv[1]), edge_llm_env.__file__
assert all(table(name) for name in TABLES)
assert len(edge_llm_env.list_scenarios()) >= 6
for name in shipped_policies():
    load_policy(name)
assert shipped_policies()
env = gym.make("EdgeLLM/BatchSelection-v0", scenario="carry-over")
env.reset(seed=0)
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel and the source distribution, built and checked as for a release."""
    folder = tmp_path_factory.mktemp("built")
    finished = run_script("release.py", "--no-trial", "--out", str(folder), cwd=folder)
    assert finished.returncode == 0, finished.stderr
    assert finished.stdout.startswith(f"built and checked: edge_llm_env-{edge_llm_env.__version__}-py3-none-any.whl")
    return folder


def test_wheel_works_outside_the_checkout(built: Path, tmp_path: Path):
    (wheel,) = built.glob("*.whl")
    installed = tmp_path / "installed"
    zipfile.ZipFile(wheel).extractall(installed)
    finished = run("-c", USE, str(installed), cwd=tmp_path)
    assert finished.returncode == 0, finished.stderr


def test_wheel_holds_the_packages_and_nothing_else(built: Path):
    (wheel,) = built.glob("*.whl")
    tops = {name.split("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == {
        "edge_llm_env",
        "edge_llm_baselines",
        "edge_llm_agents",
    }


def test_source_distribution_holds_the_packages_where_they_stand_and_no_experiments(built: Path):
    (sdist,) = built.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        folders = {"/".join(name.split("/")[1:3]) for name in archive.getnames()}
    assert {"edge_llm_env/envs", "baselines/edge_llm_baselines", "agents/edge_llm_agents"} <= folders
    assert not [folder for folder in folders if folder.startswith("experiments")]


def test_what_cannot_be_released_is_said(built: Path, monkeypatch: pytest.MonkeyPatch):
    (wheel,), (sdist,) = built.glob("*.whl"), built.glob("*.tar.gz")
    in_wheel, in_sdist = release.held(wheel, sdist)
    assert release.problems(in_wheel, in_sdist) == []
    del in_wheel["edge_llm_env/scenarios/presets/carry-over.toml"], in_sdist["agents/edge_llm_agents/__init__.py"]
    in_wheel["agents/__init__.py"] = in_sdist["experiments/__init__.py"] = b""
    assert release.problems(in_wheel, in_sdist) == [
        "wheel: holds agents, edge_llm_agents, edge_llm_baselines, edge_llm_env; must hold edge_llm_env, "
        "edge_llm_baselines, edge_llm_agents",
        "source distribution: holds experiments/__init__.py",
        "wheel: lacks edge_llm_env/scenarios/presets/carry-over.toml",
        "source distribution: lacks agents/edge_llm_agents/__init__.py",
    ]
    (metadata,) = [name for name in in_wheel if name.endswith(".dist-info/METADATA")]
    in_wheel[metadata] = in_wheel[metadata].replace(b"\nVersion: ", b"\nVersion: 9")
    assert [one.partition(":")[0] for one in release.problems(in_wheel, in_sdist)[:2]] == [
        "CITATION.cff",
        "CHANGELOG.md",
    ]
    in_wheel[metadata] = b"Metadata-Version: 2.4\nName: edge-llm-env\n"
    assert "version" in release.problems(in_wheel, in_sdist)[0]
