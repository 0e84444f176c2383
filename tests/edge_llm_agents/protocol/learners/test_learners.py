"""Standard algorithms run by the protocol: a few hundred decisions each."""

from pathlib import Path
from typing import Any

import pytest

from edge_llm_agents.commands.main import main
from edge_llm_agents.leaderboard.running import Ran
from edge_llm_agents.protocol.learners import jobs
from edge_llm_agents.protocol.learners.jobs import BaselineRun, BaselineSettings, baseline_jobs, run_baselines
from edge_llm_agents.protocol.learners.table import LEARNERS, learners_of
from edge_llm_agents.protocol.reading import read_submission
from edge_llm_agents.protocol.report import write_report
from edge_llm_agents.protocol.submission import submissions_in
from edge_llm_agents.protocol.verification import verify
from tests.edge_llm_agents.leaderboard.small import SHORT

BATCHING = "EdgeLLM/Batching-v0"


def small(folder: Path, **changes: Any) -> BaselineSettings:
    (folder / "short.toml").write_text(SHORT)
    given: dict[str, Any] = {
        "environments": (BATCHING,), "scenario": str(folder / "short.toml"), "seeds": 1, "decisions": 512,
        "off_policy_decisions": 256, "points": 2, "curve_episodes": 2, "episodes": 2, "bounded": 0,
        "results": folder / "submissions",
    }  # fmt: skip
    return BaselineSettings(**(given | changes))


def test_every_algorithm_leaves_a_record_that_verifies_and_none_runs_twice(tmp_path: Path) -> None:
    lines: list[str] = []
    names = learners_of(BATCHING)
    assert set(names) == {"ppo_mask", "ppo_mask (set)", "dqn", "dqn (set)", "imitation"}
    assert run_baselines(small(tmp_path), lines.append) == Ran(kept=0, computed=5, left_out=0, failed=0)
    paths = submissions_in(tmp_path / "submissions")
    for path in paths:
        record = read_submission(path)
        (run,) = record["runs"]
        assert 0 < run["decisions"] <= (256 if record["cell"]["policy"].startswith("dqn") else 512)
        assert not run["over_budget"]
        assert run["curve"][-1]["decisions"] == run["decisions"]
        knows = "structure" if record["cell"]["policy"] == "imitation" else "nothing"
        assert record["claim"]["knows"] == knows
        assert run["curve"][-1]["wall_s"] <= run["wall_s"]
        assert verify(path, trust=True, report=lambda line: None).agrees
    # Interrupted: what is finished is kept, what is missing is run.
    before = {path: path.read_bytes() for path in paths}
    paths[0].unlink()
    assert run_baselines(small(tmp_path), lines.append) == Ran(kept=4, computed=1, left_out=0, failed=0)
    assert {path: path.read_bytes() for path in paths[1:]} == {path: before[path] for path in paths[1:]}
    assert lines == []


def test_values_of_requests_are_learned_and_other_decisions_make_a_run_stale(tmp_path: Path) -> None:
    settings: dict[str, Any] = {"environments": ("EdgeLLM/BatchSelection-v0",), "algorithms": ("sac", "ppo_mask")}
    lines: list[str] = []
    assert run_baselines(small(tmp_path, **settings), lines.append).computed == 1
    assert run_baselines(small(tmp_path, off_policy_decisions=320, **settings), lines.append).computed == 1
    assert "sac: stale: policy_sha256" in lines[0]


def test_structured_learning_leaves_a_policy_with_a_card_and_takes_no_more_than_its_budget(tmp_path: Path) -> None:
    settings: dict[str, Any] = {"environments": ("EdgeLLM/BatchSelection-v0",), "algorithms": ("structured",)}
    lines: list[str] = []
    assert run_baselines(small(tmp_path, decisions=700, **settings), lines.append).computed == 1
    (path,) = submissions_in(tmp_path / "submissions")
    (run,) = read_submission(path)["runs"]
    assert run["policy"]["kind"] == "saved"
    assert 0 < run["decisions"] <= 700
    assert run["curve"][-1]["decisions"] == run["decisions"]
    assert verify(path, trust=False, report=lambda line: None).agrees
    assert run_baselines(small(tmp_path, decisions=10, **settings), lines.append).failed == 1
    assert "decisions = 10: must be at least" in lines[-1]


def test_a_claim_has_the_least_budget_that_is_not_exceeded(tmp_path: Path) -> None:
    for decisions, budget in ((1_000_000, "small"), (1_000_001, "medium"), (10_000_001, "unlimited")):
        for job in baseline_jobs(small(tmp_path, algorithms=("ppo_mask",), decisions=decisions)):
            assert isinstance(job, BaselineRun)
            assert job.claim.budget == budget


def test_algorithms_are_those_for_the_actions() -> None:
    assert set(learners_of("EdgeLLM/BatchSelection-v0")) == {
        "ppo", "sac", "td3", "ppo (set)", "sac (set)", "td3 (set)", "structured"
    }  # fmt: skip
    assert set(learners_of("EdgeLLM/Scaling-v0")) == {"ppo", "sac", "td3", "imitation"}
    assert set(learners_of("EdgeLLM/ContinuousBatching-v0")) == {"ppo_mask", "ppo_mask (set)", "dqn", "imitation"}
    assert set(learners_of("EdgeLLM/ServiceLevel-v0")) == {"ppo", "sac", "td3"}
    assert set(LEARNERS) >= {"dqn", "imitation", "ppo_mask (set)"}


def test_an_algorithm_that_fails_does_not_end_the_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(self: BaselineRun) -> dict[str, Any]:
        raise RuntimeError("not today")

    monkeypatch.setattr(jobs.BaselineRun, "results", interrupted)
    lines: list[str] = []
    settings = small(tmp_path, algorithms=("ppo_mask",))
    assert run_baselines(settings, lines.append) == Ran(kept=0, computed=0, left_out=0, failed=1)
    assert "ppo_mask: failed: RuntimeError: not today" in lines[0]


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (["--seeds", "0"], "seeds = 0: must be at least 1"),
        (["--seeds", "1" + 21 * "0"], "must be at most 1000"),
        (["--workers", "0"], "workers = 0: must be -1 or at least 1"),
        (["--algorithms", "a2c"], "algorithms = 'a2c': must be one of"),
        (["--environments", "EdgeLLM/Batch-v0"], "environments = 'EdgeLLM/Batch-v0': must be one of"),
        (["--points", "0"], "points = 0: must be at least 1"),
    ],
)
def test_what_cannot_be_run_is_refused(asked: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["leaderboard", "baselines", *asked]) == 2
    assert message in capsys.readouterr().err


def test_records_without_policies_are_reported_and_cannot_be_verified(tmp_path: Path) -> None:
    lines: list[str] = []
    settings: dict[str, Any] = {"algorithms": ("ppo_mask", "imitation"), "policies": False}
    assert run_baselines(small(tmp_path, **settings), lines.append).computed == 2
    paths = submissions_in(tmp_path / "submissions")
    for path in paths:
        assert read_submission(path)["runs"][0]["policy"] is None
        assert path.stat().st_size < 10_000
        with pytest.raises(ValueError, match="policy of training seed 0 = None: must be in the record"):
            verify(path, trust=True, report=lambda line: None)
    assert run_baselines(small(tmp_path, **settings), lines.append).kept == 2
    write_report(tmp_path / "submissions", tmp_path / "page.md", lines.append)
    assert "imitation" in (tmp_path / "page.md").read_text()


def test_a_run_follows_from_the_code_of_its_own_algorithm_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def identities() -> dict[str, Any]:
        return {job.cell.policy: job.identity() for job in baseline_jobs(small(tmp_path))}

    before = identities()
    imitation = "edge_llm_agents.protocol.learners.imitation"
    unchanged = jobs.code_sha256
    monkeypatch.setattr(jobs, "code_sha256", lambda *of: unchanged(*of) + ("changed" if imitation in of else ""))
    changed = {name for name, identity in identities().items() if identity != before[name]}
    assert changed == {"imitation"}
