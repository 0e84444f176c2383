"""Hindsight where uploads carry over: bound, schedule, rules and a mixed-integer programme, one against the other."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from edge_llm_baselines.registry.registered import baselines_of
from edge_llm_baselines.uploads.episode import UploadEpisode
from edge_llm_baselines.uploads.hindsight import rules_of, upload_bounds, upload_hindsight
from edge_llm_baselines.uploads.played import NEVER, schedules_of
from edge_llm_env import Scenario, draw_workloads
from tests.support.helpers import small_scenario, workload_at

ENV = "EdgeLLM/Bandwidth-v0"
SCENARIOS = {
    "road": ("mobile-uplink", {}),
    "cell's edge": ("embedding-uplink-carried", {}),
    "road, flexible, little compute": ("mobile-uplink", {"epoch.split": "flexible", "node.modules": 4}),
    "cell's edge, padded": ("embedding-uplink-carried", {"node.prompt_padding": "batch_max"}),
}


def scenario_called(name: str, **more: Any) -> Scenario:
    preset, overrides = SCENARIOS[name]
    return small_scenario(preset, **({"epoch.visible_slots": 48, "epoch.episode_epochs": 10} | overrides | more))


@pytest.mark.parametrize("name", SCENARIOS)
def test_the_bound_is_above_the_schedule_and_that_above_every_rule(name: str):
    scenario = scenario_called(name)
    workloads = draw_workloads(scenario, 3, seed=4)
    bounds = upload_bounds(scenario, workloads)
    assert (bounds.upper_bound >= bounds.served).all()
    played = [schedules_of(rule, scenario, workloads) for rule in rules_of(scenario)]
    best = np.max([[(one != NEVER).sum() for one in schedules] for schedules in played], axis=0)
    assert (bounds.served >= best).all()
    assert bounds.served.sum() > best.sum() or name.endswith(("compute", "padded"))


# --- a small mixed-integer programme, written for itself


def most_served(episode: UploadEpisode, compute_s: np.ndarray, window_s: float) -> int:
    """The most that can be served, of an episode with a fixed split in which memory is ample, by HiGHS.

    Beside the part x that a chance sends and whether it computes, y, there is z, whether the request has been computed
    by then; bits left to send are counted, not parts sent.
    """
    from scipy.optimize import Bounds, LinearConstraint, milp

    k = len(episode.request)
    rows, low, high = [], [], []

    def row(of: dict[int, float], least: float, most: float) -> None:
        line = np.zeros(3 * k)
        for column, value in of.items():
            line[column] = value
        rows.append(line)
        low.append(least)
        high.append(most)

    for i in range(k):
        before = np.flatnonzero((episode.request == episode.request[i]) & (episode.epoch <= episode.epoch[i])).tolist()
        row({2 * k + i: 1.0} | {k + j: -1.0 for j in before}, 0.0, 0.0)
        # left = 1 - Σ x; left ≤ 1 - z, and left ≥ τ·(1 - z)
        row(dict.fromkeys(before, 1.0) | {2 * k + i: -1.0}, 0.0, np.inf)
        tau = episode.last_token[i]
        row(dict.fromkeys(before, 1.0) | {2 * k + i: -tau}, -np.inf, 1.0 - tau)
        if episode.slack_s[i] < window_s:
            same = np.flatnonzero(episode.epoch == episode.epoch[i])
            cost = {k + j: compute_s[j] for j in same}
            cost[k + i] += window_s - episode.slack_s[i]
            row(cost, -np.inf, window_s)
    for epoch in np.unique(episode.epoch):
        same = np.flatnonzero(episode.epoch == epoch)
        row({j: episode.uplink_share[j] for j in same}, -np.inf, 1.0)
        row({k + j: episode.downlink_share[j] for j in same}, -np.inf, 1.0)
        row({k + j: compute_s[j] for j in same}, -np.inf, window_s)
    result = milp(
        np.concatenate([np.zeros(k), -np.ones(k), np.zeros(k)]),
        integrality=np.repeat([0, 1, 0], k),
        bounds=Bounds(0, 1),
        constraints=LinearConstraint(np.array(rows), low, high),
        options={"mip_rel_gap": 0.0},
    )
    assert result.success
    return round(-result.fun)


@pytest.mark.parametrize("name", ["road", "cell's edge"])
def test_schedule_and_bound_enclose_the_optimum_of_small_episodes(name: str):
    scenario = scenario_called(name, **{"epoch.episode_epochs": 5, "epoch.uplink_s": 0.3})
    optimal, values, bounds = [], [], []
    for workload in draw_workloads(scenario, 6, seed=7):
        episode = UploadEpisode.of_workload(scenario, workload)
        lengths = zip(episode.prompt_tokens, episode.output_tokens, strict=True)
        compute_s = np.array([scenario.batch_cost.compute_s.marginal(s, n) for s, n in lengths])
        optimal.append(most_served(episode, compute_s, scenario.epoch.compute_window_s))
        found = upload_hindsight(scenario, workload)
        values.append(found.value)
        bounds.append(found.upper_bound)
    assert (np.array(values) <= optimal).all()
    assert (np.array(optimal) <= bounds).all()
    assert sum(values) >= 0.95 * sum(optimal)
    assert sum(optimal) > 20


def test_an_episode_by_hand_in_which_waiting_pays():
    """The rate of the first is ten times higher in the second epoch, and the second request has no time: both are
    served by who waits, and in the first epoch either of them alone."""
    scenario = scenario_called("road", **{"epoch.episode_epochs": 2})
    gains = np.array([[1e-13, 1e-9, 1e-9], [1e-12, 1e-12, 1e-12]])
    requests = workload_at(
        [0.0, 0.5], prompt_tokens=256, latency_requirement_s=[9.0, 4.9], uplink_gain=gains, downlink_gain=gains
    )
    found = upload_hindsight(scenario, requests)
    assert found.value == found.upper_bound == 2
    assert found.schedule.tolist() == [1, 0]


def test_nothing_to_serve_is_nothing():
    found = upload_hindsight(scenario_called("road"), workload_at([]))
    assert (found.value, found.upper_bound) == (0, 0)


def test_what_does_not_carry_over_is_refused_and_the_registry_knows_which_is_which():
    within = small_scenario("embedding-uplink", epoch__episode_epochs=2)
    with pytest.raises(ValueError, match=r"radio\.transfers = 'within_epoch': must be one of carried_over"):
        upload_hindsight(within, workload_at([0.0]))
    hindsight = baselines_of(ENV).hindsight
    for scenario in (within, scenario_called("road", **{"epoch.episode_epochs": 3})):
        bounds = hindsight(scenario, draw_workloads(scenario, 1))
        assert bounds.served[0] <= bounds.upper_bound[0]
