"""Oracle decoding: values in, the exact weighted batch out, alike on the single and on the vector environment."""

from __future__ import annotations

import copy
import pickle

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from gymnasium.vector import AutoresetMode
from gymnasium.wrappers import RescaleAction
from stable_baselines3.common.env_checker import check_env as sb3_check_env

from edge_llm_baselines import DFTSP, BatchProblem, BranchAndBound, EpochPolicy, LookAhead, OracleDecoding
from edge_llm_baselines.allocation.oracle_decoding import VectorOracleDecoding
from edge_llm_baselines.playing.roll_out import served_by
from edge_llm_baselines.rules.look_ahead import GRID
from edge_llm_env import Scenario, draw_workload, load_scenario
from edge_llm_env.workload.streams import draw_workloads
from tests.support.helpers import ALL_WEIGHTS, assert_same, small_scenario, workload_at

SELECTION = "EdgeLLM/BatchSelection-v0"
SCENARIO = small_scenario(**ALL_WEIGHTS)
SLOTS = SCENARIO.epoch.visible_slots
PRESETS = ("carry-over", "paper-bloom-3b")


def single(scenario: str | Scenario = SCENARIO) -> OracleDecoding:
    return OracleDecoding(gym.make(SELECTION, scenario=scenario))


def vector(rows: int, scenario: str | Scenario = SCENARIO, **options) -> VectorOracleDecoding:
    env = gym.make_vec(SELECTION, num_envs=rows, vectorization_mode="vector_entry_point", scenario=scenario, **options)
    return VectorOracleDecoding(env)


def random_values(rng: np.random.Generator, *shape: int) -> np.ndarray:
    """Values in 0..1, a tenth of them exactly 0."""
    return (rng.random(shape) * (rng.random(shape) < 0.9)).astype(np.float32)


def play(env: gym.Env, seed: int, steps: int) -> list:
    rng = np.random.default_rng(seed)
    returned: list = [env.reset(seed=seed)]
    for _ in range(steps):
        returned.append(env.step(random_values(rng, *env.action_space.shape)))
        if returned[-1][3]:
            returned.append(env.reset())
    return returned


# --- what happens


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("value", [1.0, 0.3, 1e-6])
def test_with_equal_values_every_batch_is_as_large_as_that_of_dftsp(preset: str, value: float):
    env = single(preset)
    env.reset(seed=3)
    served, truncated = 0, False
    while not truncated:
        largest = DFTSP().solve(BatchProblem.of_row(env.unwrapped.simulation)).value
        _, _, _, truncated, info = env.step(np.full(env.action_space.shape, value, dtype=np.float32))
        assert info["served"] - served == largest
        assert info["not_admitted"] == 0
        served = info["served"]
    assert served > 0


def test_the_more_valuable_of_two_requests_is_served_where_one_fits():
    # On 4 modules either request alone takes 0.945 s of the window of 1.5 s.
    workload = workload_at([0.5, 0.6], prompt_tokens=512, output_tokens=512, latency_requirement_s=3.5)
    scenario = small_scenario(node__modules=4)
    for values, chosen in (([1.0, 0.9], [1, 0]), ([0.9, 1.0], [0, 1]), ([0.0, 0.1], [0, 1])):
        env = single(scenario)
        env.reset(options={"workload": workload})
        alone_s = env.unwrapped.simulation.state.slot_compute_s[0, :2]
        assert (alone_s < 1.5).all()
        assert alone_s.sum() > 1.5
        batch = env.action(np.array(values + [0.5] * (SLOTS - 2), dtype=np.float32))
        assert batch.tolist() == chosen + [0] * (SLOTS - 2)


def test_a_request_of_value_zero_is_left_even_where_there_is_room():
    env = single()
    env.reset(options={"workload": workload_at([0.5, 0.6, 0.7])})
    values = np.ones(SLOTS, dtype=np.float32)
    values[1] = 0.0
    assert env.action(values).tolist() == [1, 0, 1] + [0] * (SLOTS - 3)


def test_all_zeros_serve_nobody():
    env = single()
    env.reset(seed=0)
    truncated = False
    while not truncated:
        _, _, _, truncated, info = env.step(np.zeros(SLOTS, dtype=np.float32))
    assert info["arrived"] > 0
    assert info["served"] == 0


def test_values_of_empty_slots_do_not_matter():
    env = single()
    env.reset(options={"workload": workload_at([0.5, 0.6])})
    values = np.ones((2, SLOTS), dtype=np.float32)
    values[1, 2:] = 0.0
    assert_same(env.action(values[0]), env.action(values[1]))


def test_values_are_rounded_up_to_the_grid():
    """Within one step of the grid values are equal, and then more requests win."""
    scenario = small_scenario(node__modules=4)
    workload = workload_at([0.5, 0.6, 0.7], prompt_tokens=[512, 128, 128], output_tokens=[512, 128, 128])
    env = single(scenario)
    env.reset(options={"workload": workload})
    least = np.float32(0.01 / GRID)
    assert env.action(np.full(SLOTS, least))[:3].tolist() == env.action(np.ones(SLOTS, dtype=np.float32))[:3].tolist()
    assert env.action(np.array([0, 0, least] + [0] * (SLOTS - 3), dtype=np.float32))[2] == 1


def test_a_solver_s_batch_given_as_values_is_the_batch():
    """`EpochPolicy` of any solver runs in the wrapped environment as in the bare one."""
    workloads = draw_workloads(small_scenario(epoch__visible_slots=32), 3, seed=0)
    scenario = small_scenario(epoch__visible_slots=32)
    solver = LookAhead(0.6, scenario.epoch.epoch_s)
    env = vector(3, scenario, autoreset_mode=AutoresetMode.DISABLED)
    policy = EpochPolicy(solver, env)
    observations, _ = env.reset(options={"workloads": workloads})
    for _ in range(scenario.epoch.episode_epochs):
        observations, _, _, _, infos = env.step(policy.predict(observations)[0])
    assert infos["served"].tolist() == served_by(solver, scenario, workloads).tolist()


@pytest.mark.parametrize("rate_per_s", [10.0, 30.0, 60.0])
@pytest.mark.parametrize("resource", ["compute_s", "uplink_share", "downlink_share"])
def test_values_proportional_to_a_cost_take_no_longer_than_others(resource: str, rate_per_s: float):
    """Counted in nodes, of which 2,000 take some 2 ms; there were 20,000 to 80,000 at the compute times."""
    scenario = load_scenario("carry-over", **{"epoch.visible_slots": 64, "workload.arrivals.rate_per_s": rate_per_s})
    env = gym.make(SELECTION, scenario=scenario)
    env.reset(seed=0)
    simulation = env.unwrapped.simulation
    nodes = []
    for _ in range(10):
        problem = BatchProblem.of_row(simulation)
        costs = problem.candidates._replace(compute_s=simulation.state.slot_compute_s[0, : len(problem)])
        weighed = getattr(costs, resource)
        values = np.ceil(np.minimum(weighed / weighed[np.isfinite(weighed)].max(), 1.0) * GRID) / GRID
        solution = BranchAndBound().solve(BatchProblem(problem.rule, problem.candidates, values))
        assert solution.optimal
        nodes.append(solution.nodes)
        env.step(np.append(solution.selected, np.zeros(64 - len(problem))).astype(np.int8))
    assert np.median(nodes) < 2000
    assert max(nodes) < 5000


# --- single and vector


@pytest.mark.parametrize("preset", PRESETS)
def test_a_row_of_the_vector_environment_is_the_single_environment(preset: str):
    scenario = small_scenario(preset, epoch__visible_slots=24, **ALL_WEIGHTS)
    workloads = [draw_workload(scenario, np.random.default_rng(seed)) for seed in range(20)]
    rng = np.random.default_rng(0)
    actions = random_values(rng, scenario.epoch.episode_epochs, 20, 24)
    rows = vector(20, scenario, autoreset_mode=AutoresetMode.DISABLED)
    seen = [rows.reset(options={"workloads": workloads})[0]]
    rewards = []
    for action in actions:
        observations, reward, _, _, infos = rows.step(action)
        seen.append(observations)
        rewards.append(reward)
    for row, workload in enumerate(workloads):
        env = single(scenario)
        assert_same(env.reset(options={"workload": workload})[0], seen[0][row])
        for epoch, action in enumerate(actions):
            observation, reward, _, _, info = env.step(action[row])
            assert_same(observation, seen[epoch + 1][row])
            assert reward == rewards[epoch][row]
        assert info["served"] == infos["served"][row]


def test_spaces_are_values_of_every_slot():
    rows = vector(3)
    assert single().action_space == rows.single_action_space == gym.spaces.Box(0.0, 1.0, (SLOTS,), np.float32)
    assert rows.action_space.shape == (3, SLOTS)
    assert rows.action_space.dtype == np.float32


# --- conformance


@pytest.mark.parametrize("preset", PRESETS)
def test_gymnasium_check_env_has_nothing_to_say(preset: str):
    env = single(preset)
    with pytest.warns(UserWarning, match="different from the unwrapped version"):  # it says so of any wrapper
        check_env(env, skip_render_check=True)


def test_stable_baselines_check_env_has_nothing_to_say():
    sb3_check_env(RescaleAction(single("carry-over"), np.float32(-1.0), np.float32(1.0)))


def test_same_seed_gives_the_same_trajectory():
    assert_same(play(single(), 5, 12), play(single(), 5, 12))


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda env: pickle.loads(pickle.dumps(env))])
def test_copy_made_in_the_middle_of_an_episode_goes_on_alike(duplicate):
    env = single()
    rng = np.random.default_rng(0)
    env.reset(seed=1)
    env.step(random_values(rng, SLOTS))
    twin = duplicate(env)
    for values in random_values(rng, 2, SLOTS):
        assert_same(twin.step(values), env.step(values))
    rows = vector(2)
    rows.reset(seed=1)
    twins = duplicate(rows)
    for values in random_values(rng, 6, 2, SLOTS):
        assert_same(twins.step(values), rows.step(values))


def test_a_wrapped_environment_is_made_again_from_its_spec():
    env = single()
    assert_same(play(gym.make(env.spec), 2, 6), play(env, 2, 6))


@pytest.mark.parametrize(
    ("action", "message"),
    [
        (-(10**400), "action = -1000.*…0*: must be numbers of shape"),
        (np.full(SLOTS, np.nan), "every value must be between 0 and 1, one is nan"),
        (np.full(SLOTS, 1.5), "every value must be between 0 and 1, one is 1.5"),
        (np.full(SLOTS, -0.25), "every value must be between 0 and 1, one is -0.25"),
        (np.full(SLOTS, np.inf), "every value must be between 0 and 1, one is inf"),
        (np.ones(SLOTS - 1), r"action of shape \(5,\): must have shape \(6,\)"),
        (0.5, r"action of shape \(\): must have shape \(6,\)"),
        (None, r"action of shape \(\): must have shape|every value must|must be numbers"),
        ("high", "must be numbers of shape"),
    ],
)
def test_an_action_that_is_none_is_an_error_of_one_line_and_changes_nothing(action, message: str):
    env, untouched = single(), single()
    env.reset(seed=0)
    untouched.reset(seed=0)
    with pytest.raises(ValueError, match=message) as caught:
        env.step(action)
    assert "\n" not in str(caught.value)
    values = np.ones(SLOTS, dtype=np.float32)
    assert_same(env.step(values), untouched.step(values))


def test_actions_of_another_number_of_rows_are_an_error():
    rows = vector(3)
    rows.reset(seed=0)
    with pytest.raises(ValueError, match=r"action of shape \(2, 6\): must have shape \(3, 6\)"):
        rows.step(np.ones((2, SLOTS), dtype=np.float32))


def test_other_environments_are_refused():
    with pytest.raises(ValueError, match="must be EdgeLLM/BatchSelection-v0"):
        OracleDecoding(gym.make("EdgeLLM/Batching-v0", scenario=SCENARIO))
    envs = gym.make_vec("EdgeLLM/Batching-v0", num_envs=2, vectorization_mode="vector_entry_point", scenario=SCENARIO)
    with pytest.raises(ValueError, match="must be the native vector form of EdgeLLM/BatchSelection-v0"):
        VectorOracleDecoding(envs)
    with pytest.raises(ValueError, match="must be the native vector form of EdgeLLM/BatchSelection-v0"):
        VectorOracleDecoding(gym.make_vec(SELECTION, num_envs=2, vectorization_mode="sync", scenario=SCENARIO))
