"""Refreshing: a policy whose scenario changed is refused, then refreshed, then loaded, with figures of its new one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from edge_llm_agents.evaluation.judges import judge_of
from edge_llm_agents.evaluation.playing import evaluate_solver, evaluate_values
from edge_llm_agents.pretrained.saved_policies import load_policy
from edge_llm_agents.seeded.runs import save_training
from edge_llm_agents.seeded.training import train_seeds
from edge_llm_agents.value_search.cross_entropy import CrossEntropySettings
from edge_llm_agents.value_search.search import SearchSettings
from edge_llm_baselines import DFTSP
from edge_llm_env import load_scenario
from edge_llm_env.envs.suite import BATCH_SELECTION
from edge_llm_env.workload.streams import draw_workloads
from experiments.learning.policy_refresh import refresh_policy

BEFORE = {"epoch.episode_epochs": 4}
NOW = {"epoch.episode_epochs": 6}


@pytest.fixture
def outdated(tmp_path: Path) -> Path:
    """A policy whose card names a scenario that has changed since."""
    settings = SearchSettings(
        generations=1, episodes=2, validation_episodes=2, cross_entropy=CrossEntropySettings(population=3, elites=2)
    )
    judge = judge_of(BATCH_SELECTION, load_scenario("carry-over", **BEFORE), episodes=12)
    for trained in train_seeds("carry-over", BEFORE, settings, (0,), judge):
        save_training(trained, "mine", tmp_path, tmp_path)
    path = tmp_path / "mine.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"overrides": NOW}))
    return tmp_path / "mine"


def test_an_outdated_policy_is_evaluated_in_what_its_scenario_is_now(outdated: Path):
    with pytest.raises(ValueError, match=r"was another .*, must be trained again or see scripts/pages.py policies"):
        load_policy(outdated)
    weights = outdated.with_name("mine.safetensors").read_bytes()
    refreshed = refresh_policy(outdated)
    policy, card = load_policy(outdated, load_scenario("carry-over", **NOW))
    workloads = draw_workloads(policy.scenario, 12, 0)
    served = evaluate_values(policy, policy.scenario, workloads).served
    oracle = evaluate_solver(DFTSP(), policy.scenario, workloads).served
    assert card.evaluation["served"] == served.sum()
    assert card.evaluation["references"]["dftsp_served"] == oracle.sum()
    assert card.check == {"episodes": 10, "seed": 0, "served": served[:10].sum()}
    assert refreshed.after_percent == card.evaluation["percent_of_dftsp"]
    assert refreshed.after_percent == pytest.approx(100.0 * served.sum() / oracle.sum())
    assert refreshed.changed
    assert outdated.with_name("mine.safetensors").read_bytes() == weights


def test_refreshing_again_changes_no_result(outdated: Path):
    refresh_policy(outdated)
    once = load_policy(outdated)[1]
    again = refresh_policy(outdated, hindsight_episodes=1)
    twice = load_policy(outdated)[1]
    assert not again.changed
    assert again.before_percent == again.after_percent
    assert twice.evaluation["served"] == once.evaluation["served"]
    assert "closes_percent_of_gap_to_hindsight" in twice.evaluation
    assert "closes_percent_of_gap_to_hindsight" not in once.evaluation


def test_it_can_be_judged_on_more_workloads_than_before(outdated: Path):
    refresh_policy(outdated, episodes=14)
    policy, card = load_policy(outdated)
    served = evaluate_values(policy, policy.scenario, draw_workloads(policy.scenario, 14, 0)).served
    assert card.evaluation["references"]["episodes"] == 14
    assert card.evaluation["served"] == served.sum()
    assert card.check["served"] == served[:10].sum()
