"""Whoever played, no workload's best schedule serves fewer, and none more than the bound."""

from __future__ import annotations

import numpy as np

from edge_llm_agents.pretrained.saved_policies import load_policy
from edge_llm_baselines.schedulers.clairvoyant.hindsight import hindsight_of_iterations
from edge_llm_baselines.schedulers.policy import SchedulerPolicy, tuned_numbers
from edge_llm_baselines.schedulers.suite import CHEAPEST, SCHEDULERS
from edge_llm_env import draw_workloads, load_scenario
from experiments.scheduling.best_known import best_known, play_engine

SCENARIO = load_scenario("chat-4090-overload", **{"epoch.episode_epochs": 2})


def test_each_workload_stands_in_order() -> None:
    workloads = draw_workloads(SCENARIO, 3, 0)
    played = [
        play_engine(lambda env, one=one: SchedulerPolicy(one, one.candidates()[0], env), SCENARIO, workloads)  # type: ignore[misc]
        for _, one in SCHEDULERS.values()
    ]
    learned = load_policy("continuous-chat-4090-overload")[0].for_scenario(SCENARIO)
    played.append(play_engine(learned.acting, SCENARIO, workloads))
    bounds = hindsight_of_iterations(SCENARIO, workloads[:2], moves=10)
    found = best_known(SCENARIO, workloads[:2], bounds, played, moves=10)
    most = np.max([one.served[:2] for one in played], axis=0)
    assert (bounds.served <= found.served).all()
    assert (most <= found.served).all()
    assert (found.served <= found.upper_bound).all()
    assert (found.upper_bound <= [one.requests for one in workloads[:2]]).all()


def test_who_is_taken_is_completed_or_runs() -> None:
    workloads = draw_workloads(SCENARIO, 2, 0)
    rule = play_engine(
        lambda env: SchedulerPolicy(CHEAPEST, tuned_numbers(CHEAPEST, SCENARIO), env), SCENARIO, workloads
    )
    taken = rule.taken.sum(axis=1)
    assert (rule.served <= taken).all()
    assert (taken < [one.requests for one in workloads]).all()
