"""Policies inside records: what is packed plays where nothing else of it is."""

import sys
from pathlib import Path
from typing import Any

import pytest

from edge_llm_agents.evaluation.models import DoesNotPlayError
from edge_llm_agents.leaderboard.policies.function import Function
from edge_llm_agents.leaderboard.policies.rules import Rule
from edge_llm_agents.leaderboard.policies.saved_file import SavedFile
from edge_llm_agents.protocol.packing import packed, unpacked
from edge_llm_agents.protocol.submission import of_split
from edge_llm_env import load_scenario
from tests.edge_llm_agents.protocol.small import SMALL, rule

ENV_ID = "EdgeLLM/BatchSelection-v0"


def test_a_function_is_packed_with_the_files_that_it_reads_and_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    source = rule(tmp_path, "by_file")
    (tmp_path / "told.txt").write_text("sjf")
    policy = packed(source, [tmp_path / "told.txt"])
    before, path = set(sys.modules), list(sys.path)
    with unpacked(policy, trust=True) as again:
        make = again.policy(ENV_ID, SMALL)
        assert Path(sys.modules[make.__module__].__file__ or "").parent != tmp_path
        assert again.sha256(ENV_ID) == source.sha256(ENV_ID)
    assert "their_rule" not in set(sys.modules) - before
    assert sys.path == path


def test_a_policy_with_a_card_is_packed_whole_and_needs_no_trust() -> None:
    source = SavedFile("value-carry-over")
    with unpacked(packed(source), trust=False) as again:
        assert again.sha256(ENV_ID) == source.sha256(ENV_ID)
        again.policy(ENV_ID, load_scenario("carry-over"))
        with pytest.raises(DoesNotPlayError, match="is for EdgeLLM/BatchSelection-v0, carry-over"):
            again.policy(ENV_ID, load_scenario("bursty"))
        of_split(again, "shifted").policy(ENV_ID, load_scenario("bursty"))


def test_code_runs_only_where_it_is_trusted(tmp_path: Path) -> None:
    policy = packed(rule(tmp_path))
    message = "policy = 'their_rule:make': a function runs code of whoever made the record"
    with pytest.raises(ValueError, match=message), unpacked(policy, trust=False):
        raise AssertionError


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"kind": "pickle"}, "must be one of function, model, saved"),
        ({"files": {"../their_rule.py": ""}}, "must be a name without folders"),
        ({"files": {"their_rule.py": "ä"}}, "'their_rule.py': must be base64"),
        ({"files": {}}, "there is no module 'their_rule'"),
        ({"files": {"..": ""}}, "must be a name without folders"),
        ({"files": {"json.tool.py": ""}}, "'json.tool.py': must be a module's name, an identifier and .py"),
        ({"files": {"json.py": ""}}, "json.py is an installed module"),
        ({"files": None}, "must have kind, entry and files"),
        ({"kind": "model", "entry": "@gone.zip"}, "must name one of its files"),
        ({"entry": 3}, "policy's entry = 3: must be a text"),
    ],
)
def test_what_was_not_packed_is_refused(changes: dict[str, Any], message: str, tmp_path: Path) -> None:
    policy = packed(rule(tmp_path)) | changes
    with pytest.raises(ValueError, match=message), unpacked(policy, trust=True):
        raise AssertionError


@pytest.mark.parametrize("kind", ["model", "saved"])
@pytest.mark.parametrize("within", ["{folder}/outside", "../{name}/outside", "..", ".", ""])
def test_a_record_names_no_policy_outside_itself(kind: str, within: str, tmp_path: Path) -> None:
    for suffix in ("", ".json", ".safetensors"):
        (tmp_path / f"outside{suffix}").write_text("theirs")
    entry = within.format(folder=tmp_path, name=tmp_path.name)
    policy = {"kind": kind, "entry": f"PPO@{entry}" if kind == "model" else entry, "files": {}}
    for files in ({}, {".json": "", ".safetensors": "", "..json": "", "..safetensors": "", "outside": ""}):
        with (
            pytest.raises(ValueError, match="must name one of its files"),
            unpacked(policy | {"files": files}, trust=True),
        ):
            raise AssertionError


def test_a_policy_needs_its_card_and_its_weights() -> None:
    policy = packed(SavedFile("value-carry-over"))
    for name in policy["files"]:
        files = {other: text for other, text in policy["files"].items() if other != name}
        with (
            pytest.raises(ValueError, match="must name one of its files"),
            unpacked(policy | {"files": files}, trust=False),
        ):
            raise AssertionError


def test_what_cannot_be_packed_whole_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match="so that the record holds all of it"):
        packed(Function("edge_llm_baselines.registry.baseline:solving", str(tmp_path)))
    with pytest.raises(ValueError, match=r"told\.txt': cannot be read: No such file"):
        packed(rule(tmp_path), [Path("told.txt")])
    with pytest.raises(ValueError, match="must be files of different names"):
        packed(rule(tmp_path), [tmp_path / "their_rule.py"])
    with pytest.raises(ValueError, match="policy = 'rule': must be a function, a model's zip or a policy with a card"):
        packed(Rule("dftsp", None, 0))
