"""The same requests in epochs and in iterations."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from edge_llm_baselines.playing.policy import EpochPolicy
from edge_llm_baselines.playing.roll_out import roll_out
from edge_llm_baselines.schedulers.policy import SchedulerPolicy
from edge_llm_baselines.schedulers.suite import CHEAPEST
from edge_llm_baselines.solvers.dftsp import DFTSP
from edge_llm_env import draw_workloads, load_scenario
from edge_llm_env.envs.suite import BATCH_SELECTION, CONTINUOUS_BATCHING
from experiments.scheduling.both_ways import (
    Answered,
    both_ways_table,
    in_epochs,
    in_iterations,
    served_both_ways,
    summary,
)

SCENARIO = load_scenario("chat-4090", **{"epoch.epoch_s": 5.0, "epoch.episode_epochs": 3})


def workloads():
    drawn = draw_workloads(SCENARIO, 3, 0)
    return [replace(one, uplink_gain=one.uplink_gain[:, :1], downlink_gain=one.downlink_gain[:, :1]) for one in drawn]


def test_who_is_answered_in_epochs_is_served_and_in_time():
    drawn = workloads()
    served = roll_out(lambda env: EpochPolicy(DFTSP(), env), BATCH_SELECTION, SCENARIO, drawn).served
    found = in_epochs(SCENARIO, drawn, lambda env: EpochPolicy(DFTSP(), env))
    assert [int(np.isfinite(one.last_s).sum()) for one in found] == served.tolist()
    assert summary("", SCENARIO, drawn, found)["in_time"] == served.sum() > 0
    for one in found:
        # At the least, a batch waits for its epoch to begin, and for the transfers of half a second each.
        assert one.last_s.min() > SCENARIO.epoch.uplink_s + SCENARIO.epoch.downlink_s
        assert (one.first_s == one.last_s).all()


def test_who_is_served_in_iterations_is_within_the_objectives():
    drawn, numbers = workloads(), CHEAPEST.candidates()[0]
    served = roll_out(lambda env: SchedulerPolicy(CHEAPEST, numbers, env), CONTINUOUS_BATCHING, SCENARIO, drawn).served
    found = in_iterations(SCENARIO, drawn, lambda env: SchedulerPolicy(CHEAPEST, numbers, env))
    assert summary("", SCENARIO, drawn, found)["within_objectives"] == served.sum() > 0


def test_an_epoch_must_divide_the_episode():
    with pytest.raises(ValueError, match=r"epochs_s: has 7: must divide the episode, which lasts 120 s"):
        next(served_both_ways("chat-4090", (7.0,), 1, 0))


def test_a_way_that_answers_nobody_has_no_percentiles():
    drawn = workloads()
    found = [Answered(*np.full((3, one.requests), np.inf)) for one in drawn]
    (row,) = both_ways_table({"ways": [summary("nobody", SCENARIO, drawn, found)]}).rows
    assert row == ("nobody", "0.0", "0.0", "0.0", "0", " / ", " / ")
