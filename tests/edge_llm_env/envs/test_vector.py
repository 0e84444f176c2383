"""What the native vector form of every registered environment must do; the ids come from the registry."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium import spaces
from gymnasium.error import ResetNeeded
from gymnasium.vector import AutoresetMode, SyncVectorEnv, VectorEnv
from gymnasium.wrappers.vector import DictInfoToList, RecordEpisodeStatistics

from edge_llm_env import draw_workload, load_scenario
from edge_llm_env.support import sharing
from tests.support.helpers import ALL_FORMS, ALL_WEIGHTS, assert_same, small_scenario, steps_for, workload_at

SCENARIO = small_scenario(**ALL_WEIGHTS)
ROWS = 5
MODES = tuple(AutoresetMode)

pytestmark = pytest.mark.parametrize("env_id", ALL_FORMS)


def native(env_id: str, num_envs: int = ROWS, mode: AutoresetMode | str = AutoresetMode.NEXT_STEP) -> VectorEnv:
    return gym.make_vec(
        env_id,
        num_envs=num_envs,
        vectorization_mode="vector_entry_point",
        scenario=SCENARIO,
        autoreset_mode=mode,
    )


def synchronous(env_id: str, num_envs: int = ROWS, mode: AutoresetMode = AutoresetMode.NEXT_STEP) -> SyncVectorEnv:
    return SyncVectorEnv([lambda: single(env_id)] * num_envs, autoreset_mode=mode)


def single(env_id: str) -> gym.Env:
    return gym.make(env_id, scenario=SCENARIO, disable_env_checker=True)


def actions_for(env: VectorEnv, count: int, seed: int = 0) -> list[np.ndarray]:
    env.action_space.seed(seed)
    return [env.action_space.sample() for _ in range(count)]


def info_of_row(infos: dict[str, Any], row: int) -> dict[str, Any]:
    """The info of one row, as its `_key` masks say that it has it."""
    return {
        key: info_of_row(value, row) if isinstance(value, dict) else value[row]
        for key, value in infos.items()
        if not key.startswith("_") and infos[f"_{key}"][row]
    }


def play(env: VectorEnv, actions: list[np.ndarray]) -> list[Any]:
    return [env.step(action) for action in actions]


# --- a vector of environments is what Gymnasium's is


@pytest.mark.parametrize("num_envs", [1, ROWS])
def test_spaces_are_batches_of_those_of_the_single_environment(env_id: str, num_envs: int):
    mine, theirs = native(env_id, num_envs), synchronous(env_id, num_envs)
    assert mine.num_envs == num_envs
    assert mine.single_observation_space == theirs.single_observation_space
    assert mine.single_action_space == theirs.single_action_space
    assert mine.observation_space == theirs.observation_space
    assert mine.action_space == theirs.action_space


def test_it_goes_on_after_close_as_the_synchronous_vector_does(env_id: str):
    mine, theirs = native(env_id), synchronous(env_id)
    for env in (mine, theirs):
        env.close()
        assert env.closed
    assert_same(mine.reset(seed=9)[0], theirs.reset(seed=9)[0])
    for actions in actions_for(mine, 6):
        assert_same(mine.step(actions)[:4], theirs.step(actions)[:4])
        mine.close()


def test_row_is_the_single_environment_with_its_seed(env_id: str):
    """Over several episodes, which follow one another as Gymnasium's NEXT_STEP says."""
    vectorised, singles = native(env_id), [single(env_id) for _ in range(ROWS)]
    observations, infos = vectorised.reset(seed=30)
    for row, env in enumerate(singles):
        assert_same((observations[row], info_of_row(infos, row)), env.reset(seed=30 + row))
    over = [False] * ROWS
    for actions in actions_for(vectorised, steps_for(env_id, 60)):
        observations, rewards, terminated, truncated, infos = vectorised.step(actions)
        for row, env in enumerate(singles):
            if over[row]:
                expected = (*(begun := env.reset())[:1], 0.0, False, False, begun[1])
            else:
                expected = env.step(actions[row])
            of_row = observations[row], rewards[row], terminated[row], truncated[row], info_of_row(infos, row)
            assert_same(of_row, expected)
            over[row] = expected[3]


@pytest.mark.parametrize("mode", MODES)
def test_autoreset_is_that_of_the_synchronous_vector(env_id: str, mode: AutoresetMode):
    mine, theirs = native(env_id, mode=mode), synchronous(env_id, mode=mode)
    assert mine.metadata["autoreset_mode"] is mode
    (observations, infos), expected = mine.reset(seed=9), theirs.reset(seed=9)
    assert_same(observations, expected[0])
    episodes = 0
    for actions in actions_for(mine, steps_for(env_id, 60)):
        *returned, infos = mine.step(actions)
        *expected, expected_infos = theirs.step(actions)
        assert_same(returned, expected)
        over = returned[3]
        episodes += over.sum()
        assert_same_infos(infos, expected_infos)
        if mode is AutoresetMode.DISABLED and over.any():
            begun = mine.reset(options={"reset_mask": over.copy()})
            expected_begun = theirs.reset(options={"reset_mask": over.copy()})
            assert_same(begun[0], expected_begun[0])
            for row in np.flatnonzero(over):
                assert_same(info_of_row(begun[1], row), info_of_row(expected_begun[1], row))
    assert episodes > 2 * ROWS


def assert_same_infos(infos: dict[str, Any], expected: dict[str, Any]) -> None:
    """The same entries and masks, and of the same type, of rows that have one and of those that have none."""
    assert infos.keys() == expected.keys()
    for name, value in expected.items():
        if isinstance(value, dict):
            assert_same_infos(infos[name], value)
            continue
        assert (infos[name].dtype, infos[name].shape) == (value.dtype, value.shape), name
        if value.dtype == object:
            for one, other in zip(infos[name], value, strict=True):
                assert_same(one, other)
        else:
            np.testing.assert_array_equal(infos[name], value, err_msg=name)


def test_mask_of_final_observations_tells_the_rows_that_have_one(env_id: str):
    env = native(env_id, mode=AutoresetMode.SAME_STEP)
    env.reset(seed=0)
    for actions in actions_for(env, 30):
        _, _, _, truncated, infos = env.step(actions)
        assert ("final_obs" in infos) == ("final_info" in infos) == truncated.any()
        if truncated.any():
            assert_same(infos["_final_obs"], truncated)
            assert_same(infos["_final_info"], truncated)


@pytest.mark.parametrize("mode", MODES)
def test_autoreset_mode_may_be_named_by_its_value(env_id: str, mode: AutoresetMode):
    assert native(env_id, mode=mode.value).metadata["autoreset_mode"] is mode


def test_autoreset_mode_that_does_not_exist_is_an_error(env_id: str):
    with pytest.raises(ValueError, match="Sometimes"):
        native(env_id, mode="Sometimes")


def test_finished_row_stands_still_until_it_is_reset(env_id: str):
    env = native(env_id, mode=AutoresetMode.DISABLED)
    env.reset(seed=0)
    over = np.zeros(ROWS, dtype=bool)
    actions = iter(actions_for(env, steps_for(env_id, 100)))
    while not over.all():
        observations, _, _, over, infos = env.step(next(actions))
    for _ in range(3):
        again, rewards, _, truncated, infos_again = env.step(next(actions))
        assert_same(again, observations)
        assert rewards.tolist() == [0.0] * ROWS
        assert truncated.all()
        assert_same(infos_again["served"], infos["served"])
        assert_same(infos_again["epochs"], infos["epochs"])


@pytest.mark.parametrize("mode", [AutoresetMode.NEXT_STEP, AutoresetMode.SAME_STEP])
def test_episode_statistics_are_those_of_the_synchronous_vector(env_id: str, mode: AutoresetMode):
    mine = RecordEpisodeStatistics(native(env_id, mode=mode))
    theirs = RecordEpisodeStatistics(synchronous(env_id, mode=mode))
    mine.reset(seed=9), theirs.reset(seed=9)
    for actions in actions_for(mine, steps_for(env_id, 60)):
        mine.step(actions), theirs.step(actions)
    assert len(mine.return_queue) > ROWS
    assert list(mine.return_queue) == pytest.approx(list(theirs.return_queue))
    assert list(mine.length_queue) == list(theirs.length_queue)


def test_infos_turn_into_a_list_of_the_rows_infos(env_id: str):
    env, other = DictInfoToList(native(env_id)), native(env_id)
    _, listed = env.reset(seed=2)
    _, infos = other.reset(seed=2)
    assert_same(listed, [info_of_row(infos, row) for row in range(ROWS)])


def test_reward_terms_sum_to_the_reward_of_every_row(env_id: str):
    for mode in MODES:
        env = native(env_id, mode=mode)
        env.reset(seed=3)
        for actions in actions_for(env, 40):
            _, rewards, _, _, infos = env.step(actions)
            summed = sum_of_terms(infos)
            if "final_info" in infos:  # where Gymnasium has what the step that ended an episode returned
                summed += sum_of_terms(infos["final_info"])
            np.testing.assert_allclose(summed, rewards, rtol=1e-12)


def sum_of_terms(infos: dict[str, Any]) -> np.ndarray:
    return np.sum([values for name, values in infos["reward_terms"].items() if not name.startswith("_")], axis=0)


# --- reset: seeds, masks and workloads


def test_rows_can_be_seeded_one_by_one(env_id: str):
    env = native(env_id)
    observations, _ = env.reset(seed=[4, 4, 5, None, 6])
    for row, seed in ((0, 4), (1, 4), (2, 5), (4, 6)):
        assert_same(observations[row], single(env_id).reset(seed=seed)[0])


def test_reset_with_a_seed_forgets_everything_before_it(env_id: str):
    env, fresh = native(env_id), native(env_id)
    actions = actions_for(env, 20)
    env.reset(seed=1)
    play(env, actions)
    assert_same((env.reset(seed=7), play(env, actions)), (fresh.reset(seed=7), play(fresh, actions)))


def test_generators_and_their_seeds_are_told_as_the_synchronous_vector_tells_them(env_id: str):
    mine, theirs = native(env_id), synchronous(env_id)
    for seed in (5, (5, 6, 7, 8, 9), np.arange(5, 10)):
        mine.reset(seed=seed), theirs.reset(seed=5)
        assert mine.np_random_seed == tuple(range(5, 10)) == theirs.np_random_seed
        assert [one.random() for one in mine.np_random] == [one.random() for one in theirs.np_random]  # type: ignore[attr-defined]


def test_reset_without_a_seed_goes_on_with_the_generators(env_id: str):
    env, theirs = native(env_id), synchronous(env_id)
    first = env.reset(seed=1)[0], theirs.reset(seed=1)[0]
    second = env.reset()[0], theirs.reset()[0]
    assert_same(*first)
    assert_same(*second)
    assert not np.array_equal(first[0], second[0])


def test_list_of_seeds_must_have_one_per_row(env_id: str):
    with pytest.raises(ValueError, match=f"seed has 2 entries: must have {ROWS}"):
        native(env_id).reset(seed=[1, 2])


@pytest.mark.parametrize("seed", [None, 50, [50, 51, 52, 53, 54]])
def test_reset_mask_resets_and_seeds_the_masked_rows_only(env_id: str, seed: Any):
    mask = np.array([True, False, True, False, False])
    mine, theirs = native(env_id), synchronous(env_id)
    actions = actions_for(mine, 40)
    mine.reset(seed=9), theirs.reset(seed=9)
    for action in actions[:2]:
        mine.step(action), theirs.step(action)
    begun = mine.reset(seed=seed, options={"reset_mask": mask})[0]
    assert_same(begun, theirs.reset(seed=seed, options={"reset_mask": mask.copy()})[0])
    for action in actions[2:]:
        assert_same(mine.step(action)[:4], theirs.step(action)[:4])


@pytest.mark.parametrize("mask", [[True] * ROWS, np.ones(ROWS + 1, dtype=bool), np.ones(ROWS, dtype=int)])
def test_reset_mask_must_be_a_bool_array_with_one_entry_per_row(env_id: str, mask: Any):
    env = native(env_id)
    env.reset(seed=0)
    with pytest.raises(ValueError, match=rf"options\['reset_mask'\] .*must be a bool array of shape \({ROWS},\)"):
        env.reset(options={"reset_mask": mask})


def test_every_row_begins_first_and_some_row_with_each_reset(env_id: str):
    env = native(env_id)
    with pytest.raises(ValueError, match=r"options\['reset_mask'\]: must be True for every row at the first reset"):
        env.reset(seed=0, options={"reset_mask": np.arange(ROWS) == 0})
    with pytest.raises(ResetNeeded):
        env.step(actions_for(env, 1)[0])
    env.reset(seed=0)
    with pytest.raises(ValueError, match=r"options\['reset_mask'\]: must be True for one row at least"):
        env.reset(options={"reset_mask": np.zeros(ROWS, dtype=bool)})


def test_every_row_can_replay_a_workload_of_its_own(env_id: str):
    workloads = [draw_workload(SCENARIO, np.random.default_rng(row)) for row in range(ROWS)]
    env = native(env_id)
    actions = actions_for(env, 4)
    begun, returned = env.reset(options={"workloads": workloads}), play(env, actions)
    for row, workload in enumerate(workloads):
        other = single(env_id)
        assert_same(begun[0][row], other.reset(options={"workload": workload})[0])
        for action, (observations, rewards, *_) in zip(actions, returned, strict=True):
            expected = other.step(action[row])
            assert_same(observations[row], expected[0])
            assert rewards[row] == expected[1]


def test_rows_without_a_workload_of_their_own_draw_one(env_id: str):
    env = native(env_id)
    observations, infos = env.reset(seed=8, options={"workloads": [None, workload_at([]), None, None, None]})
    assert infos["arrived"][1] == 0
    assert_same(observations[0], single(env_id).reset(seed=8)[0])


@pytest.mark.parametrize(
    ("workloads", "error", "message"),
    [
        ([None], ValueError, rf"options\['workloads'\] has 1 workloads: must have {ROWS}"),
        ([None, "workload.npz", None, None, None], TypeError, r"options\['workloads'\]\[1\] = .*must be a Workload"),
        ([{}, None, None, None, None], TypeError, r"options\['workloads'\]\[0\] = .*must be a Workload"),
    ],
)
def test_workloads_that_are_none_are_errors(env_id: str, workloads: Any, error: type[Exception], message: str):
    with pytest.raises(error, match=message):
        native(env_id).reset(options={"workloads": workloads})


def test_refused_reset_changes_nothing(env_id: str):
    env, untouched = native(env_id), native(env_id)
    env.reset(seed=0), untouched.reset(seed=0)
    unsorted = workload_at([1.0, 2.0])
    unsorted.arrival_s[:] = [2.0, 1.0]
    with pytest.raises(ValueError, match=r"options\['workloads'\]\[4\]: workload arrival_s"):
        env.reset(seed=5, options={"workloads": [workload_at([1.0])] * 4 + [unsorted]})
    actions = actions_for(env, 20)
    assert_same(play(env, actions), play(untouched, actions))


def test_options_are_left_as_they_were(env_id: str):
    options = {"reset_mask": np.ones(ROWS, dtype=bool), "workloads": [None] * ROWS}
    native(env_id).reset(seed=0, options=options)
    assert options.keys() == {"reset_mask", "workloads"}


def test_step_before_reset_is_an_error(env_id: str):
    env = native(env_id)
    with pytest.raises(ResetNeeded, match="call reset first"):
        env.step(actions_for(env, 1)[0])


@pytest.mark.parametrize("num_envs", [0, -3])
def test_vector_of_no_environments_is_an_error(env_id: str, num_envs: int):
    with pytest.raises(ValueError, match=rf"num_envs = {num_envs}: must be in 1\.\."):
        native(env_id, num_envs)


# --- threads


def test_many_rows_in_parallel_are_the_same_as_few_in_series(env_id: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sharing, "cores", lambda: 2)
    half = native(env_id).mechanism.rows_per_thread
    together, first, second = native(env_id, 2 * half), native(env_id, half), native(env_id, half)
    begun = together.reset(seed=0)[0], np.concatenate([first.reset(seed=0)[0], second.reset(seed=half)[0]])
    assert_same(*begun)
    for actions in actions_for(together, 12):
        parallel, serial = together.step(actions), (first.step(actions[:half]), second.step(actions[half:]))
        for mine, halves in zip(parallel[:4], zip(*serial, strict=True), strict=False):
            assert_same(mine, np.concatenate(halves))
        assert_same(
            parallel[4]["action_mask"], np.concatenate([serial[0][4]["action_mask"], serial[1][4]["action_mask"]])
        )
        for counter in ("arrived", "served", "expired", "pending"):
            assert_same(parallel[4][counter], np.concatenate([infos[counter] for *_, infos in serial]))


@pytest.mark.parametrize("mode", MODES)
def test_rows_shared_among_threads_are_the_same_in_every_autoreset_mode(
    env_id: str, mode: AutoresetMode, monkeypatch: pytest.MonkeyPatch
):
    serial, parallel = native(env_id, mode=mode), native(env_id, mode=mode)
    actions = actions_for(serial, 30)
    expected = serial.reset(seed=0), play(serial, actions)
    monkeypatch.setattr(type(parallel), "mechanism", parallel.mechanism._replace(rows_per_thread=1))
    monkeypatch.setattr(sharing, "cores", lambda: 4)
    assert_same((parallel.reset(seed=0), play(parallel, actions)), expected)


def test_layout_of_actions_makes_no_difference(env_id: str):
    """Nor does it make the kernel compile again."""
    env, other = native(env_id), native(env_id)
    env.reset(seed=0)
    actions = actions_for(env, 1)[0]
    expected = env.step(actions)
    kernel = env.unwrapped.mechanism.step_rows
    compiled = len(getattr(kernel, "signatures", ()))
    every_other = np.repeat(actions, 2, axis=0)[::2]
    read_only = actions.copy()
    read_only.setflags(write=False)
    variants = [every_other, read_only, np.asfortranarray(actions), actions.tolist()]
    if actions.dtype.kind in "iu":
        variants.append(actions.astype(np.int32))
    for variant in variants:
        other.reset(seed=0)
        assert_same(other.step(variant), expected)
    assert len(getattr(kernel, "signatures", ())) == compiled


def test_rows_that_draw_more_requests_than_there_is_room_for_begin_all_the_same(
    env_id: str, monkeypatch: pytest.MonkeyPatch
):
    """The arrays grow while none of the other threads is at work on them."""
    arrivals = {"kind": "gamma", "rate_per_s": 3.0, "coefficient_of_variation": 6.0}
    scenario = load_scenario(SCENARIO, **{"workload.arrivals": arrivals})
    env = gym.make_vec(env_id, num_envs=ROWS, vectorization_mode="vector_entry_point", scenario=scenario)
    singles = [gym.make(env_id, scenario=scenario, disable_env_checker=True) for _ in range(ROWS)]
    monkeypatch.setattr(type(env), "mechanism", env.mechanism._replace(rows_per_thread=1))
    monkeypatch.setattr(sharing, "cores", lambda: 2)
    room = env.simulation.state.status.shape[1]
    env.reset(seed=0)
    for row, single_env in enumerate(singles):
        single_env.reset(seed=row)
    over = [False] * ROWS
    for actions in actions_for(env, steps_for(env_id, 60)):
        observations, *_ = env.step(actions)
        for row, single_env in enumerate(singles):
            expected = single_env.reset() if over[row] else single_env.step(actions[row])
            assert_same(observations[row], expected[0])
            over[row] = not over[row] and expected[3]
    assert env.simulation.state.status.shape[1] > room


# --- copies and aliases


def test_copy_made_in_the_middle_of_an_episode_goes_on_alike(env_id: str):
    env = native(env_id)
    actions = actions_for(env, 40)
    env.reset(seed=5)
    play(env, actions[:3])
    twin = pickle.loads(pickle.dumps(env))
    assert_same(play(twin, actions[3:]), play(env, actions[3:]))


def scribble(result: Any) -> None:
    """Overwrite every array of a nested result."""
    if isinstance(result, dict):
        for value in result.values():
            scribble(value)
        result.clear()
    elif isinstance(result, tuple | list):
        for value in result:
            scribble(value)
    else:
        result[...] = 1


@pytest.mark.parametrize("mode", [AutoresetMode.NEXT_STEP, AutoresetMode.SAME_STEP])
def test_what_is_returned_can_be_overwritten_without_harm(env_id: str, mode: AutoresetMode):
    env, untouched = native(env_id, mode=mode), native(env_id, mode=mode)
    scribble(env.reset(seed=6))
    untouched.reset(seed=6)
    for actions in actions_for(env, 40):
        mine, theirs = env.step(actions), untouched.step(actions)
        assert_same(mine, theirs)
        scribble(mine)


@pytest.mark.parametrize("mode", [AutoresetMode.NEXT_STEP, AutoresetMode.SAME_STEP])
def test_what_was_returned_does_not_change_later(env_id: str, mode: AutoresetMode):
    env = native(env_id, mode=mode)
    returned = [env.reset(seed=6), *play(env, actions_for(env, 20))]
    as_it_was = copy.deepcopy(returned)
    play(env, actions_for(env, 20, seed=1))
    env.reset(seed=1)
    assert_same(returned, as_it_was)


def test_actions_are_left_as_they_were(env_id: str):
    env = native(env_id)
    env.reset(seed=6)
    actions = actions_for(env, 20)
    as_they_were = copy.deepcopy(actions)
    play(env, actions)
    assert_same(actions, as_they_were)


# --- actions that are none


def batches_outside(space: spaces.Space, inside: np.ndarray) -> list[Any]:
    """Batches of actions of which one is too large, too small or no number, or that have another shape."""
    wrong: list[Any] = [inside[:-1], np.concatenate([inside, inside[:1]]), inside[0], None, inside[..., None]]
    above = space.n if isinstance(space, spaces.Discrete) else 2
    below = -2 if isinstance(space, spaces.Box) else -1
    for value in (above, below, np.nan, 0.5):
        batch = inside.astype(float if isinstance(value, float) else inside.dtype)
        batch.flat[-1] = value
        if not (isinstance(space, spaces.Box) and value == 0.5):
            wrong.append(batch)
    return wrong


def test_action_outside_the_space_is_an_error_that_changes_nothing(env_id: str):
    env, untouched = native(env_id), native(env_id)
    env.reset(seed=0), untouched.reset(seed=0)
    actions = actions_for(env, 20)
    for batch in batches_outside(env.single_action_space, actions[0]):
        with pytest.raises(ValueError, match=r"action.*must "):
            env.step(batch)
    assert_same(play(env, actions), play(untouched, actions))


@pytest.mark.parametrize("mode", MODES)
def test_another_environment_goes_on_from_a_state(env_id: str, mode: AutoresetMode) -> None:
    env, other = native(env_id, mode=mode), native(env_id, mode=mode)
    with pytest.raises(ResetNeeded, match="state was called before reset"):
        env.state()
    env.reset(seed=3)
    env.action_space.seed(0)
    for _ in range(7):
        env.step(env.action_space.sample())
    state = env.state()
    kept = {name: array.copy() for name, array in state.items()}
    other.restore(state)
    for _ in range(40):
        actions = env.action_space.sample()
        assert_same(env.step(actions), other.step(actions))
    assert all(np.array_equal(state[name], kept[name]) for name in kept), "a state is a copy"
    with pytest.raises(ValueError, match=r"state\[.rows.(nodes.)?requests.\] has shape \(5,\): must be \(2\)"):
        native(env_id, num_envs=2).restore(state)
