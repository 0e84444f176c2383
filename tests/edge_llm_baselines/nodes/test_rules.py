"""Rules of several nodes: whom each asks for, and what they serve."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from numpy.typing import NDArray

from edge_llm_baselines.assignment.problem import NOBODY
from edge_llm_baselines.nodes.epoch import NetworkEpoch, network_epoch
from edge_llm_baselines.nodes.policy import GahPolicy, NetworkPolicy, earned_by, tune_threshold
from edge_llm_baselines.nodes.rules import (
    cloud_only,
    joint_optimum,
    least_loaded,
    most_slack_first,
    nearest_node,
    offload_at_overload,
    strongest_channel,
)
from edge_llm_env import Scenario, draw_workloads
from edge_llm_env.envs.multi_node.environment import MultiNodeEnv
from tests.support.helpers import small_scenario

Q = 6


def network(**overrides: object) -> Scenario:
    """A busy cell, one with half the hardware and half the band, and one in which hardly anybody is."""
    cells = {
        "busy": {"workload": {"arrivals": {"rate_per_s": 6.0}}},
        "half": {
            "workload": {"arrivals": {"rate_per_s": 2.0}},
            "node": {"modules": 10},
            "radio": {"uplink_bandwidth_hz": 10e6},
        },
        "calm": {"workload": {"arrivals": {"rate_per_s": 0.5}}},
    }
    few = {"epoch__visible_slots": Q, "epoch__episode_epochs": 6}
    return small_scenario(network__cells=cells, network__backhaul_s=0.05, **few, **overrides)


CLOUD = {
    "backhaul_s": 0.02,
    "time_to_first_token_s": 0.05,
    "time_per_output_token_s": 0.0005,
    "price_per_token": 0.0015,
}


def epochs(seed: int, **overrides: object) -> list[NetworkEpoch]:
    """The epochs of an episode that the joint optimum plays."""
    env = MultiNodeEnv(network(**overrides))
    observation, _ = env.reset(seed=seed)
    met, truncated, policy = [], False, NetworkPolicy(joint_optimum, env)
    while not truncated:
        met.append(network_epoch(env.simulation))
        observation, _, _, truncated, _ = env.step(policy.predict(observation)[0])
    return met


def most_of(epoch: NetworkEpoch, asked: NDArray[np.int64]) -> int:
    """Requests that nodes serve of those that they are asked for, by all subsets of each node's."""
    total = 0
    for at, node in enumerate(epoch.problem.nodes):
        mine = np.flatnonzero(asked == at)
        subsets = (np.arange(2 ** len(mine))[:, None] >> np.arange(len(mine))) & 1
        for size, subset in sorted(((int(one.sum()), one) for one in subsets), key=lambda pair: -pair[0]):
            batch = np.zeros(len(asked), dtype=np.bool_)
            batch[mine[subset == 1]] = True
            if size == 0 or node.is_feasible(batch):
                total += size
                break
    return total


def test_tables_tell_who_can_be_served_where():
    for epoch in epochs(0):
        for at, node in enumerate(epoch.problem.nodes):
            for request in range(len(epoch.cell)):
                alone = np.arange(len(epoch.cell)) == request
                assert epoch.able[at, request] == node.is_feasible(alone)
                if epoch.able[at, request]:
                    assert 0.0 < epoch.band[at, request] <= epoch.load[at, request] <= 1.0
                    assert epoch.slack_s[at, request] > 0.0


def test_rules_ask_as_they_say():
    seen = np.zeros(3, dtype=np.int64)
    for epoch in [*epochs(0), *epochs(1)]:
        everyone = np.arange(len(epoch.cell))
        assert (nearest_node(epoch) == epoch.cell).all()

        asked = strongest_channel(epoch)
        can = epoch.able.any(axis=0)
        assert (asked[~can] == NOBODY).all()
        assert (epoch.band[asked[can], everyone[can]] == epoch.band[:, can].min(axis=0)).all()

        load = [0.0, 0.0, 0.0]
        for request, at in enumerate(least_loaded(epoch).tolist()):
            if at == NOBODY:
                assert not epoch.able[:, request].any()
                continue
            options = [load[node] + epoch.load[node, request] for node in range(3)]
            assert options[at] == min(options)
            load[at] = options[at]

        greedy = most_slack_first(epoch)
        assert epoch.problem.is_feasible(greedy)
        nobody = np.flatnonzero(greedy == NOBODY)
        for request in nobody[:3]:  # whoever is left cannot be served beside the others, by nodes that could alone
            for at in np.flatnonzero(epoch.able[:, request]):
                assert not epoch.problem.is_feasible(np.where(everyone == request, at, greedy))
        seen += [len(nobody) > 0, (asked[can] != epoch.cell[can]).any(), (~can).any()]
    assert seen[:2].all()


def test_requests_are_offloaded_beyond_the_threshold():
    kept, moved = 0, 0
    for epoch in epochs(0):
        own = epoch.able[epoch.cell, np.arange(len(epoch.cell))]
        asked = offload_at_overload(epoch, np.inf)
        assert (asked[own] == epoch.cell[own]).all()
        at = offload_at_overload(epoch, 0.5)
        load = np.bincount(at[at >= 0], weights=epoch.load[at[at >= 0], np.flatnonzero(at >= 0)], minlength=3)
        away = np.flatnonzero((at != NOBODY) & (at != epoch.cell))
        for node in np.unique(at[away]):
            assert load[node] - epoch.load[node, (at == node) & (epoch.cell == node)].sum() <= 0.5
        kept, moved = kept + int((at == epoch.cell).sum()), moved + len(away)
    assert min(kept, moved) > 0


def test_what_is_asked_is_served_and_the_joint_optimum_serves_most():
    env, met = MultiNodeEnv(network()), 0
    rules = [joint_optimum, nearest_node, strongest_channel, least_loaded, most_slack_first]
    rules.append(partial(offload_at_overload, threshold=0.5))
    observation, info = env.reset(seed=3)
    truncated = False
    while not truncated:
        epoch, before = network_epoch(env.simulation), info["served"]
        served = [most_of(epoch, rule(epoch)) for rule in rules]
        assert max(served) == served[0] == (joint_optimum(epoch) != NOBODY).sum()
        rule = rules[met % len(rules)]
        observation, _, _, truncated, info = env.step(NetworkPolicy(rule, env).predict(observation)[0])
        assert info["served"] - before == served[met % len(rules)]
        met += 1
    assert met == 6


def test_the_cloud_serves_whom_it_is_worth_its_price_for():
    dear, free, over = 0, 0, 0
    for epoch in epochs(0, network__cloud=CLOUD):
        asked = cloud_only(epoch)
        assert ((asked == 3) == epoch.able[3]).all()
        values = epoch.problem.values
        assert (values[:3] <= 1.0).all()
        assert (values[3, epoch.able[3]] < 1.0).all()
        dear, free = dear + int((asked == NOBODY).sum()), free + int((asked == 3).sum())
        over += int((offload_at_overload(epoch, 0.05) == 3).sum())
        assert not (offload_at_overload(epoch, np.inf) == 3)[epoch.able[epoch.cell, np.arange(len(epoch.cell))]].any()
        assert (least_loaded(epoch) < 3).all()
        best = joint_optimum(epoch)
        assert epoch.problem.value(best) >= epoch.problem.value(np.where(epoch.able[3], 3, NOBODY)) - 1e-9
    assert min(dear, free, over) > 0


def test_sharing_work_serves_more_and_thresholds_come_from_seeds():
    scenario = network()
    workloads = draw_workloads(scenario, 4)
    threshold = tune_threshold(scenario, 0)
    assert threshold == tune_threshold(scenario, 0)
    nearest, offload, joint = (
        earned_by(partial(NetworkPolicy, rule), scenario, workloads)
        for rule in (nearest_node, partial(offload_at_overload, threshold=threshold), joint_optimum)
    )
    assert nearest < offload <= joint


def test_rows_of_a_vector_are_decided_on_as_alone():
    scenario = network(network__cloud=CLOUD)
    workloads = draw_workloads(scenario, 3)
    for make in (partial(NetworkPolicy, joint_optimum), GahPolicy):
        together = earned_by(make, scenario, workloads)
        assert together == pytest.approx(sum(earned_by(make, scenario, [one]) for one in workloads), rel=1e-12)


def test_gah_is_what_decoding_does_by_itself():
    env = MultiNodeEnv(network())
    env.reset(seed=0)
    bids, state = GahPolicy(env).predict(np.zeros(3, dtype=np.float32), "kept")
    assert state == "kept"
    assert set(bids.tolist()) <= {1.0, -1.0}
    assert env.action_space.contains(bids)


def test_policies_are_for_environments_of_several_nodes():
    with pytest.raises(ValueError, match="env = 3: must be an environment of several nodes"):
        NetworkPolicy(nearest_node, 3)
