"""Several seeds: each is judged, the median is kept, and what there is is written after each."""

from __future__ import annotations

import json
from pathlib import Path

from edge_llm_agents.evaluation.judges import judge_of
from edge_llm_agents.evaluation.judging import CHECK_EPISODES
from edge_llm_agents.evaluation.playing import evaluate_values
from edge_llm_agents.pretrained.saved_policies import load_policy
from edge_llm_agents.seeded.runs import save_training
from edge_llm_agents.seeded.training import train_seeds
from edge_llm_agents.value_search.cross_entropy import CrossEntropySettings
from edge_llm_agents.value_search.search import SearchSettings, search
from edge_llm_env import load_scenario
from edge_llm_env.envs.suite import BATCH_SELECTION
from edge_llm_env.workload.streams import draw_workloads

OVERRIDES = {"epoch.episode_epochs": 5}
SCENARIO = load_scenario("carry-over", **OVERRIDES)
SETTINGS = SearchSettings(
    generations=1,
    episodes=3,
    cross_entropy=CrossEntropySettings(population=4, elites=2),
    validation_episodes=3,
)


def test_every_seed_is_judged_and_the_median_is_saved(tmp_path: Path):
    judge = judge_of(BATCH_SELECTION, SCENARIO, episodes=12, hindsight_episodes=2)
    served = []
    for trained in train_seeds("carry-over", OVERRIDES, SETTINGS, (0, 1, 2), judge):
        save_training(trained, "mine", tmp_path, tmp_path)
        written = json.loads((tmp_path / "train-mine.json").read_text())
        served.append(written["runs"][-1]["served"])
        assert [run["served"] for run in written["runs"]] == served
        policy, card = load_policy(tmp_path / "mine", SCENARIO)
        own = evaluate_values(policy, SCENARIO, draw_workloads(SCENARIO, 12, 0)).served
        assert own.sum() == sorted(served)[(len(served) - 1) // 2]
        assert card.check == {"episodes": CHECK_EPISODES, "seed": 0, "served": own[:CHECK_EPISODES].sum()}
        assert card.seed == written["median_seed"]
    assert served[1] == evaluate_values(search(SCENARIO, SETTINGS, 1).policy, SCENARIO, judge.workloads).served.sum()


def test_what_a_policy_reaches_is_held_against_dftsp_look_ahead_and_hindsight():
    judge = judge_of(BATCH_SELECTION, SCENARIO, episodes=4, hindsight_episodes=2)
    policy = search(SCENARIO, SETTINGS).policy
    record = judge.judge(policy.acting)
    served, oracle = evaluate_values(policy, SCENARIO, judge.workloads).served, judge.oracle.served
    mean = 100.0 * (served - oracle).mean() / oracle.mean()
    assert abs(record["difference_to_dftsp_percent"]["mean"] - mean) < 1e-9
    assert abs(record["percent_of_dftsp"] - 100.0 - mean) < 1e-9
    rule = 100.0 * (served - judge.best.served).mean() / oracle.mean()
    assert abs(record["difference_to_look_ahead_percent"]["mean"] - rule) < 1e-9
    gap = (judge.most.upper_bound - oracle[:2]).sum()
    assert record["closes_percent_of_gap_to_hindsight"]["bound"] == 100.0 * (served - oracle)[:2].sum() / gap
