"""The wheel and the source distribution hold all that the packages read, and work outside the checkout."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

USE = """
import sys
from pathlib import Path
import gymnasium as gym
import edge_llm_env
import edge_llm_agents.pretrained.saved_policies as policy_files
from edge_llm_env.inference.catalog import TABLES, table
from edge_llm_env.inference.validation.report import validation_report

assert Path(edge_llm_env.__file__).is_relative_to(sys.argv[1]), edge_llm_env.__file__
assert all(table(name) for name in TABLES)
assert len(edge_llm_env.list_scenarios()) >= 6
for name in policy_files.shipped_policies():
    policy_files.load_policy(name)
assert policy_files.shipped_policies()
env = gym.make("EdgeLLM/BatchSelection-v0", scenario="carry-over")
env.reset(seed=0)
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel and the source distribution of a copy of the sources."""
    copy, built = tmp_path_factory.mktemp("copy") / "sources", tmp_path_factory.mktemp("built")
    ignored = shutil.ignore_patterns(".git", ".venv", "__pycache__", "*.egg-info", ".*_cache", ".hypothesis", "runs")
    shutil.copytree(ROOT, copy, ignore=ignored)
    build = (
        "import sys; from setuptools import build_meta; folder = sys.argv[1]; "  # building changes sys.argv
        "build_meta.build_wheel(folder); build_meta.build_sdist(folder)"
    )
    finished = subprocess.run(
        [sys.executable, "-c", build, str(built)], cwd=copy, capture_output=True, text=True, timeout=120
    )
    assert finished.returncode == 0, finished.stderr
    return built


def test_wheel_works_outside_the_checkout(built: Path, tmp_path: Path):
    (wheel,) = built.glob("*.whl")
    installed = tmp_path / "installed"
    zipfile.ZipFile(wheel).extractall(installed)
    finished = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, sys.argv[1]){USE}", str(installed)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert finished.returncode == 0, finished.stderr


def test_wheel_holds_the_packages_and_nothing_else(built: Path):
    (wheel,) = built.glob("*.whl")
    tops = {name.split("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == {
        "edge_llm_env",
        "edge_llm_baselines",
        "edge_llm_agents",
    }


def test_source_distribution_holds_every_file_of_the_packages(built: Path):
    (sdist,) = built.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        held = {name.split("/", 1)[1] for name in archive.getnames() if "/" in name}
    tracked = subprocess.run(
        ["git", "ls-files", "edge_llm_env", "baselines", "agents"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    assert set(tracked) <= held
