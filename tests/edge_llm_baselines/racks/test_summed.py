"""The rule that plans by all feeder cells together."""

from __future__ import annotations

import numpy as np
import pytest

from edge_llm_baselines.playing.play import play
from edge_llm_baselines.playing.roll_out import vector_of
from edge_llm_baselines.racks.planned import HORIZON_EPOCHS
from edge_llm_baselines.racks.summed import SummedFeeders, _fit, tune_summed
from edge_llm_env import draw_workloads, load_scenario
from edge_llm_env.envs.suite import SCALING


def test_least_squares_find_what_comes_after_a_lag():
    rng = np.random.default_rng(0)
    sums = rng.uniform(0.0, 2.0, (3, 80))
    loads = np.zeros_like(sums)
    for epoch in range(6, 80):
        loads[:, epoch] = 0.5 + 3.0 * sums[:, epoch - 6 : epoch - 3].mean(axis=1)  # counts that end four epochs before
    assert _fit(loads, sums, 4, 3) == pytest.approx((0.0, 0.5, 3.0), abs=1e-9)
    assert _fit(loads, sums, 6, 3)[0] > 0.1


def test_it_foretells_by_counts_that_were_made_a_lag_ago():
    scenario = load_scenario("feeder-rack", **{"epoch.episode_epochs": 30})
    workload = draw_workloads(scenario, 1)[0]
    env = vector_of(SCALING, scenario, [workload])
    rule = SummedFeeders(env, 0.25, 2.0, lag_epochs=5, width=2, deviation=0.5)
    crowd = env.simulation.params.count_scale / 2.0
    assert workload.feeder_counts is not None
    for epoch, _ in enumerate(play(env, rule, workloads=[workload])):
        mean, deviation = rule.forecast()
        assert mean.shape == deviation.shape == (1, HORIZON_EPOCHS)
        now = min(epoch + 1, 29)  # `play` has stepped once when it yields
        counted = workload.feeder_counts[: now + 1].sum(axis=1)[::-1] / crowd
        back = np.concatenate([counted, np.zeros(8)])
        assert mean[0, 0] == pytest.approx(0.25 + 2.0 * back[5:7].mean())
        assert mean[0, 3] == pytest.approx(0.25 + 2.0 * back[2:4].mean())
        assert mean[0, 20] == pytest.approx(0.25 + 2.0 * back[0:2].mean())
        if epoch == 20:
            break
    env.close()


def test_there_is_nothing_to_tune_without_feeder_cells():
    assert tune_summed(load_scenario("diurnal-rack"), 0) is None


def test_in_episodes_too_short_to_follow_feeder_cells_there_is_nothing_to_tune():
    assert tune_summed(load_scenario("feeder-rack", **{"epoch.episode_epochs": 5}), 0) is None
