"""Records of submissions: made, read, evaluated again."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edge_llm_agents.commands.main import main
from edge_llm_agents.evaluation.models import DoesNotPlayError
from edge_llm_agents.leaderboard.policies.saved_file import SavedFile
from edge_llm_agents.protocol.claims import Run
from edge_llm_agents.protocol.reading import read_submission
from edge_llm_agents.protocol.submission import submissions_in, submit
from edge_llm_agents.protocol.verification import Verified, verify
from edge_llm_agents.records.record import NoRecordError
from edge_llm_baselines.playing.roll_out import roll_out
from edge_llm_env.workload.streams import Stream, draw_workloads
from tests.edge_llm_agents.protocol.small import SMALL, claim, rule, submitted
from tests.support.helpers import small_scenario


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return read_submission(submitted(tmp_path_factory.mktemp("theirs")))


def written(record: dict[str, Any], folder: Path) -> Path:
    path = folder / "record.json"
    path.write_text(json.dumps(record))
    return path


def verified(record: dict[str, Any], folder: Path) -> Verified:
    return verify(written(record, folder), trust=True, report=lambda line: None)


def test_a_record_holds_what_was_played_and_marks_who_used_more(record: dict[str, Any]) -> None:
    assert [run["over_budget"] for run in record["runs"]] == [False, True]
    assert record["scenario"]["name"] == SMALL.name
    assert record["reference"]["policy"] == "DFTSP"
    assert len(record["bound"]) == 1
    assert record["bound"][0] >= record["reference"]["gained"][0] > record["runs"][0]["gained"][0]
    assert record["identity"]["episodes"] == len(record["runs"][0]["gained"]) == 3


def test_a_record_agrees_wherever_it_lies(record: dict[str, Any], tmp_path: Path) -> None:
    assert verified(record, tmp_path) == Verified((), "")


def test_numbers_that_are_not_so_are_found(record: dict[str, Any], tmp_path: Path) -> None:
    changed = json.loads(json.dumps(record))
    changed["runs"][0]["gained"][1] += 1
    changed["runs"][1]["over_budget"] = False
    changed["reference"]["gained"][0] -= 1
    changed["bound"] = []
    differences = verified(changed, tmp_path).differences
    assert differences[0].startswith("training seed 0: other on 1 of 3 workloads, mean ")
    assert differences[1] == "training seed 1: over_budget False, not so by 2,000,000 decisions"
    assert differences[2].startswith("the reference rule: other on 1 of 3 workloads")
    assert differences[3] == "the bound: 0 numbers recorded, 1 here"


def test_what_may_explain_a_difference_is_named(record: dict[str, Any], tmp_path: Path) -> None:
    changed = json.loads(json.dumps(record))
    changed["provenance"]["versions"]["numpy"] = "1.0"
    changed["identity"]["environment_sha256"] = "0" * 64
    found = verified(changed, tmp_path)
    assert found.agrees
    assert "environment_sha256 000000000000 → " in found.changed
    assert "numpy 1.0 → " in found.changed


def test_a_policy_that_fails_ends_submitting_but_not_verifying(record: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="not today"):
        submit(claim(), [Run(rule(tmp_path, "broken"))], 2, bounded=0, report=lambda line: None)
    changed = json.loads(json.dumps(record))
    changed["runs"][0]["policy"]["entry"] = "their_rule:broken"
    (difference,) = verified(changed, tmp_path).differences
    assert difference == "training seed 0: fails here: RuntimeError: not today"


def test_the_shifted_split_takes_a_policy_elsewhere_on_workloads_of_its_own() -> None:
    other = small_scenario("bursty")
    run = [Run(SavedFile("value-carry-over"))]
    shifted = claim(scenario=other, made_for="carry-over", split="shifted")
    found = submit(shifted, run, 2, bounded=0, report=lambda line: None)
    source = SavedFile("value-carry-over", elsewhere=True).policy("EdgeLLM/BatchSelection-v0", other)
    workloads = draw_workloads(other, 2, 0, Stream.SHIFTED)
    served = roll_out(source, "EdgeLLM/BatchSelection-v0", other, workloads).served.tolist()
    assert found["runs"][0]["gained"] == served
    with pytest.raises(DoesNotPlayError, match="value-carry-over is for EdgeLLM/BatchSelection-v0, carry-over"):
        submit(claim(scenario=other, made_for="bursty"), run, 2, bounded=0, report=lambda line: None)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"name": "DFTSP"}, "name = DFTSP: is the reference rule's, must be another"),
        ({"split": "train"}, "split = 'train': must be one of shifted, test, validation"),
        ({"split": "shifted"}, "made_for = 'carry-over': must be another scenario"),
        ({"made_for": "bursty"}, "made_for = 'bursty': must be carry-over, or the split shifted"),
        ({"budget": "large"}, "budget = 'large': must be one of medium, small, unlimited"),
        ({"knows": "all"}, "knows = 'all': must be one of future, means, nothing, structure"),
        ({"environment": "EdgeLLM/Batch-v0"}, "environment = 'EdgeLLM/Batch-v0': must be one of"),
    ],
)
def test_claims_that_cannot_be_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        claim(**changes)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"decisions": -1}, "decisions = -1: must be at least 0"),
        ({"decisions": 10**400}, "decisions = 1000000"),
        ({"wall_s": -0.5}, "wall_s = -0.5: must be at least 0, and finite"),
        ({"curve": ({"decisions": 1},)}, "must have numbers decisions, wall_s, percent_of_reference"),
        (
            {"curve": [dict.fromkeys(("decisions", "wall_s", "percent_of_reference"), one) for one in (2, 1)]},
            "curve: must be in the order of decisions",
        ),
    ],
)
def test_runs_that_cannot_be_are_refused(changes: dict[str, Any], message: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=message):
        Run(rule(tmp_path), **changes)


def test_what_cannot_be_submitted_is_refused(tmp_path: Path) -> None:
    run = Run(rule(tmp_path))
    for runs, options, message in (
        ([], {}, "runs: must be at least one"),
        ([run, run], {}, "seeds = 0, 0: must be different ones"),
        ([run], {"episodes": 1}, "episodes = 1: must be at least 2"),
        ([run], {"episodes": 2, "bounded": 3}, r"bounded = 3: must be in 0\.\.2"),
    ):
        with pytest.raises(ValueError, match=message):
            submit(claim(), runs, report=lambda line: None, **options)


DAMAGE: list[tuple[Callable[[dict[str, Any]], Any], str]] = [
    (lambda record: record.pop("claim"), "claim = None: must have made_for"),
    (lambda record: record["claim"].update(split="train"), "split = 'train': must be one of"),
    (lambda record: record.update(runs=[]), "runs: must be a list of at least one"),
    (lambda record: record["runs"][0].update(decisions=True), "runs: decisions = True: must be of another type"),
    (lambda record: record["runs"][0]["gained"].pop(), "runs: gained: has 2 numbers, must have one per workload, 3"),
    (lambda record: record["reference"].update(gained=["a"] * 3), "reference: gained: must be a list of numbers"),
    (lambda record: record.update(bound=[1] * 4), "bound: has 4 numbers, must be of at most 3 workloads"),
    (lambda record: record.update(bound=[float("nan")]), "bound: must be a list of numbers"),
    (lambda record: record.update(scenario="carry-over"), "scenario: must be null or a scenario's content"),
    (lambda record: record.update(bound=[10**400]), "bound: must be a list of numbers"),
    (lambda record: record["runs"][0].update(decisions=-1), "decisions = -1: must be at least 0"),
    (lambda record: record["runs"][0].update(wall_s=float("inf")), "wall_s = inf: must be at least 0, and finite"),
    (lambda record: record["provenance"].update(versions=3), "provenance: versions = 3: must have a text by name"),
    (lambda record: record["provenance"].update(versions={"": "1"}), "provenance: versions = "),
    (lambda record: record["cell"].update(policy="<img src=x>"), "cell: policy = '<img src=x>': must be a short line"),
    (lambda record: record.pop("provenance"), "is no record of results"),
]


@pytest.mark.parametrize(("damage", "message"), DAMAGE, ids=[message for _, message in DAMAGE])
def test_a_damaged_record_is_refused_by_its_field(
    damage: Callable[[dict[str, Any]], Any], message: str, record: dict[str, Any], tmp_path: Path
) -> None:
    changed = json.loads(json.dumps(record))
    damage(changed)
    with pytest.raises(NoRecordError, match=message):
        read_submission(written(changed, tmp_path))


def test_the_commands_submit_and_verify(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    rule(tmp_path)
    asked = ["--env", "EdgeLLM/BatchSelection-v0", "--episodes", "2", "--bounded", "0", "--policy"]
    assert main(["leaderboard", "submit", *asked, "a=their_rule:make", "b=their_rule:make"]) == 2
    assert "must have one name, has 2" in capsys.readouterr().err
    assert main(["leaderboard", "submit", *asked, "a=their_rule:make", "--seeds", "1", "2"]) == 2
    assert "seeds: has 2 values, must have one for each of 1 policies" in capsys.readouterr().err
    with Path("curve.json").open("wb") as sparse:
        sparse.truncate(2**40)
    for option in ("--curve", "--beside"):
        assert main(["leaderboard", "submit", *asked, "a=their_rule:make", option, "curve.json"]) == 2
        assert re.search(r"curve\.json.*at most", capsys.readouterr().err)
    Path("curve.json").write_text('[{"decisions": 5, "wall_s": 0.5, "percent_of_reference": 12.5}]')
    assert main(["leaderboard", "submit", *asked, "a=their_rule:make", "--curve", "curve.json"]) == 0
    (path,) = submissions_in(Path("results/submissions"))
    assert path == Path("results/submissions/test/BatchSelection-v0/carry-over/a.json")
    assert main(["leaderboard", "verify", str(path)]) == 2
    assert "--trust" in capsys.readouterr().err
    assert main(["leaderboard", "verify", str(path), "--trust"]) == 0
    assert "a.json: agrees" in capsys.readouterr().out
    text = path.read_text()
    path.write_text(text.replace('"bound": []', '"bound": [5]'))
    assert main(["leaderboard", "verify", str(path), "--trust"]) == 1
    assert "the bound: 1 numbers recorded, 0 here" in capsys.readouterr().out
    assert main(["leaderboard", "verify", "none.json"]) == 2
    assert main(["leaderboard", "verify"]) == 2
