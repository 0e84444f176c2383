"""Sets of workloads for different purposes."""

import numpy as np
import pytest
from gymnasium.utils import seeding

from edge_llm_env import load_scenario
from edge_llm_env.workload.generator import draw_workload
from edge_llm_env.workload.streams import Stream, draw_workloads

SHORT = load_scenario("carry-over", **{"epoch.episode_epochs": 6})


def test_workloads_are_the_same_for_a_seed_and_more_episodes_only_add_workloads() -> None:
    first, longer = draw_workloads(SHORT, 3, seed=4), draw_workloads(SHORT, 5, seed=4)
    for one, other in zip(first, longer, strict=False):
        np.testing.assert_array_equal(one.arrival_s, other.arrival_s)
        np.testing.assert_array_equal(one.uplink_gain, other.uplink_gain)


def test_those_before_the_first_are_left_out() -> None:
    for one, other in zip(draw_workloads(SHORT, 2, seed=4, first=3), draw_workloads(SHORT, 5, seed=4)[3:], strict=True):
        np.testing.assert_array_equal(one.arrival_s, other.arrival_s)
        np.testing.assert_array_equal(one.uplink_gain, other.uplink_gain)


def test_no_two_workloads_of_any_seed_or_stream_are_the_same() -> None:
    workloads = [
        workload for seed in (4, 5) for stream in Stream for workload in draw_workloads(SHORT, 3, seed, stream)
    ]
    assert len({workload.arrival_s[0] for workload in workloads}) == len(workloads) == 2 * 3 * len(Stream)


def test_training_plays_workloads_that_are_of_no_stream() -> None:
    of_streams = {
        workload.arrival_s[0]
        for seed in range(4)
        for stream in Stream
        for workload in draw_workloads(SHORT, 2, seed, stream)
    }
    trained_on = set()
    for seed in range(4):
        generator, _ = seeding.np_random(seed)  # as `reset(seed=)` does, and then `reset()`
        trained_on |= {draw_workload(SHORT, generator).arrival_s[0] for _ in range(2)}
    assert len(trained_on) == 8
    assert not trained_on & of_streams


def test_splits_are_disjoint_by_construction() -> None:
    # What a stream's workloads are drawn from: keys that differ in the stream, or where training has none.
    keys = [child.spawn_key for one in Stream for child in np.random.SeedSequence(4, spawn_key=(one,)).spawn(3)]
    assert len(set(keys)) == 3 * len(Stream)
    assert () not in keys
    drawn = draw_workloads(SHORT, 2, 4, Stream.SHIFTED)
    child = np.random.SeedSequence(4, spawn_key=(Stream.SHIFTED,)).spawn(2)[1]
    np.testing.assert_array_equal(drawn[1].arrival_s, draw_workload(SHORT, np.random.default_rng(child)).arrival_s)


def test_less_than_one_episode_or_a_seed_below_0_is_an_error() -> None:
    with pytest.raises(ValueError, match="seed = -1: must be at least 0"):
        draw_workloads(SHORT, 1, seed=-1)
    with pytest.raises(ValueError, match="episodes = 0: must be at least 1"):
        draw_workloads(SHORT, 0, seed=4)
    with pytest.raises(ValueError, match="first = -1: must be at least 0"):
        draw_workloads(SHORT, 1, first=-1)
    with pytest.raises(ValueError, match="episodes = 2 with first = 999999: must be at most 1,000,000"):
        draw_workloads(SHORT, 2, first=999_999)
