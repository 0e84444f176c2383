"""Hindsight where bands are divided: its schedule can be played, and no policy serves more than its bound."""

from __future__ import annotations

import numpy as np
import pytest

from edge_llm_baselines.allocation.playing import served_by_allocation
from edge_llm_baselines.hindsight import bands
from edge_llm_baselines.hindsight.bands import Scheduled, hindsight_of_bands
from edge_llm_baselines.hindsight.episode import EpisodeProblem
from edge_llm_baselines.hindsight.hindsight import HindsightBounds, LagrangianHindsight
from edge_llm_baselines.playing.roll_out import roll_out
from edge_llm_baselines.registry.bands import OF_BANDS
from edge_llm_baselines.registry.batches import DISCOUNT
from edge_llm_baselines.uploads.table import UPLOAD_RULES
from edge_llm_env import load_scenario
from edge_llm_env.envs.suite import BANDWIDTH
from edge_llm_env.workload.streams import draw_workloads

SPLITS = ("flexible", "fixed")


def small(split: str):
    return load_scenario("embedding-uplink", **{"epoch.split": split, "epoch.episode_epochs": 12})


@pytest.mark.parametrize("split", SPLITS)
def test_the_bound_is_above_the_schedule_and_that_above_every_rule_on_every_episode(split: str) -> None:
    scenario = small(split)
    workloads = draw_workloads(scenario, 6, seed=1)
    found = OF_BANDS.hindsight(scenario, workloads)
    assert (found.upper_bound >= found.served).all()
    tuned = OF_BANDS.tuned(scenario, 0)
    assert tuned[DISCOUNT.name] is not None
    rules = OF_BANDS.playable(scenario, tuned)
    assert OF_BANDS.rules.keys() - rules.keys() == {"predictive", "stopping", *UPLOAD_RULES}  # where uploads carry over
    for key, rule in rules.items():
        served = roll_out(rule.acting(0, rule.of(tuned)), BANDWIDTH, scenario, workloads).served
        assert (found.served >= served).all(), key


def test_the_schedule_is_what_a_rule_plays_where_that_serves_more(monkeypatch: pytest.MonkeyPatch) -> None:
    scenario = small("fixed")
    workloads = draw_workloads(scenario, 2, seed=1)
    nothing = HindsightBounds(np.zeros(2, dtype=np.int64), np.full(2, 1000), 0.0)
    monkeypatch.setattr(bands, "one_model_bounds", lambda scenario, workloads: nothing)
    rule = OF_BANDS.rules["minimum-shares"].acting(0)
    served = roll_out(rule, BANDWIDTH, scenario, workloads).served
    np.testing.assert_array_equal(hindsight_of_bands(scenario, workloads, [rule]).served, served)
    np.testing.assert_array_equal(hindsight_of_bands(scenario, workloads).served, 0)


@pytest.mark.parametrize("form", ["values", "shares"])
@pytest.mark.parametrize("split", SPLITS)
def test_the_schedule_serves_what_it_says_when_it_is_played(split: str, form: str) -> None:
    scenario = small(split)
    for workload in draw_workloads(scenario, 3, seed=2):
        episode = EpisodeProblem.of_workload(scenario, workload)
        hindsight = LagrangianHindsight(iterations=5, restarts=1, moves_per_offer=400, block_nodes=0).solve(episode)
        played = served_by_allocation(BANDWIDTH, Scheduled(hindsight.schedule), scenario, [workload], action=form)
        assert hindsight.value > 0
        np.testing.assert_array_equal(played, [hindsight.value])
