"""What environments promise holds where requests are the calls of tasks."""

from __future__ import annotations

import copy
import json
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from stable_baselines3.common.env_checker import check_env as sb3_check_env

from edge_llm_baselines import DFTSP, BatchProblem, EpochPolicy
from edge_llm_baselines.allocation.oracle_decoding import decode
from edge_llm_baselines.playing.roll_out import roll_out
from edge_llm_baselines.registry.calls import RULES as CALL_RULES
from edge_llm_baselines.tasks.orders import expected_calls_left
from edge_llm_baselines.tasks.policy import CallsInOrder
from edge_llm_baselines.tasks.valued import ValuedCalls
from edge_llm_env import Scenario, ScenarioError, draw_workload, draw_workloads, load_scenario
from edge_llm_env.envs.observation.layout import names
from edge_llm_env.envs.suite import BATCH_SELECTION, BATCHING, CONTINUOUS_BATCHING
from edge_llm_env.registration import ENVIRONMENTS
from edge_llm_env.task_dynamics.params import task_params
from tests.support.helpers import small_scenario, workload_at
from tests.support.programs.processes import ROOT, run
from tests.support.tasks import TASK_WEIGHTS, small_tasks

SETTINGS = {name.replace(".", "__"): weight for name, weight in TASK_WEIGHTS.items()} | {"workload__tasks__signals": {}}
SCENARIO = small_tasks(**SETTINGS)
DROPPING = small_tasks(**SETTINGS, workload__tasks__drop_by_action=True)
SWAPPING = small_tasks(
    **SETTINGS,
    workload__tasks__kv_cache="keep_or_swap",
    workload__tasks__cache_share=0.001,
    iterations__host_memory_bytes=3e8,
)
OF_TASKS = (BATCHING, BATCH_SELECTION, CONTINUOUS_BATCHING)
both = pytest.mark.parametrize("env_id", [BATCHING, BATCH_SELECTION])
everywhere = pytest.mark.parametrize("env_id", OF_TASKS)
all_forms = pytest.mark.parametrize(
    ("env_id", "scenario"),
    [*((one, each) for one in OF_TASKS for each in (SCENARIO, SWAPPING)), (BATCH_SELECTION, DROPPING)],
)


@pytest.mark.parametrize("engine", ["vllm", "tensorrt-llm"])
def test_kept_caches_take_keys_and_values_and_no_activations(engine: str) -> None:
    """Llama-3.1-8B: 32 layers, 8 heads of 128 keys and 128 values of 16 bits; TensorRT-LLM prefills in one chunk."""
    scenario = load_scenario("agents-chain", **{"node.engine": engine})
    assert task_params(scenario).token_bytes == pytest.approx(32 * 8 * (128 + 128) * 2)


@all_forms
def test_the_checkers_have_nothing_to_say(env_id: str, scenario: Scenario) -> None:
    check_env(gym.make(env_id, scenario=scenario).unwrapped, skip_render_check=True)
    sb3_check_env(gym.make(env_id, scenario=scenario).unwrapped)


@all_forms
def test_a_row_of_the_vector_environment_is_the_single_one_to_the_bit(env_id: str, scenario: Scenario) -> None:
    rows = gym.make_vec(env_id, num_envs=3, vectorization_mode="vector_entry_point", scenario=scenario)
    one = gym.make(env_id, scenario=scenario, disable_env_checker=True)
    rows.action_space.seed(0)
    observations, infos = rows.reset(seed=4)
    observation, info = one.reset(seed=5)
    for _ in range(60):
        assert (observations[1] == observation).all()
        for name, value in info.items():
            if isinstance(value, dict):
                assert {key: infos[name][key][1] for key in value} == value
            else:
                assert np.array_equal(infos[name][1], value), name
        actions = rows.action_space.sample()
        if env_id != BATCH_SELECTION:
            actions = np.array([np.flatnonzero(mask)[0] for mask in infos["action_mask"]])
        observations, rewards, _, truncations, infos = rows.step(actions)
        observation, reward, _, truncated, info = one.step(actions[1])
        assert rewards[1] == reward
        assert truncations[1] == truncated
        if truncated:
            break


@all_forms
def test_a_state_that_was_taken_is_gone_on_from(env_id: str, scenario: Scenario) -> None:
    rows = gym.make_vec(env_id, num_envs=2, vectorization_mode="vector_entry_point", scenario=scenario).unwrapped
    rows.action_space.seed(0)
    rows.reset(seed=1)
    actions = [rows.action_space.sample() for _ in range(12)]
    for action in actions[:6]:
        rows.step(action)
    state = copy.deepcopy(rows.state())
    first = [rows.step(action)[0].copy() for action in actions[6:]]
    rows.restore(state)
    assert all((rows.step(action)[0] == one).all() for action, one in zip(actions[6:], first, strict=True))
    kept = [("kept", 10**6), ("in_kept", 100)] if scenario is DROPPING else []
    for name, bad in (("task_first", 10**6), ("predecessors", 10**6), ("task_kind", 100), ("status", 9), *kept):
        broken = copy.deepcopy(state)
        broken[f"rows.{name}"][:] = np.array(bad).astype(broken[f"rows.{name}"].dtype)
        with pytest.raises(ValueError, match=rf"rows\.{name}"):
            rows.restore(broken)


def test_an_observation_says_what_the_setting_lets_it() -> None:
    def features(**settings: object) -> list[str]:
        scenario = small_tasks(**settings)
        env = gym.make(BATCHING, scenario=scenario)
        found = names(env.unwrapped.mechanism.observation, scenario)
        assert env.observation_space.shape == (len(found),)
        return [name for name in found if name.endswith("[0]")]

    assert "calls_left[0]" in features()
    assert "calls_left[0]" not in features(workload__tasks__calls_left="unknown")
    assert "signal_0[0]" not in features()
    assert "signal_4[0]" in features(workload__tasks__signals={})
    plain = gym.make(BATCHING, scenario=small_scenario()).unwrapped
    assert "kind[0]" not in names(plain.mechanism.observation, plain.scenario)


def test_an_action_drops_caches_where_the_scenario_has_it_so_and_nowhere_else() -> None:
    slots = SCENARIO.epoch.visible_slots
    without, env = (gym.make(BATCH_SELECTION, scenario=one).unwrapped for one in (SCENARIO, DROPPING))
    assert (without.action_space.n, env.action_space.n) == (slots, 2 * slots)
    for env_id in (BATCHING, CONTINUOUS_BATCHING):
        assert gym.make(env_id, scenario=SCENARIO).action_space == gym.make(env_id, scenario=DROPPING).action_space
    assert SCENARIO.fingerprint() != DROPPING.fingerprint()
    env.reset(seed=0)
    with pytest.raises(ValueError, match=rf"must have shape \({2 * slots},\)"):
        env.step(np.zeros(slots, dtype=np.int8))


@pytest.mark.parametrize(
    "make_policy",
    [
        lambda env: EpochPolicy(DFTSP(), env),
        lambda env: CallsInOrder(expected_calls_left, env),
        lambda env: ValuedCalls(lambda seen: np.ones(seen.present.shape), env),
        lambda env: AllAlike(env),
    ],
    ids=["solver", "order", "values", "decoding"],
)
def test_who_drops_nothing_does_the_same_where_an_action_could(make_policy: Any) -> None:
    workloads = draw_workloads(SCENARIO, 2, seed=3)
    one, other = (roll_out(make_policy, BATCH_SELECTION, scenario, workloads) for scenario in (SCENARIO, DROPPING))
    assert one.served.sum() > 0
    assert one.reward.tolist() == other.reward.tolist()


RULES_OF_CALLS = {key: rule.acting(0) for key, rule in CALL_RULES.items() if rule.tunable is None}
RULES_OF_CALLS["values"] = lambda env: ValuedCalls(lambda seen: 1.0 / (1.0 + seen.slack_epochs), env)


@pytest.mark.parametrize("key", RULES_OF_CALLS)
def test_rules_of_calls_serve_alike_request_by_request(key: str) -> None:
    workloads = draw_workloads(SCENARIO, 2, seed=3)
    by_batch = roll_out(RULES_OF_CALLS[key], BATCH_SELECTION, SCENARIO, workloads)
    one_by_one = roll_out(RULES_OF_CALLS[key], BATCHING, SCENARIO, workloads)
    assert one_by_one.served.tolist() == by_batch.served.tolist()
    assert by_batch.served.sum() > 0


class AllAlike:
    """Oracle decoding of values of 1."""

    def __init__(self, env: Any) -> None:
        self.simulation = env.unwrapped.simulation

    def predict(self, observation: Any, **_: Any) -> tuple[Any, None]:
        return decode(self.simulation, np.ones((len(observation), self.simulation.slots))), None


@pytest.mark.parametrize("env_id", [env_id for env_id in ENVIRONMENTS if env_id not in OF_TASKS])
def test_other_environments_say_that_they_do_not_play_tasks(env_id: str) -> None:
    with pytest.raises(ScenarioError, match=r"workload\.tasks: must be left out here"):
        gym.make(env_id, scenario=SCENARIO)


@everywhere
def test_a_workload_of_the_other_sort_is_refused(env_id: str) -> None:
    env = gym.make(env_id, scenario=SCENARIO)
    with pytest.raises(ValueError, match="workload task: must be given"):
        env.reset(options={"workload": workload_at([1.0])})
    plain = gym.make(env_id, scenario=small_scenario())
    with pytest.raises(ValueError, match="workload task: must be left out"):
        plain.reset(options={"workload": draw_workload(SCENARIO, np.random.default_rng(0))})


def test_kernels_do_the_same_without_a_compiler() -> None:
    program = (
        "import json, numpy as np, gymnasium as gym\n"
        "from tests.edge_llm_env.task_dynamics.test_environments import SCENARIO\n"
        "env = gym.make('EdgeLLM/BatchSelection-v0', scenario=SCENARIO, disable_env_checker=True)\n"
        "env.action_space.seed(0); env.reset(seed=0)\n"
        "steps = [env.step(env.action_space.sample()) for _ in range(20)]\n"
        "print(json.dumps([[one[0].tolist(), one[1]] for one in steps]))\n"
    )
    texts = [run("-c", program, cwd=ROOT, env={"NUMBA_DISABLE_JIT": flag}).stdout for flag in ("0", "1")]
    assert json.loads(texts[0].splitlines()[-1]) == json.loads(texts[1].splitlines()[-1])


@pytest.mark.parametrize("scenario", [SCENARIO, SWAPPING], ids=["kept", "swapped"])
@both
def test_what_a_solver_chooses_is_served(env_id: str, scenario: Scenario) -> None:
    """The epoch problem of a row, with the memory that kept caches leave, is that of the environment."""
    env = gym.make(env_id, scenario=scenario, disable_env_checker=True)
    policy = EpochPolicy(DFTSP(), env)
    for workload in draw_workloads(scenario, 2):
        observation, info = env.reset(options={"workload": workload})
        truncated = False
        while not truncated:
            problem = BatchProblem.of_row(env.unwrapped.simulation)
            alone = np.eye(len(problem), dtype=bool)
            if env_id == BATCH_SELECTION:
                assert [problem.is_feasible(one) for one in alone] == info["action_mask"][: len(problem)].tolist()
            observation, _, _, truncated, info = env.step(policy.predict(observation)[0])
            assert info["not_admitted"] == 0
            assert info["invalid_actions"] == 0


@everywhere
def test_rows_of_tasks_and_of_requests_play_in_one_process_by_turns(env_id: str) -> None:
    def played(scenario: Scenario) -> list[float]:
        rows = gym.make_vec(env_id, num_envs=2, vectorization_mode="vector_entry_point", scenario=scenario)
        rows.action_space.seed(0)
        first = rows.reset(seed=0)[0].copy()
        return [*first.ravel(), *(float(rows.step(rows.action_space.sample())[1].sum()) for _ in range(6))]

    of_tasks, of_requests = played(SCENARIO), played(small_scenario())
    assert (played(SCENARIO), played(small_scenario())) == (of_tasks, of_requests)
