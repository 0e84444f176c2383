"""Sets of workloads for different purposes."""

import numpy as np
import pytest

from edge_llm_env import load_scenario
from edge_llm_env.workload.streams import Stream, draw_workloads

SHORT = load_scenario("carry-over", **{"epoch.episode_epochs": 6})


def test_workloads_are_the_same_for_a_seed_and_more_episodes_only_add_workloads() -> None:
    first, longer = draw_workloads(SHORT, 3, seed=4), draw_workloads(SHORT, 5, seed=4)
    for one, other in zip(first, longer, strict=False):
        np.testing.assert_array_equal(one.arrival_s, other.arrival_s)
        np.testing.assert_array_equal(one.uplink_gain, other.uplink_gain)


def test_no_two_workloads_of_any_seed_or_stream_are_the_same() -> None:
    workloads = [
        workload for seed in (4, 5) for stream in Stream for workload in draw_workloads(SHORT, 3, seed, stream)
    ]
    assert len({workload.arrival_s[0] for workload in workloads}) == len(workloads) == 2 * 3 * len(Stream)


def test_less_than_one_episode_is_an_error() -> None:
    with pytest.raises(ValueError, match="episodes = 0: must be at least 1"):
        draw_workloads(SHORT, 0, seed=4)
