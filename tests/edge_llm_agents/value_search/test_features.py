"""Features of requests: what they are, by hand and against the look-ahead rule, and that rows and slots stay apart."""

from __future__ import annotations

import gymnasium as gym
import numpy as np
import pytest

from edge_llm_agents.value_search.features import COLUMNS, FEATURE_SETS, FEATURES, RAMPS, request_features
from edge_llm_agents.value_search.seen import Scales
from edge_llm_baselines import BatchProblem, LookAhead
from edge_llm_env import Scenario, load_scenario
from edge_llm_env.envs.observation.features import PLAIN, Extent, slot_feature, split_further, split_observation
from tests.edge_llm_agents.networks.test_sb3_policies import reordered
from tests.support.helpers import observation_length

SCENARIO = load_scenario("carry-over")
SCALES = Scales.of(SCENARIO)
OF_BANDS = Extent(per_slot=2)
"""Of observations that tell what channels are expected to become."""
OF_VARIANTS = Extent(per_slot=4, whole=3)
"""Of those that tell what accuracy requests accept, too, and of variants."""

OF_VARIANTS_ALONE = [name for name in COLUMNS if "accuracy" in name]
FORESEEN = [name for name in COLUMNS if "better_later" in name]
OF_ANY_OBSERVATION = [name for name in COLUMNS if name not in OF_VARIANTS_ALONE + FORESEEN]


def some_epochs_in(env_id: str, scenario: Scenario) -> gym.vector.VectorEnv:
    """Episodes that serve nobody, with queues of many lengths and slacks."""
    env = gym.make_vec(env_id, num_envs=30, vectorization_mode="vector_entry_point", scenario=scenario)
    env.reset(seed=0)
    for _ in range(3):
        observations_of(env)
    return env


def observations_of(rows: gym.vector.VectorEnv) -> np.ndarray:
    nobody = np.broadcast_to(rows.action_space.low, rows.action_space.shape)
    return rows.step(nobody.astype(rows.action_space.dtype))[0]


@pytest.fixture(scope="module")
def rows() -> gym.vector.VectorEnv:
    return some_epochs_in("EdgeLLM/BatchSelection-v0", SCENARIO)


@pytest.fixture(scope="module", params=["plain", "of bands", "of variants"])
def seen(request: pytest.FixtureRequest) -> tuple[np.ndarray, Scales, list[str], Extent]:
    """Observations with their scales, all features that can be made of them, and their extent."""
    if request.param == "plain":
        env = some_epochs_in("EdgeLLM/BatchSelection-v0", SCENARIO)
        return observations_of(env), SCALES, OF_ANY_OBSERVATION, PLAIN
    if request.param == "of bands":
        scenario = load_scenario("embedding-uplink")
        env = some_epochs_in("EdgeLLM/Bandwidth-v0", scenario)
        return observations_of(env), Scales.of(scenario), OF_ANY_OBSERVATION + FORESEEN, OF_BANDS
    scenario = load_scenario("accuracy-tiers")
    env = some_epochs_in("EdgeLLM/Joint-v0", scenario)
    extent = Extent.of(env.unwrapped.mechanism.observation, scenario)
    return observations_of(env), Scales.of(scenario), list(COLUMNS), extent


def test_the_ramps_make_up_the_chance_to_wait_of_the_look_ahead_rule(rows: gym.vector.VectorEnv):
    features, present = request_features(observations_of(rows), SCALES)
    first = FEATURES.index("margin_ramp_0")
    chances = features[first : first + RAMPS].mean(axis=0)
    rule = LookAhead(0.5, SCENARIO.epoch.epoch_s)
    for row in range(30):
        problem = BatchProblem.of_row(rows.unwrapped.simulation, row)
        assert present[row].sum() == len(problem)
        np.testing.assert_allclose(chances[row, : len(problem)], rule.chances_to_wait(problem), atol=1e-5)
    assert 0.0 < chances[present > 0].mean() < 1.0


def test_features_by_hand():
    # Slot 0: slack 5 s, 0.3 s of compute alone, can wait. Slot 1: slack 0.75 s, 0.9 s of 1.5 s, cannot wait.
    observation = np.zeros((1, observation_length(3)), dtype=np.float32)
    slots = split_observation(observation)[1]
    for slot, (slack_s, compute_s, can_wait) in enumerate([(5.0, 0.3, 1.0), (0.75, 0.9, 0.0)]):
        slot_feature(observation, "present")[0, slot] = 1.0
        slot_feature(observation, "slack")[0, slot] = slack_s / 6.0
        slot_feature(observation, "compute")[0, slot] = compute_s / 1.5
        slot_feature(observation, "can_wait")[0, slot] = can_wait
    assert slots.any()
    features, present = request_features(observation, Scales(epoch_s=2.0, window_s=1.5, longest_latency_s=6.0))
    assert present.tolist() == [[1.0, 1.0, 0.0]]
    found = dict(zip(FEATURES, features[:, 0, :2].tolist(), strict=True))
    # Margins (5 - 2 - 0.3)/2 = 1.35 and (0.75 - 2 - 0.9)/2 < 0 epochs; load 0.2 + 0.6 = 0.8, of which 0.6 is urgent;
    # sizes 0.2/0.4 = 0.5 and 0.6/0.4 = 1.5.
    expected = {
        "can_wait": [1, 0],
        "margin_ramp_0": [1, 0],
        "margin_ramp_1": [1, 0],
        "margin_ramp_2": [1, 0],
        "margin_ramp_3": [1, 0],
        "second_epoch": [0.35, 0],
        "can_wait_size": [0.5, 0],
        "chance_size": [0.5, 0],
        "chance_load": [-0.2, 0],
        "chance_urgent_load": [0.1, 0],
        "can_wait_load": [-0.2, 0],
        "chance_size_load": [-0.1, 0],
        "window_slack": [1, 0.5],
        "size": [0.5, 1.5],
        "chance_squared_size": [0.5, 0],
    }
    assert found.keys() == expected.keys()
    for name, values in expected.items():
        np.testing.assert_allclose(found[name], values, atol=1e-6, err_msg=name)


def test_features_of_patient_requests_by_hand():
    # Window and epoch 2 s. Slot 0: slack 9 s, 0.4 s of compute, so a margin of (9 - 2 - 0.4)/2 = 3.3 epochs; a share of
    # 1/8 for half the longest prompt, 1/4 for the longest. Slot 1: cannot wait. Slot 2: slack 4.8 s, margin 1.2. The
    # share to come is twice that of slot 0, and half that of slot 2.
    observation = np.zeros((1, observation_length(4) + 4 * OF_VARIANTS.per_slot + OF_VARIANTS.whole), dtype=np.float32)
    for slot, (slack_s, compute_s, can_wait, share, prompt, output, to_come, accuracy) in enumerate(
        [
            (9.0, 0.4, 1.0, 0.125, 0.5, 0.25, 0.25, 0.75),
            (2.0, 0.4, 0.0, 0.25, 1.0, 0.5, 1.0, 0.25),
            (4.8, 0.4, 1.0, 1.0, 0.25, 1.0, 0.5, 0.5),
        ]
    ):
        slot_feature(observation, "present", OF_VARIANTS)[0, slot] = 1.0
        slot_feature(observation, "slack", OF_VARIANTS)[0, slot] = slack_s / 12.0
        slot_feature(observation, "compute", OF_VARIANTS)[0, slot] = compute_s / 2.0
        slot_feature(observation, "can_wait", OF_VARIANTS)[0, slot] = can_wait
        slot_feature(observation, "uplink_share", OF_VARIANTS)[0, slot] = share
        slot_feature(observation, "prompt", OF_VARIANTS)[0, slot] = prompt
        slot_feature(observation, "output", OF_VARIANTS)[0, slot] = output
        split_further(observation, OF_VARIANTS)[0][0, slot, [0, 2]] = to_come, accuracy
    names = list(COLUMNS)
    features, _ = request_features(observation, Scales(2.0, 2.0, 12.0), names, OF_VARIANTS)
    found = dict(zip(names, features[:, 0, :3].tolist(), strict=True))
    # log2(1/4)/4 + 3/4 = 1/4, twice; log2(4)/4 + 3/4 = 5/4, clipped. Demand (1.375 + 0.6)/4 = 0.49375.
    # Outputs at least as long: 3, 2 and 1 of 3; the one that cannot wait covers the first. log2(1/2)/2 and log2(2)/2.
    expected = {
        "chance": [1, 0, 1],
        "second_epoch": [1, 0, 0.2],
        "third_epoch": [1, 0, 0],
        "fourth_epoch": [0.3, 0, 0],
        "channel": [0.25, 0.25, 1],
        "chance_channel": [0.25, 0, 1],
        "second_epoch_channel": [0.25, 0, 0.2],
        "third_epoch_channel": [0.25, 0, 0],
        "chance_channel_squared": [0.0625, 0, 1],
        "chance_prompt": [0, 0, -0.25],
        "chance_prompt_channel": [0.125, 0, 0.25],
        "chance_demand": [-0.00625, 0, -0.00625],
        "output": [0.25, 0.5, 1],
        "chance_output": [-0.25, 0, 0.5],
        "second_epoch_output": [-0.25, 0, 0.1],
        "third_epoch_output": [-0.25, 0, 0],
        "chance_peers": [0.5, 0, 1 / 3 - 0.5],
        "chance_output_peers": [-0.25, 0, 0.5 / 3],
        "chance_covered": [1, 0, 0],
        "chance_output_covered": [0.25, 0, 0],
        "better_later": [-0.5, 0, 0.5],
        "chance_better_later": [-0.5, 0, 0.5],
        "second_epoch_better_later": [-0.5, 0, 0.1],
        "third_epoch_better_later": [-0.5, 0, 0],
        "accuracy": [0.25, -0.25, 0],
        "chance_accuracy": [0.25, 0, 0],
        "chance_accuracy_load": [-0.1, 0, 0],  # of a load of 3 * 0.4 / 2
        "size_accuracy": [0.25, -0.25, 0],
    }
    for name, values in expected.items():
        np.testing.assert_allclose(found[name], values, atol=1e-5, err_msg=name)
    assert expected.keys() | set(FEATURES) == COLUMNS.keys()
    assert {name for names in FEATURE_SETS.values() for name in names} == COLUMNS.keys()


def test_the_window_of_a_flexible_split_is_the_whole_epoch():
    assert Scales.of(load_scenario("embedding-uplink")).window_s == 2.0
    assert Scales.of(SCENARIO).window_s == 1.5


def test_a_row_s_features_do_not_depend_on_other_rows(seen: tuple[np.ndarray, Scales, list[str], Extent]):
    observations, *how = seen
    features, _ = request_features(observations, *how)
    for row in range(30):
        alone, _ = request_features(observations[row : row + 1], *how)
        np.testing.assert_array_equal(alone[:, 0], features[:, row])


def test_reordering_the_slots_reorders_the_features(seen: tuple[np.ndarray, Scales, list[str], Extent]):
    observations, *how = seen
    extent = seen[-1]
    order = np.random.default_rng(0).permutation(extent.slots(observations.shape[1]))
    features, present = request_features(observations, *how)
    there, present_there = request_features(reordered(observations, order, extent), *how)
    np.testing.assert_array_equal(present_there, present[:, order])
    np.testing.assert_allclose(there, features[:, :, order], rtol=1e-5, atol=1e-6)


def test_features_of_an_empty_queue_are_finite():
    length = observation_length(4) + 4 * OF_VARIANTS.per_slot + OF_VARIANTS.whole
    features, present = request_features(np.zeros((2, length), dtype=np.float32), SCALES, list(COLUMNS), OF_VARIANTS)
    assert np.isfinite(features).all()
    assert not present.any()


@pytest.mark.parametrize("name", FORESEEN)
def test_channels_to_come_that_are_not_observed_are_an_error(name: str):
    with pytest.raises(ValueError, match="features: the channels to come are not observed here"):
        request_features(np.zeros((2, observation_length(4)), dtype=np.float32), SCALES, [name])


@pytest.mark.parametrize("name", OF_VARIANTS_ALONE)
@pytest.mark.parametrize("per_slot", [2, 6])  # without uploads that carry over, and with them
def test_accuracies_that_are_not_observed_are_an_error(name: str, per_slot: int):
    observations = np.zeros((2, observation_length(4) + 4 * per_slot), dtype=np.float32)
    with pytest.raises(ValueError, match="features: what accuracy requests accept is not observed here"):
        request_features(observations, SCALES, [name], Extent(per_slot))
