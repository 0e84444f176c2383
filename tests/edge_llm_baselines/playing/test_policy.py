"""`EpochPolicy`: a solver's batches, replayed in the environments and run by Stable-Baselines3."""

from __future__ import annotations

from functools import cache

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.vector import SyncVectorEnv
from gymnasium.wrappers.vector import RecordEpisodeStatistics
from stable_baselines3.common.evaluation import evaluate_policy
from stable_baselines3.common.monitor import Monitor
from stable_baselines3.common.vec_env import DummyVecEnv, VecMonitor

from edge_llm_agents.adapters.sb3_vec_env import EdgeVecEnv
from edge_llm_baselines import DFTSP, BatchProblem, EpochPolicy
from edge_llm_baselines.rules.heuristics import (
    EarliestDeadlineFirst,
    FirstComeFirstServed,
    NoBatching,
    RandomOrder,
    ShortestJobFirst,
    StaticBatching,
)
from edge_llm_env import Scenario, Workload, draw_workload, load_scenario
from edge_llm_env.dynamics.state import COUNTERS
from tests.references import plain_rule

BATCHING, SELECTION = "EdgeLLM/Batching-v0", "EdgeLLM/BatchSelection-v0"
SCENARIOS = {
    "paper-bloom-3b": ("paper-bloom-3b", {}),
    "carry-over": ("carry-over", {}),
    "outputs to the longest": ("carry-over", {"node.output_length": "batch_max"}),
    "prompts to the longest": ("carry-over", {"node.prompt_padding": "batch_max", "radio.reciprocal_fading": False}),
    "paper, outputs to the longest": ("paper-bloom-3b", {"node.output_length": "batch_max"}),
    "narrow band": (
        "carry-over",
        {"node.prompt_padding": "fixed", "node.fixed_prompt_tokens": 512, "radio.reciprocal_fading": False}
        | {"radio.uplink_bits_per_token": 40960.0, "radio.downlink_bits_per_token": 81920.0},
    ),
}  # fmt: skip
SEEDS = (0, 1)


def scenario_named(name: str) -> Scenario:
    preset, overrides = SCENARIOS[name]
    return load_scenario(preset, **overrides)


def workload_of(scenario: Scenario, seed: int) -> Workload:
    return draw_workload(scenario, np.random.default_rng(seed))


@cache
def selection_episode(name: str, seed: int):
    """A whole episode of DFTSP in BatchSelection-v0: per epoch the problem, the solution and the info of the step."""
    scenario = scenario_named(name)
    env = gym.make(SELECTION, scenario=scenario)
    env.reset(seed=0, options={"workload": workload_of(scenario, seed)})
    epochs, truncated = [], False
    while not truncated:
        problem = BatchProblem.of_row(env.unwrapped.simulation)
        solution = DFTSP().solve(problem)
        action = np.zeros(env.action_space.n, dtype=np.int8)
        action[: len(problem)] = solution.selected
        _, _, _, truncated, info = env.step(action)
        epochs.append((problem, solution, info))
    return epochs


def policy_episode(env_id: str, name: str, seed: int, solver) -> list[dict[str, int]]:
    """The counters after each epoch of a whole episode of a solver's policy."""
    scenario = scenario_named(name)
    env = gym.make(env_id, scenario=scenario)
    policy = EpochPolicy(solver, env)
    observation, _ = env.reset(seed=0, options={"workload": workload_of(scenario, seed)})
    counters, truncated = [], False
    while not truncated:
        action, _ = policy.predict(observation)
        observation, _, _, truncated, info = env.step(action)
        if info["epochs"] > len(counters):
            counters.append({counter: info[counter] for counter in COUNTERS})
    return counters


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", SCENARIOS)
def test_batch_selection_serves_exactly_the_batches_of_dftsp(name, seed):
    epochs = selection_episode(name, seed)
    served = np.diff([0, *(info["served"] for _, _, info in epochs)])
    assert served.tolist() == [solution.value for _, solution, _ in epochs]
    assert [info["not_admitted"] for _, _, info in epochs] == [0] * len(epochs)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", SCENARIOS)
def test_dftsp_s_batches_are_feasible_by_the_plain_rule_and_refuse_somebody(name, seed):
    epochs = selection_episode(name, seed)
    assert len(epochs) == 50
    for problem, solution, _ in epochs:
        assert plain_rule.is_feasible(problem, solution.selected)
    assert sum(solution.value < len(problem) for problem, solution, _ in epochs) >= 10


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", SCENARIOS)
def test_the_policy_serves_alike_in_both_environments(name, seed):
    one_by_one = policy_episode(BATCHING, name, seed, DFTSP())
    at_once = policy_episode(SELECTION, name, seed, DFTSP())
    assert one_by_one == at_once
    replayed = [info for _, _, info in selection_episode(name, seed)]
    assert one_by_one == [{counter: info[counter] for counter in COUNTERS} for info in replayed]
    assert one_by_one[-1]["invalid_actions"] == one_by_one[-1]["not_admitted"] == 0


@pytest.mark.parametrize("solver", [EarliestDeadlineFirst, NoBatching, RandomOrder])
def test_a_heuristic_s_policy_serves_alike_in_both_environments(solver):
    one_by_one = policy_episode(BATCHING, "carry-over", 0, solver())
    assert one_by_one == policy_episode(SELECTION, "carry-over", 0, solver())
    assert one_by_one[-1]["served"] > 0
    assert one_by_one[-1]["invalid_actions"] == 0


@pytest.mark.parametrize("name", SCENARIOS)
def test_within_an_epoch_no_heuristic_serves_more_than_dftsp(name):
    static = StaticBatching.for_scenario(scenario_named(name))
    dynamic = FirstComeFirstServed(), EarliestDeadlineFirst(), ShortestJobFirst(), NoBatching(), RandomOrder()
    fewer = 0
    for seed in SEEDS:
        for problem, best, _ in selection_episode(name, seed):
            for heuristic in (static, *dynamic):
                solution = heuristic.solve(problem)
                assert solution.value <= best.value
                assert plain_rule.is_feasible(problem, solution.selected)
                fewer += solution.value < best.value
    assert fewer > 0


@pytest.mark.parametrize("env_id", [BATCHING, SELECTION])
def test_rows_of_a_vector_environment_are_served_as_single_environments_are(env_id):
    scenario = scenario_named("carry-over")
    rows = 3
    env = gym.make_vec(env_id, num_envs=rows, vectorization_mode="vector_entry_point", scenario=scenario)
    policy = EpochPolicy(DFTSP(), env)
    observations, _ = env.reset(seed=0, options={"workloads": [workload_of(scenario, seed) for seed in range(rows)]})
    last = [None] * rows
    while not all(last):
        actions, _ = policy.predict(observations)
        observations, _, _, truncated, infos = env.step(actions)
        for row in np.flatnonzero(truncated):
            last[row] = last[row] or {counter: infos[counter][row] for counter in COUNTERS}
    assert last == [policy_episode(env_id, "carry-over", seed, DFTSP())[-1] for seed in range(rows)]


@pytest.mark.parametrize("env_id", [BATCHING, SELECTION])
def test_a_new_episode_is_planned_anew(env_id):
    """A policy that is half way through an epoch forgets that epoch's plan when the environment is reset."""
    scenario = scenario_named("carry-over")
    env = gym.make(env_id, scenario=scenario)
    policy = EpochPolicy(DFTSP(), env)
    observation, _ = env.reset(seed=0, options={"workload": workload_of(scenario, 1)})
    env.step(policy.predict(observation)[0])
    served, truncated = 0, False
    observation, _ = env.reset(options={"workload": workload_of(scenario, 0)})
    while not truncated:
        observation, _, _, truncated, info = env.step(policy.predict(observation)[0])
        served = info["served"]
    assert served == selection_episode("carry-over", 0)[-1][2]["served"]
    assert info["invalid_actions"] == 0


def test_it_admits_the_chosen_requests_from_the_first_slot_on_and_then_dispatches():
    env = gym.make(BATCHING, scenario="carry-over")
    policy = EpochPolicy(DFTSP(), env)
    observation, _ = env.reset(seed=0)
    chosen = np.flatnonzero(DFTSP().solve(BatchProblem.of_row(env.unwrapped.simulation)).selected)
    actions = []
    for _ in range(len(chosen) + 1):
        action, _ = policy.predict(observation)
        observation, *_ = env.step(action)
        actions.append(int(action))
    assert actions == [*chosen.tolist(), env.unwrapped.simulation.slots]


def test_asked_in_an_epoch_that_it_did_not_plan_it_dispatches():
    env = gym.make(BATCHING, scenario="carry-over")
    _, info = env.reset(seed=0)
    observation, *_ = env.step(int(info["action_mask"].argmax()))
    action, _ = EpochPolicy(DFTSP(), env).predict(observation)
    assert action == env.unwrapped.simulation.slots


def mean_served(name: str, seeds: list[int], env_id: str) -> float:
    """Mean return of DFTSP over the first episodes of these seeds of `reset`."""
    env = gym.make(env_id, scenario=scenario_named(name))
    policy, total = EpochPolicy(DFTSP(), env), 0.0
    for seed in seeds:
        (observation, _), truncated = env.reset(seed=seed), False
        while not truncated:
            observation, reward, _, truncated, _ = env.step(policy.predict(observation)[0])
            total += reward
    return total / len(seeds)


@pytest.mark.parametrize("env_id", [BATCHING, SELECTION])
def test_sb3_evaluates_it_on_a_single_environment(env_id):
    env = DummyVecEnv([lambda: Monitor(gym.make(env_id, scenario="carry-over"))])
    env.seed(7)
    mean, spread = evaluate_policy(EpochPolicy(DFTSP(), env), env, n_eval_episodes=1)
    assert (mean, spread) == (mean_served("carry-over", [7], env_id), 0.0)


@pytest.mark.parametrize("env_id", [BATCHING, SELECTION])
def test_sb3_evaluates_it_on_a_monitored_environment_that_it_wraps_itself(env_id):
    env = Monitor(gym.make(env_id, scenario="carry-over"))
    mean, _ = evaluate_policy(EpochPolicy(DFTSP(), env), env, n_eval_episodes=1)
    counters = env.unwrapped.simulation.counters(0)
    assert mean == env.get_episode_rewards()[0] > 100
    assert counters["epochs"] == 0  # the next episode has begun


@pytest.mark.parametrize("env_id", [BATCHING, SELECTION])
def test_sb3_evaluates_it_on_several_environments(env_id):
    env = DummyVecEnv([lambda: Monitor(gym.make(env_id, scenario="carry-over")) for _ in range(3)])
    env.seed(7)
    mean, _ = evaluate_policy(EpochPolicy(DFTSP(), env), env, n_eval_episodes=3)
    assert mean == pytest.approx(mean_served("carry-over", [7, 8, 9], env_id), rel=1e-12)


@pytest.mark.parametrize("env_id", [BATCHING, SELECTION])
@pytest.mark.parametrize("monitor", [lambda env: env, VecMonitor], ids=["bare", "monitored"])
@pytest.mark.filterwarnings("ignore:The environment is already wrapped with a `Monitor`:UserWarning")
def test_sb3_evaluates_it_on_the_native_vector_environment(env_id, monitor):
    env = monitor(EdgeVecEnv(env_id, num_envs=3, scenario="carry-over"))
    env.seed(7)
    mean, _ = evaluate_policy(EpochPolicy(DFTSP(), env), env, n_eval_episodes=3, warn=False)
    assert mean == pytest.approx(mean_served("carry-over", [7, 8, 9], env_id), rel=1e-12)


@pytest.mark.parametrize("env_id", [BATCHING, SELECTION])
def test_its_action_for_one_observation_is_in_the_action_space(env_id):
    env = gym.make(env_id, scenario="carry-over")
    observation, _ = env.reset(seed=0)
    action, _ = EpochPolicy(DFTSP(), env).predict(observation)
    assert env.action_space.contains(action)


@pytest.mark.parametrize("env_id", [BATCHING, SELECTION])
@pytest.mark.parametrize("rows", [1, 4])
def test_its_actions_for_rows_of_observations_are_in_the_batched_action_space(env_id, rows):
    env = gym.make_vec(env_id, num_envs=rows, vectorization_mode="vector_entry_point", scenario="carry-over")
    observations, _ = env.reset(seed=0)
    actions, _ = EpochPolicy(DFTSP(), env).predict(observations)
    assert env.action_space.contains(actions)
    assert len(actions) == rows


@pytest.mark.parametrize("env_id", [BATCHING, SELECTION])
@pytest.mark.parametrize("rows", [1, 2])
def test_a_wrapped_vector_of_single_environments_is_played_as_the_bare_one(env_id, rows):
    bare = SyncVectorEnv([lambda: gym.make(env_id, scenario="carry-over")] * rows)
    wrapped = RecordEpisodeStatistics(SyncVectorEnv([lambda: gym.make(env_id, scenario="carry-over")] * rows))
    policies = [EpochPolicy(DFTSP(), env) for env in (bare, wrapped)]
    observations = [env.reset(seed=0)[0] for env in (bare, wrapped)]
    for _ in range(3):
        actions = [policy.predict(seen)[0] for policy, seen in zip(policies, observations, strict=True)]
        assert np.array_equal(*actions)
        assert actions[1].shape[0] == rows
        observations = [env.step(action)[0] for env, action in zip((bare, wrapped), actions, strict=True)]
    assert np.array_equal(*observations)


@pytest.mark.parametrize("state", [None, ("hidden", 1)])
def test_state_passes_through(state):
    env = gym.make(SELECTION, scenario="carry-over")
    observation, _ = env.reset(seed=0)
    _, passed = EpochPolicy(DFTSP(), env).predict(observation, state, np.array([True]), deterministic=False)
    assert passed is state


@pytest.mark.parametrize("given", [1, 2, 4])
def test_another_number_of_observations_than_rows_is_refused(given):
    env = gym.make_vec(SELECTION, num_envs=3, vectorization_mode="vector_entry_point", scenario="carry-over")
    observations, _ = env.reset(seed=0)
    observations = np.resize(observations, (given, observations.shape[1]))
    with pytest.raises(ValueError, match=rf"^observation of shape \({given}, .*of the 3 rows"):
        EpochPolicy(DFTSP(), env).predict(observations)


def test_one_flat_observation_is_refused_where_there_are_several_rows():
    env = gym.make_vec(BATCHING, num_envs=3, vectorization_mode="vector_entry_point", scenario="carry-over")
    observations, _ = env.reset(seed=0)
    with pytest.raises(ValueError, match=r"^observation of shape"):
        EpochPolicy(DFTSP(), env).predict(observations[0])


def test_a_foreign_environment_is_refused():
    with pytest.raises(ValueError, match="must be an environment of edge_llm_env"):
        EpochPolicy(DFTSP(), gym.make("CartPole-v1"))


def test_foreign_environments_in_a_vector_are_refused():
    env = DummyVecEnv([lambda: gym.make("CartPole-v1")])
    with pytest.raises(ValueError, match="must be an environment of edge_llm_env"):
        EpochPolicy(DFTSP(), env)


def test_an_object_that_is_no_environment_is_refused():
    with pytest.raises(ValueError, match="must be an environment of edge_llm_env"):
        EpochPolicy(DFTSP(), object())


@pytest.mark.parametrize(
    ("name", "scenario"),
    [
        ("Bandwidth-v0", "carry-over"),
        ("Compute-v0", "carry-over"),
        ("ContinuousBatching-v0", "chat-4090"),
        ("MultiNode-v0", "two-cells"),
        ("Scaling-v0", "carry-over"),
    ],
)
def test_environments_whose_actions_are_no_batches_are_refused(name: str, scenario: str) -> None:
    env = gym.make(f"EdgeLLM/{name}", scenario=scenario)
    message = rf"^env = .*{name}.*: must be EdgeLLM/BatchSelection-v0 or EdgeLLM/Batching-v0"
    with pytest.raises(ValueError, match=message):
        EpochPolicy(DFTSP(), env)


def test_a_wrapped_vector_of_foreign_environments_is_refused():
    env = RecordEpisodeStatistics(SyncVectorEnv([lambda: gym.make("CartPole-v1")]))
    with pytest.raises(ValueError, match="must be an environment of edge_llm_env"):
        EpochPolicy(DFTSP(), env)
