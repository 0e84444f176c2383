"""Learned allocations: what they see, where a search begins, what it finds, and how they are kept."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from stable_baselines3.common.evaluation import evaluate_policy

from edge_llm_agents.adapters.sb3_vec_env import EdgeVecEnv
from edge_llm_agents.allocations import search as search_module
from edge_llm_agents.allocations.modules import SeenVariants
from edge_llm_agents.allocations.policy import LearnedAllocation, allocation_function, mechanism_of
from edge_llm_agents.allocations.search import AllocationSettings, search_allocation, served_by_each
from edge_llm_agents.evaluation.judges import judge_of
from edge_llm_agents.evaluation.playing import evaluate_learned
from edge_llm_agents.pretrained.saved_policies import load_policy
from edge_llm_agents.seeded.runs import save_training
from edge_llm_agents.seeded.training import train_seeds
from edge_llm_agents.value_search.cross_entropy import CrossEntropySettings
from edge_llm_agents.value_search.features import FEATURE_SETS
from edge_llm_agents.value_search.search import training_workloads
from edge_llm_baselines.allocation.equal import EqualEverything
from edge_llm_baselines.allocation.partitions import FixedPartition, add_demand
from edge_llm_baselines.allocation.playing import served_by_allocation
from edge_llm_env import load_scenario
from edge_llm_env.envs.suite import BANDWIDTH, COMPUTE, JOINT
from edge_llm_env.workload.streams import Stream, draw_workloads

PRESETS = {BANDWIDTH: "embedding-uplink", COMPUTE: "accuracy-tiers", JOINT: "accuracy-tiers"}
SHORT = {"epoch.episode_epochs": 5}
SMALL = AllocationSettings(
    generations=2,
    episodes=4,
    cross_entropy=CrossEntropySettings(population=4, elites=2),
    validate_every=2,
    validation_episodes=4,
)
PARTITION = (0.2, 0.0, 0.8)


@pytest.fixture(autouse=True)
def _nothing_takes_long_to_tune(monkeypatch: pytest.MonkeyPatch) -> None:
    fixed = replace(search_module.PARTITION, tune=lambda scenario, seed: list(PARTITION))
    monkeypatch.setattr(search_module, "PARTITION", fixed)
    monkeypatch.setattr(search_module, "DISCOUNT", replace(search_module.DISCOUNT, tune=lambda scenario, seed: 0.5))


def short(env_id: str) -> Any:
    return load_scenario(PRESETS[env_id], **SHORT)


def drawn(env_id: str, members: int = 1) -> LearnedAllocation:
    """Of random parameters."""
    function = allocation_function(env_id, short(env_id), features=FEATURE_SETS["foreseen"])
    parameters = np.random.default_rng(0).normal(size=(members, function.size), scale=0.5)
    return LearnedAllocation(env_id, function, parameters, short(env_id))


@pytest.mark.parametrize("env_id", PRESETS)
def test_one_row_and_many_are_alike_and_sb3_evaluates_it(env_id: str) -> None:
    policy = drawn(env_id)
    env = gym.make(env_id, scenario=policy.scenario)
    total = 0.0
    for seed in range(2):
        observation, _ = env.reset(seed=seed)
        truncated = False
        while not truncated:
            action, state = policy.predict(observation, state="kept")
            assert state == "kept"
            assert env.action_space.contains(action)
            observation, reward, _, truncated, _ = env.step(action)
            total += float(reward)
    rows = EdgeVecEnv(env_id, 2, policy.scenario)
    rows.seed(0)
    assert evaluate_policy(policy, rows, n_eval_episodes=2)[0] == pytest.approx(total / 2)


@pytest.mark.parametrize("env_id", PRESETS)
def test_members_of_a_population_serve_as_each_would_alone(env_id: str) -> None:
    policy = drawn(env_id, members=3)
    workloads = training_workloads(policy.scenario, 0, 1, 2)
    together = served_by_each(env_id, policy.function, policy.parameters, policy.scenario, workloads)
    for served, parameters in zip(together, policy.parameters, strict=True):
        alone = evaluate_learned(
            LearnedAllocation(env_id, policy.function, parameters, policy.scenario), policy.scenario, workloads
        ).served
        np.testing.assert_array_equal(served, alone)


def test_demand_is_that_of_the_rule_which_divides_by_it() -> None:
    env: Any = gym.make_vec(COMPUTE, num_envs=8, vectorization_mode="vector_entry_point", scenario=short(COMPUTE))
    observations, _ = env.reset(seed=0)
    simulation = env.unwrapped.simulation
    seen = SeenVariants(observations, mechanism_of(COMPUTE).observation, short(COMPUTE)).demand()
    for row in range(8):
        demand_s = np.zeros(3)
        add_demand(simulation.params, simulation.state, row, demand_s)
        np.testing.assert_allclose(seen[row] * short(COMPUTE).epoch.compute_window_s, demand_s, rtol=1e-5)
    assert seen.any()


@pytest.mark.parametrize(
    ("env_id", "rule"),
    [
        (COMPUTE, FixedPartition(np.array(PARTITION))),
        (JOINT, EqualEverything(FixedPartition(np.array(PARTITION)))),
    ],
)
def test_a_search_begins_at_the_best_fixed_partition(env_id: str, rule: Any) -> None:
    scenario = short(env_id)
    function = allocation_function(env_id, scenario, features=FEATURE_SETS["foreseen"])
    begin = LearnedAllocation(env_id, function, function.starting_point(PARTITION, None), scenario)
    workloads = draw_workloads(scenario, 4, 0)
    served = served_by_allocation(env_id, rule, scenario, workloads)
    np.testing.assert_array_equal(evaluate_learned(begin, scenario, workloads).served, served)


@pytest.mark.parametrize("env_id", PRESETS)
def test_equal_settings_find_equal_parameters_and_the_best_in_validation_is_kept(env_id: str) -> None:
    scenario = short(env_id)
    one, same = (search_allocation(env_id, scenario, SMALL, 3) for _ in range(2))
    np.testing.assert_array_equal(one.policy.parameters, same.policy.parameters)
    assert one.curve == same.curve
    validated = [progress.validation_served for progress in one.curve]
    assert [served is not None for served in validated] == [True, False, True]
    workloads = draw_workloads(scenario, SMALL.validation_episodes, 3, Stream.VALIDATION)
    served = evaluate_learned(one.policy, scenario, workloads).served.mean()
    assert served == pytest.approx(max(found for found in validated if found is not None))
    assert one.epoch_steps == 2 * 4 * 4 * 5


def test_seeds_are_judged_against_the_oracle_and_all_rules_and_the_median_is_saved(tmp_path: Path) -> None:
    scenario = short(COMPUTE)
    judge = judge_of(COMPUTE, scenario, episodes=6)
    for trained in train_seeds("accuracy-tiers", SHORT, SMALL, (0, 1, 2), judge):
        save_training(trained, "mine", tmp_path, tmp_path)
    record = json.loads((tmp_path / "train-mine.json").read_text())
    policy, card = load_policy(tmp_path / "mine", scenario)
    served = evaluate_learned(policy, scenario, judge.workloads).served
    assert served.sum() == sorted(run["served"] for run in record["runs"])[1]
    oracle, rules = judge.played["best-partition"].served, record["references"]["rules"]
    judged = judge.judge(policy.acting)
    mean = 100.0 * (served - oracle).mean() / oracle.mean()
    assert judged["difference_to_oracle_percent"]["mean"] == pytest.approx(mean)
    assert judged["percent_of_oracle"] == pytest.approx(100.0 + mean)
    assert judge.best_rule == max(rules, key=lambda key: rules[key]["percent_of_oracle"])
    best = judge.played[judge.best_rule].served
    above = 100.0 * (served - best).mean() / oracle.mean()
    assert judged["difference_to_best_rule_percent"]["mean"] == pytest.approx(above)
    assert card.check["served"] == served.sum()
    assert load_policy(tmp_path / "mine")[0].description() == policy.description()


def test_what_does_not_fit_is_an_error() -> None:
    policy = drawn(BANDWIDTH, members=2)
    with pytest.raises(ValueError, match=r"parameters of shape \(3,\): must have \d+ per member"):
        LearnedAllocation(BANDWIDTH, policy.function, np.zeros(3), policy.scenario)
    with pytest.raises(ValueError, match="must have a multiple of 2 rows"):
        policy.predict(np.zeros((3, 394), dtype=np.float32))
    with pytest.raises(ValueError, match="policy: has 2 members, must have 1"):
        policy.arrays()
    with pytest.raises(ValueError, match="env_id = 'EdgeLLM/Batching-v0': must be one of"):
        mechanism_of("EdgeLLM/Batching-v0")
    with pytest.raises(ValueError, match="module feature = 'hostd'"):
        allocation_function(COMPUTE, short(COMPUTE), module_features=("hostd",))
    with pytest.raises(ValueError, match="generations = 0: must be at least 1"):
        AllocationSettings(generations=0)
    with pytest.raises(ValueError, match="episodes = 1: must be at least 2"):
        judge_of(COMPUTE, short(COMPUTE), 1)
    with pytest.raises(ValueError, match=r"hindsight_episodes = 3: must be in 0..2"):
        judge_of(COMPUTE, short(COMPUTE), 2, 3)
