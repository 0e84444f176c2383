"""A policy elsewhere than it was trained."""

from __future__ import annotations

import numpy as np

from edge_llm_agents.evaluation.playing import evaluate_values
from edge_llm_agents.value_search.functions import ValueFunction
from edge_llm_agents.value_search.policy import ValuePolicy
from edge_llm_env import load_scenario
from edge_llm_env.workload.streams import Stream, draw_workloads
from experiments.learning.generalisation import generalisation, generalisation_table

SHORT = {"epoch.episode_epochs": 5}


def test_a_policy_is_judged_in_every_scenario_beside_the_rule_that_is_tuned_there():
    home = load_scenario("carry-over", **SHORT)
    away = load_scenario("carry-over", **SHORT, **{"node.decoder": "bloom-7b1"})
    function = ValueFunction()
    policy = ValuePolicy(function, function.starting_point(0.9), home)
    records = list(generalisation(policy, {"home": home, "away": away}, episodes=4, seed=0))
    assert [record["trained_for"] for record in records] == [True, False]
    for record, scenario, split in zip(records, (home, away), (Stream.EVALUATION, Stream.SHIFTED), strict=True):
        workloads = draw_workloads(scenario, 4, 0, split)
        served = evaluate_values(policy.for_scenario(scenario), scenario, workloads).served
        assert record["policy"]["served"] == served.sum()
        percent = 100.0 * served.sum() / record["references"]["dftsp_served"]
        assert np.isclose(record["policy"]["percent_of_dftsp"], percent)
    table = generalisation_table(records).markdown()
    assert "| **home** |" in table
    assert "| away |" in table
