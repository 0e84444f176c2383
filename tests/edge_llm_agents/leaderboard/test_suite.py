"""The suite from settings to cells: what is computed, kept, left out, stale or failed."""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge_llm_agents.evaluation.playing import evaluate_solver
from edge_llm_agents.leaderboard.jobs import Hindsight, Playing, Tuning
from edge_llm_agents.leaderboard.policies.rules import Rule
from edge_llm_agents.leaderboard.running import Ran, outcome_of, run_jobs
from edge_llm_agents.leaderboard.suite import SuiteSettings, playing, preparations, run_suite, scenarios_of, submissions
from edge_llm_agents.records.fields import IDENTITY, PLAYED
from edge_llm_agents.records.record import PACKAGES
from edge_llm_agents.records.workload_sets import WorkloadSet
from edge_llm_baselines import DFTSP, hindsight_bounds
from edge_llm_baselines.hindsight.hindsight import LagrangianHindsight
from edge_llm_baselines.registry.registered import baselines_of
from edge_llm_env import load_scenario
from edge_llm_env.registration import ENVIRONMENTS
from edge_llm_env.workload.streams import draw_workloads
from tests.edge_llm_agents.leaderboard.small import cells, small_suite

MINE = """
import numpy as np
from edge_llm_baselines import EpochPolicy
from edge_llm_baselines.rules.heuristics import NoBatching
from edge_llm_agents.evaluation.models import DoesNotPlayError

def one_by_one(env):
    return EpochPolicy(NoBatching(), env)

def broken(env):
    raise RuntimeError("not today")

def elsewhere(env):
    raise DoesNotPlayError("for Joint-v0 only")

class Interrupting:
    def predict(self, observation, state=None, episode_start=None, deterministic=True):
        raise KeyboardInterrupt

def interrupting(env):
    return Interrupting()
"""


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a finished suite."""
    folder = tmp_path_factory.mktemp("finished")
    assert run_suite(small_suite(folder), print) == Ran(kept=0, computed=10, left_out=0, failed=0)
    return folder


@pytest.fixture
def copy(finished: Path, tmp_path: Path) -> Path:
    """A copy that a test may change."""
    for name, content in cells(finished).items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return tmp_path


def read(folder: Path, name: str) -> dict[str, Any]:
    return json.loads((folder / "suite" / "BatchSelection-v0" / "short" / f"{name}.json").read_text())


def test_a_cell_has_what_the_policy_serves_and_what_that_follows_from(finished: Path) -> None:
    scenario = load_scenario(finished / "short.toml")
    workloads = draw_workloads(scenario, 3, 0)
    record = read(finished, "dftsp")
    assert record["served"] == evaluate_solver(DFTSP(), scenario, workloads).served.tolist()
    assert record["cell"] == {
        "environment": "EdgeLLM/BatchSelection-v0", "scenario": "short", "policy": "DFTSP", "seed": 0
    }  # fmt: skip
    assert record.keys() == {"cell", "identity", "provenance"} | PLAYED.keys()
    identity = record["identity"]
    assert identity.keys() == IDENTITY.keys()
    assert identity["scenario_fingerprint"] == scenario.fingerprint()
    assert (identity["episodes"], identity["workload_seed"]) == (3, 0)
    assert identity["workloads_sha256"] == WorkloadSet.of(scenario, 3, 0).sha256
    assert set(record["provenance"]["versions"]) >= {"python", *PACKAGES}
    rules = baselines_of("EdgeLLM/BatchSelection-v0").rules.values()
    assert len(list((finished / "suite" / "BatchSelection-v0" / "short").glob("*.json"))) == sum(
        rule.plays(scenario) for rule in rules
    )
    assert str(finished) not in json.dumps(record)


def test_hindsight_is_of_the_first_workloads(finished: Path) -> None:
    scenario = load_scenario(finished / "short.toml")
    bounds = hindsight_bounds(scenario, draw_workloads(scenario, 3, 0)[:2], LagrangianHindsight())
    record = json.loads((finished / "suite" / "preparation" / "short" / "hindsight.json").read_text())
    assert record["upper_bound"] == bounds.upper_bound.tolist()
    assert record["served"] == bounds.served.tolist()


def test_a_second_run_computes_nothing(finished: Path) -> None:
    before = cells(finished)
    assert run_suite(small_suite(finished), print) == Ran(kept=10, computed=0, left_out=0, failed=0)
    assert cells(finished) == before


def test_an_interrupted_run_goes_on_with_the_cells_that_are_missing(
    finished: Path, copy: Path, monkeypatch: Any
) -> None:
    write_mine(copy, monkeypatch)
    before = cells(finished)
    for name in ("dftsp", "look-ahead"):
        (copy / "suite" / "BatchSelection-v0" / "short" / f"{name}.json").unlink()
    with pytest.raises(KeyboardInterrupt):
        run_suite(small_suite(copy, policy=("stopped=mine:interrupting",)), print)
    assert not list(copy.glob("**/stopped*")), "a cell is written whole or not at all"
    (copy / "suite" / "BatchSelection-v0" / "short" / "dftsp.json").unlink()
    assert run_suite(small_suite(copy), print) == Ran(kept=9, computed=1, left_out=0, failed=0)
    assert results(cells(copy)) == results(before)


def write_mine(folder: Path, monkeypatch: Any) -> None:
    """Write a module `mine`, and go there."""
    (folder / "mine.py").write_text(MINE)
    monkeypatch.chdir(folder)
    monkeypatch.delitem(sys.modules, "mine", raising=False)


def results(found: dict[str, bytes]) -> dict[str, Any]:
    """What cells hold but for times and where they were taken."""
    records = {name: json.loads(content) for name, content in found.items()}
    return {
        name: {key: value for key, value in record.items() if not key.startswith("decision")}
        for name, record in records.items()
    }


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"workloads_sha256": "0" * 64}, "workloads_sha256 000000000000 → "),
        ({"scenario_fingerprint": "1" * 64}, "scenario_fingerprint 111111111111 → "),
        ({"policy_sha256": "2" * 64}, "policy_sha256 222222222222 → "),
        ({"versions": {"numpy": "1.0"}}, "numpy 1.0 → " + np.__version__),
    ],
)
def test_a_cell_of_another_identity_is_stale_and_computed_again(
    finished: Path, copy: Path, change: dict[str, Any], said: str
) -> None:
    path = copy / "suite" / "BatchSelection-v0" / "short" / "dftsp.json"
    record = json.loads(path.read_text())
    record["provenance"]["versions"] |= change.get("versions", {})
    record["identity"] |= {name: value for name, value in change.items() if name != "versions"}
    path.write_text(json.dumps(record | {"served": [0, 0, 0]}))
    lines: list[str] = []
    assert run_suite(small_suite(copy), lines.append) == Ran(kept=9, computed=1, left_out=0, failed=0)
    assert lines[0].startswith(f"EdgeLLM/BatchSelection-v0, short, DFTSP: stale: {said}")
    assert lines[1:] == ["EdgeLLM/BatchSelection-v0, short, DFTSP: computed again: other served"]
    assert results(cells(copy)) == results(cells(finished))


def test_more_workloads_make_every_cell_of_a_policy_stale_but_not_its_preparation(copy: Path) -> None:
    lines: list[str] = []
    ran = run_suite(small_suite(copy, episodes=4), lines.append)
    assert ran == Ran(kept=2, computed=8, left_out=0, failed=0)
    assert sum("episodes 3 → 4, workloads_sha256" in line for line in lines) == 8
    assert sum(line.endswith("computed again: other served, settled, expired") for line in lines) > 4


def test_a_damaged_cell_is_computed_again(finished: Path, copy: Path) -> None:
    (copy / "suite" / "BatchSelection-v0" / "short" / "dftsp.json").write_text('{"cell": ')
    lines: list[str] = []
    assert run_suite(small_suite(copy), lines.append).computed == 1
    assert "dftsp.json: is no record of results" in lines[0]
    assert results(cells(copy)) == results(cells(finished))


def test_the_order_of_jobs_changes_nothing(finished: Path, tmp_path: Path) -> None:
    settings = small_suite(finished)
    workload_set = WorkloadSet.of(load_scenario(finished / "short.toml"), 3, 0)
    jobs = playing(settings, workload_set, {})[::-1]
    assert run_jobs(jobs, tmp_path / "suite", "local", 1, print).computed == len(jobs)
    found = results(cells(tmp_path))
    assert found == {name: record for name, record in results(cells(finished)).items() if name in found}


def test_somebody_elses_function_is_a_policy_like_another(copy: Path, monkeypatch: Any) -> None:
    write_mine(copy, monkeypatch)
    policies = ("my rule=mine:one_by_one", "bad=mine:broken", "other=mine:elsewhere")
    lines: list[str] = []
    assert run_suite(small_suite(copy, policy=policies), lines.append) == Ran(kept=10, computed=1, left_out=1, failed=1)
    assert read(copy, "my-rule")["served"] == read(copy, "nob-no-batching")["served"]
    assert read(copy, "my-rule")["source"] == "mine:one_by_one"
    assert "bad: failed: RuntimeError: not today" in lines[0]
    assert lines[1].endswith("other: left out: for Joint-v0 only")
    (copy / "mine.py").write_text(MINE + "\n# changed\n")
    assert run_suite(small_suite(copy, policy=policies[:1]), lines.append).computed == 1
    assert "my rule: stale: policy_sha256" in lines[2]


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_every_environment_has_its_reference_among_its_rules(environment: str, finished: Path) -> None:
    workload_set = WorkloadSet.of(load_scenario(finished / "short.toml"), 2, 0)
    jobs = playing(small_suite(finished, environments=(environment,)), workload_set, {})
    if not ENVIRONMENTS[environment].counts_epochs:  # its reference is a rule, and its rules take long to tune
        jobs = [job for job in jobs if job.cell.policy == baselines_of(environment).reference]
    served = {}
    for at, job in enumerate(jobs):
        assert isinstance(job, Playing)
        _, outcome = outcome_of(at, job)
        assert outcome.record is not None, outcome.failed
        served[job.name] = sum(outcome.record["served"])
    myopic = {name: count for name, count in served.items() if "look-ahead" not in name}
    assert served[baselines_of(environment).reference] == max(myopic.values()) > 0


def test_a_scenario_whose_models_fit_no_module_is_left_out_where_modules_are_divided(finished: Path) -> None:
    large = load_scenario(finished / "short.toml", **{"node.memory_bytes_per_module": 1e9})
    source = Rule("best-partition", None, 0)
    _, outcome = outcome_of(
        0, Playing("EdgeLLM/Compute-v0", "BestPartition", 0, source, WorkloadSet.of(large, 2, 0), 1)
    )
    assert outcome.record is None
    assert outcome.left_out.startswith(
        "scenario short: node.memory_bytes_per_module = 1e+09: where the modules are divided"
    )


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"episodes": 1}, "episodes = 1: must be at least 2"),
        ({"hindsight_episodes": -1}, "hindsight_episodes = -1: must be at least 0"),
        ({"train_seeds": -1}, "train_seeds = -1: must be at least 0"),
        ({"workers": 0}, "workers = 0: must be -1 or at least 1"),
        ({"environments": ("EdgeLLM/Batch-v0",)}, "did you mean 'EdgeLLM/Batching-v0'"),
    ],
)
def test_settings_that_cannot_be_are_refused(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        small_suite(tmp_path, **changes)


def test_a_name_of_the_suites_own_and_a_file_for_two_are_refused(
    finished: Path, tmp_path: Path, monkeypatch: Any
) -> None:
    write_mine(tmp_path, monkeypatch)
    workload_set = WorkloadSet.of(load_scenario(finished / "short.toml"), 3, 0)
    with pytest.raises(ValueError, match="policy = 'DFTSP': is the name of a policy of the suite"):
        playing(small_suite(finished), workload_set, submissions(["DFTSP=mine:one_by_one"]))
    jobs = playing(small_suite(finished), workload_set, submissions(["dftsp=mine:one_by_one"]))
    with pytest.raises(ValueError, match=r"dftsp: has the same file as .*DFTSP, name it otherwise"):
        run_jobs(jobs, tmp_path, "local", 1, print)


def test_presets_that_replay_a_trace_are_left_out_unless_it_is_given(monkeypatch: Any) -> None:
    from edge_llm_agents.leaderboard import suite

    monkeypatch.setattr(suite, "list_scenarios", lambda: ["azure-conversation", "carry-over"])
    lines: list[str] = []
    assert [one.name for one in suite.scenarios_of(SuiteSettings(), lines.append)] == ["carry-over"]
    assert lines == ["azure-conversation: left out: it replays a trace of your own, give its path with --trace"]


def test_nothing_is_tuned_of_rules_whose_environment_refuses_the_scenario() -> None:
    short = {"epoch.episode_epochs": 3, "workload.arrivals.rate_per_s": 1.0}
    tuned = Tuning.of(load_scenario("mobile-uplink", **short), 0).results()["tuned"]
    assert tuned["uploads"] is not None
    assert tuned["trend"] is None


def test_with_tiers_every_environment_is_played_on_its_own_three_scenarios(tmp_path: Path) -> None:
    settings = SuiteSettings(tiers=True, results=tmp_path)
    scenarios = {scenario.name: settings.environments_of(scenario.name) for scenario in scenarios_of(settings, print)}
    for name, entry in ENVIRONMENTS.items():
        assert {one for one, played in scenarios.items() if name in played} == {tier.scenario for tier in entry.tiers}
    assert "EdgeLLM/Scaling-v0" in scenarios["feeder-rack"]
    assert scenarios["mobile-uplink"] == ["EdgeLLM/Bandwidth-v0"]
    prepared = preparations(settings, [load_scenario("feeder-rack"), load_scenario("bursty")])
    assert [job.cell.scenario for job in prepared if isinstance(job, Hindsight)] == ["bursty"]
    few = SuiteSettings(tiers=True, environments=("EdgeLLM/Joint-v0",), scenarios=("carry-over",), results=tmp_path)
    assert [scenario.name for scenario in scenarios_of(few, print)] == ["carry-over"]
    assert few.environments_of("carry-over") == ["EdgeLLM/Joint-v0"]


def test_a_backend_that_there_is_not_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="backend = 'rey': must be one of local, ray"):
        run_jobs([], tmp_path, "rey", 1, print)
