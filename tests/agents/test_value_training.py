"""Several seeds: each is judged, the median is kept, and what there is is written after each."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

from agents.cross_entropy import CrossEntropySettings
from agents.evaluation import evaluate_values
from agents.policy_files import load_policy
from agents.references import CHECK_TAPES, References
from agents.seeded_training import save_training
from agents.value_search import SearchSettings, search
from agents.value_training import train_seeds
from edge_llm_env import load_scenario
from edge_llm_env.workload.streams import draw_workloads

OVERRIDES = {"epoch.episode_epochs": 5}
SCENARIO = load_scenario("carry-over", **OVERRIDES)
SETTINGS = SearchSettings(
    generations=1,
    tapes=3,
    cross_entropy=CrossEntropySettings(population=4, elites=2),
    validation_tapes=3,
)


def test_every_seed_is_judged_and_the_median_is_saved(tmp_path: Path):
    references = References(SCENARIO, tapes=12, hindsight_tapes=2, seed=0)
    served = []
    for trained in train_seeds("carry-over", OVERRIDES, SETTINGS, (0, 1, 2), references):
        save_training(trained, "mine", tmp_path, tmp_path)
        written = json.loads((tmp_path / "train-mine.json").read_text())
        served.append(written["runs"][-1]["served"])
        assert [run["served"] for run in written["runs"]] == served
        policy, card = load_policy(tmp_path / "mine", SCENARIO)
        own = evaluate_values(policy, SCENARIO, draw_workloads(SCENARIO, 12, 0)).served
        assert own.sum() == sorted(served)[(len(served) - 1) // 2]
        assert card.check == {"tapes": CHECK_TAPES, "seed": 0, "served": own[:CHECK_TAPES].sum()}
        assert card.seed == written["median_seed"]
    assert (
        served[1] == evaluate_values(search(SCENARIO, SETTINGS, 1).policy, SCENARIO, references.workloads).served.sum()
    )


def test_what_a_policy_reaches_is_held_against_dftsp_look_ahead_and_hindsight():
    references = References(SCENARIO, tapes=4, hindsight_tapes=2, seed=0)
    policy = search(SCENARIO, SETTINGS).policy
    record = references.judge(partial(evaluate_values, policy))
    served, oracle = evaluate_values(policy, SCENARIO, references.workloads).served, references.dftsp.served
    mean = 100.0 * (served - oracle).mean() / oracle.mean()
    assert abs(record["difference_to_dftsp_percent"]["mean"] - mean) < 1e-9
    assert abs(record["percent_of_dftsp"] - 100.0 - mean) < 1e-9
    rule = 100.0 * (served - references.look_ahead.served).mean() / oracle.mean()
    assert abs(record["difference_to_look_ahead_percent"]["mean"] - rule) < 1e-9
    gap = (references.hindsight.upper_bound - oracle[:2]).sum()
    assert record["closes_percent_of_gap_to_hindsight"]["bound"] == 100.0 * (served - oracle)[:2].sum() / gap
