"""Nothing that somebody else wrote is run, read from elsewhere, or shown unescaped, unless a flag says so."""

from __future__ import annotations

import ast
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_llm_agents.evaluation.models import model_file
from edge_llm_agents.pretrained.saved_policies import load_policy
from edge_llm_agents.pretrained.shipped import PRETRAINED
from edge_llm_env import ScenarioError
from edge_llm_env.scenarios.loading import contained_scenario
from tests.support.programs.processes import ROOT

RUNS_CODE = {"pickle", "cPickle", "dill", "cloudpickle", "shelve", "marshal"}
"""Modules whose loading runs what a file says."""

CALLS = {"load_from_zip_file", "unsafe_load", "full_load", "extractall", "popen"}
"""Calls that run code or commands, or write where an archive says."""

MAY_UNPICKLE = {
    "edge_llm_env/support/compilation/kernel_cache.py": "compiled code, which runs anyway",
    "agents/edge_llm_agents/evaluation/models.py": "zips of SB3, behind unpickle=True",
    "agents/edge_llm_agents/masked_ppo/state.py": "the checkpoint of the run that --resume names",
    "agents/edge_llm_agents/masked_ppo/training.py": "the best policy of the run that it trains",
    "agents/edge_llm_agents/seeded/admission.py": "the best policies of the runs that it trains",
    "experiments/faults/kinds/copies.py": "environments that it has pickled itself",
    "experiments/faults/kinds/workloads.py": "nothing: it writes files that must be refused",
}
"""Files that load what can run code, and what."""

MODELS = {"MaskablePPO", "PPO", "SAC", "TD3", "algorithm", "ALGORITHMS[name]"}


def unsafe(text: str) -> Iterator[str]:
    """Lines of a file that could run what another file says."""
    for node in ast.walk(ast.parse(text)):
        found = ""
        if isinstance(node, ast.Import):
            found = ", ".join(one.name for one in node.names if one.name.partition(".")[0] in RUNS_CODE)
        elif isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] in RUNS_CODE:
            found = ", ".join(one.name for one in node.names if not one.name.endswith("Error"))
        elif isinstance(node, ast.Call):
            name = ast.unparse(node.func)
            last = name.rpartition(".")[2]
            keywords = {one.arg: ast.unparse(one.value) for one in node.keywords}
            unpickles = last == "load" and name.removesuffix(".load") in {*MODELS, "torch", "joblib", "yaml"}
            allowed = keywords.get("allow_pickle", "False") != "False" or keywords.get("shell", "False") != "False"
            found = name if last in CALLS or name in ("eval", "exec") or unpickles or allowed else ""
        if found:
            yield f"line {node.lineno}: {found}"  # type: ignore[attr-defined]


def test_only_the_files_that_say_so_load_what_could_run_code() -> None:
    found = {}
    for folder in ("edge_llm_env", "baselines", "agents", "experiments", "scripts"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            if lines := list(unsafe(path.read_text(encoding="utf-8"))):
                found[path.relative_to(ROOT).as_posix()] = lines
    assert found.keys() == MAY_UNPICKLE.keys(), found


@pytest.mark.parametrize(
    "text",
    [
        "import pickle",
        "from cloudpickle import loads",
        "np.load(file, allow_pickle=True)",
        "torch.load(file)",
        "yaml.load(text, Loader)",
        "MaskablePPO.load(path)",
        "subprocess.run(line, shell=True)",
        "archive.extractall(folder)",
        "eval(text)",
    ],
)
def test_what_could_is_found(text: str) -> None:
    assert len(list(unsafe(text))) == 1


def test_a_zip_that_nobody_allowed_is_not_opened(tmp_path: Path) -> None:
    (tmp_path / "theirs.zip").write_bytes(b"whatever")
    with pytest.raises(ValueError, match=r"theirs\.zip': a \.zip is unpickled, which can run any code: --unpickle"):
        model_file(tmp_path / "theirs.zip")
    with pytest.raises(ValueError, match=r"theirs\.zip': is no model of Stable-Baselines3, or damaged"):
        model_file(tmp_path / "theirs.zip", unpickle=True)


@pytest.mark.parametrize(
    "content",
    [
        {"node": {"decoder": "/etc/config.json"}},
        {"node": {"decoder": "../config.json"}},
        {"node": {"decoder": "~/config.json"}},
        {"node": {"decoder": "inside/../../config.json"}},
        {"node": {"decoder": "link/config.json"}},
        {"node": {"variants": [{"decoder": "../config.json", "precision": "w16a16"}]}},
        {"workload": {"arrivals": {"kind": "trace", "format": "azure", "path": "/etc/passwd"}}},
        {"workload": {"arrivals": {"kind": "trace", "format": "azure", "path": "../trace.csv"}}},
    ],
)
def test_what_a_card_holds_reads_no_file_outside_of_its_folder(content: dict, tmp_path: Path) -> None:
    folder = tmp_path / "card"
    folder.mkdir()
    (folder / "link").symlink_to(tmp_path)
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(ScenarioError, match="must be a file in "):
        contained_scenario({"name": "theirs"} | content, {}, folder)
    overrides = {"node.decoder": "../config.json"}
    with pytest.raises(ScenarioError, match=r"names .*config\.json: must be a file in "):
        contained_scenario("carry-over", overrides, folder)


def test_a_card_names_a_preset_or_holds_its_scenario(tmp_path: Path) -> None:
    shutil.copy(PRETRAINED / "value-carry-over.safetensors", tmp_path / "theirs.safetensors")
    card = json.loads((PRETRAINED / "value-carry-over.json").read_text(encoding="utf-8"))
    for scenario in ("/etc/passwd", "../mine.toml", str(tmp_path / "mine.toml")):
        (tmp_path / "theirs.json").write_text(json.dumps(card | {"scenario": scenario}))
        with pytest.raises(ValueError, match=r"scenario = .*: must be one of"):
            load_policy(tmp_path / "theirs")
