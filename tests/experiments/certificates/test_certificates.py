"""`scripts/benchmark.py certificates` in small: intervals of short scenarios, what is written of them, and again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from edge_llm_agents.leaderboard.report.certified import read_certified
from edge_llm_agents.records.record import NoRecordError, write_record
from edge_llm_env import load_scenario
from edge_llm_env.envs.suite import BANDWIDTH, BATCHING, COMPUTE, JOINT, SCALING, SERVICE_LEVEL
from edge_llm_env.scenarios import ScenarioError
from experiments.benchmarks.certificates import Certificates, certifiable_presets
from experiments.certificates.certifying import SOLVED_PERCENT
from experiments.certificates.contenders import contenders
from experiments.certificates.table import certificates_table
from tests.edge_llm_agents.leaderboard.small import SHORT

FEW: dict[str, Any] = {
    "episodes": 3, "expectation_episodes": 20, "fit_episodes": 2, "fit_steps": 2, "iterations": 30,
    "block_nodes": 100_000, "window_epochs": (),
}  # fmt: skip


def shortened(folder: Path, preset: str) -> str:
    path = folder / f"short-{preset}.toml"
    path.write_text(f'extends = "{preset}"\ndescription = "short"\n[epoch]\nepisode_epochs = 4\n')
    return str(path)


def written(folder: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((folder / "certificates.json").read_text())
    return content


def test_a_short_scenario_is_certified_and_the_leaderboard_reads_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "short.toml").write_text(SHORT)
    asked = Certificates((str(tmp_path / "short.toml"),), **FEW, results=tmp_path)
    asked.run()
    record = written(tmp_path)
    assert certificates_table(record).text() in capsys.readouterr().out
    (found,) = record["scenarios"]
    assert set(found["policies"]) == {"DFTSP", "look-ahead", "sampled-future-5"}
    best = found["policies"][found["best_policy"]]
    assert best["served"] == max(one["served"] for one in found["policies"].values())
    for one in found["policies"].values():  # on every workload what is kept is at most the bound
        assert one["width_percent"]["mean"] >= 0.0
        assert "penalty" in one
    assert found["solved"] == (found["width_percent"]["high"] < SOLVED_PERCENT)
    assert (found["penalty"] is None) == (found["without_penalty_because"] is not None)
    certified = read_certified(tmp_path / "suite")
    assert {env_id for env_id, _ in certified} == set(found["environments"]) >= {BATCHING, BANDWIDTH}
    for one in certified.values():
        assert one.solved == found["solved"]
        assert one.bound_percent == found["bound_percent_of_oracle"]


def test_channels_are_paid_for_where_arrivals_tell_of_later_ones(tmp_path: Path) -> None:
    bursty = shortened(tmp_path, "bursty")
    Certificates((bursty,), **FEW, results=tmp_path).run()
    (found,) = written(tmp_path)["scenarios"]
    assert len(found["weights"]) == 60
    assert (found["penalty"] or "channels") == "channels"
    assert all("penalty" in one for one in found["policies"].values())
    Certificates((bursty,), **FEW, penalties=(), results=tmp_path).run()
    (found,) = written(tmp_path)["scenarios"]
    assert found["without_penalty_because"] == "none is fitted"
    with pytest.raises(ValueError, match="penalties = 'weather': must be one of"):
        Certificates((bursty,), **FEW, penalties=("weather",), results=tmp_path).run()


def test_arrivals_and_channels_are_paid_for_where_uploads_carry_over(tmp_path: Path) -> None:
    Certificates((shortened(tmp_path, "embedding-uplink-carried"),), **FEW, results=tmp_path).run()
    (found,) = written(tmp_path)["scenarios"]
    assert found["environments"] == [BANDWIDTH]
    assert len(found["weights"]) == 160
    assert (found["penalty"] or "arrivals, channels") == "arrivals, channels"
    for one in found["policies"].values():
        assert one["width_percent"]["mean"] >= 0.0
        assert one["penalty"]["low"] < one["penalty"]["high"]


def test_what_has_no_penalty_is_certified_without_and_says_why(tmp_path: Path) -> None:
    uploads, modules = (shortened(tmp_path, name) for name in ("mobile-uplink", "quantization-choice"))
    Certificates((uploads,), **FEW, penalties=("channels",), results=tmp_path).run()
    (before,) = written(tmp_path)["scenarios"]
    assert before["environments"] == [BANDWIDTH]
    assert before["without_penalty_because"] == "users drive"
    Certificates((modules,), **FEW, results=tmp_path).run()
    after, kept = sorted(written(tmp_path)["scenarios"], key=lambda one: one["environments"], reverse=True)
    assert kept == before
    assert after["environments"] == [COMPUTE, JOINT]
    assert "BestJoint" in after["policies"]
    assert after["oracle"] == "BestPartition"
    assert after["without_penalty_because"] == "modules are divided"
    for one in (before, after):
        assert one["penalty"] is None
        assert one["bound_percent_of_oracle"] == one["bound_without_penalty_percent_of_oracle"]
        assert one["bound"]["mean"] >= max(policy["served"] for policy in one["policies"].values())


def test_a_second_run_certifies_what_is_missing_or_asked_for_otherwise(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name = shortened(tmp_path, "embedding-uplink-carried")
    asked = Certificates((name,), **FEW, results=tmp_path)
    asked.run()
    before = (tmp_path / "certificates.json").read_bytes()
    capsys.readouterr()
    asked.run()
    said = capsys.readouterr()
    assert "certified already" in said.err
    assert "MinimumShares" in said.out
    assert (tmp_path / "certificates.json").read_bytes() == before
    Certificates((name,), **FEW | {"episodes": 4}, results=tmp_path).run()
    (again,) = written(tmp_path)["scenarios"]
    assert again["settings"]["episodes"] == 4


def test_a_file_that_is_no_record_of_certificates_is_not_lost(tmp_path: Path) -> None:
    for content in ({"scenarios": [{"scenario": "carry-over"}]}, {"scenarios": 3}, {"scenarios": [{"settings": {}}]}):
        write_record(tmp_path / "certificates.json", content)
        before = (tmp_path / "certificates.json").read_bytes()
        with pytest.raises(NoRecordError, match="is no record of certificates"):
            Certificates(("carry-over",), **FEW, results=tmp_path).run()
        assert (tmp_path / "certificates.json").read_bytes() == before


def test_where_the_reward_counts_it_is_certified_in_the_environment_that_plays_the_preset(tmp_path: Path) -> None:
    rack = Certificates(("feeder-rack",), **FEW, results=tmp_path)
    rack.run()
    (found,) = written(tmp_path)["scenarios"]
    assert found["environments"] == [SCALING]
    assert found["counts"] == "reward"
    assert found["oracle_reward"] == found["policies"]["own load and departures"]["reward"]
    assert found["bound"]["mean"] >= max(one["reward"] for one in found["policies"].values())
    assert found["penalty"] == "loads; crowds told"
    assert found["bound_percent_of_oracle"] < found["bound_without_penalty_percent_of_oracle"]
    assert "`feeder-rack`, reward" in certificates_table(written(tmp_path)).text()


def test_a_scenario_is_certified_again_in_another_environment(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    levels = shortened(tmp_path, "quantization-choice")
    for environment in (None, JOINT, SERVICE_LEVEL):
        Certificates((levels,), environment, **FEW, results=tmp_path).run()
        assert ("certified already" in capsys.readouterr().err) == (environment == JOINT)
    (found,) = written(tmp_path)["scenarios"]
    assert found["environments"] == [SERVICE_LEVEL]
    with pytest.raises(ScenarioError, match="no bound is known in EdgeLLM/Batching-v0"):
        Certificates((levels,), BATCHING, **FEW, results=tmp_path).run()


def test_presets_of_engines_and_traces_are_left_out() -> None:
    presets = certifiable_presets()
    assert {"carry-over", "mobile-uplink", "specialists-compute", "agents-chain"} <= set(presets)
    assert {"two-cells", "service-levels", "feeder-rack"} <= set(presets)
    assert not {"chat-4090", "azure-conversation"} & set(presets)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("episodes", 1), ("expectation_episodes", 1), ("fit_episodes", 0), ("fit_steps", -1), ("iterations", 0),
        ("block_nodes", -1), ("samples", (0,)),
    ],
)  # fmt: skip
def test_numbers_out_of_range_are_named_before_anything_is_played(name: str, value: Any, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=f"{name} = "):
        Certificates(**FEW | {name: value, "results": tmp_path}).run()
    assert not (tmp_path / "certificates.json").exists()


def test_nobody_who_is_told_the_future_takes_part() -> None:
    names = contenders(load_scenario("shifting-tiers", **{"epoch.episode_epochs": 8}), (COMPUTE,), (5,), 0)
    assert not [name for name in names if "informed" in name]
    assert next(iter(names)) == "BestPartition"
