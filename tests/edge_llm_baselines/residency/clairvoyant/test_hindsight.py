"""Schedules and bounds where modules load: each above what rules serve, and above what any schedule could."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from edge_llm_baselines.allocation.equal import EqualEverything
from edge_llm_baselines.allocation.joint import BestJoint
from edge_llm_baselines.allocation.partitions import BestPartition, FixedPartition, logits_of, partitions
from edge_llm_baselines.allocation.policy import AllocationPolicy
from edge_llm_baselines.playing.roll_out import roll_out
from edge_llm_baselines.residency.clairvoyant.episode import ModulesEpisode
from edge_llm_baselines.residency.clairvoyant.hindsight import hindsight_of_modules, modules_hindsight
from edge_llm_baselines.residency.clairvoyant.replay import NOBODY, Assignment, replayed
from edge_llm_baselines.residency.tuning import following, told
from edge_llm_env import Scenario, draw_workloads, load_scenario
from edge_llm_env.scenarios import ScenarioError
from tests.support.allocation import banded, started, tiers

COMPUTE, JOINT = "EdgeLLM/Compute-v0", "EdgeLLM/Joint-v0"
SCENARIOS = {
    "within an epoch": lambda: tiers(epoch__episode_epochs=12, workload__arrivals__rate_per_s=1.5),
    "over epochs": lambda: tiers(node__storage_bandwidth_bytes_per_s=0.9e9, epoch__episode_epochs=12),
    "specialists": lambda: load_scenario("specialists-compute", **{"epoch.episode_epochs": 6}),
}
ITERATIONS = 40


def even(scenario: Scenario) -> FixedPartition:
    return FixedPartition(np.ones(len(scenario.variants)))


def check(scenario: Scenario, episode: ModulesEpisode, found: Assignment) -> None:
    """That nobody is served twice, too late, without room in a batch, by a variant that is not for him."""
    offers, variants = episode.offers, scenario.variants
    groups = found.modules.reshape(-1, len(variants), 2)
    for epoch, sizes in enumerate(groups):
        begin, end = offers.first[epoch : epoch + 2]
        uplink, downlink = 0.0, 0.0
        for variant, late in product(range(len(variants)), range(2)):
            group = (epoch * len(variants) + variant) * 2 + late
            batch = [offer for offer in range(begin, end) if found.served_by[offers.request[offer]] == group]
            if not batch:
                continue
            s, n = (np.array(column)[batch] for column in offers.candidates[:2])
            cost = variants[variant].batch_cost[sizes[variant, late] - 1].compute_s
            delay_s = episode.late_s[variant] if late else 0.0
            t_s = cost.base(s.max(), n.max()) + sum(cost.marginal(s.max(), n.max()) for _ in batch)
            slack_s = offers.candidates.slack_s[batch].min() - delay_s
            assert sizes[variant, late] > 0
            assert episode.able[batch, variant].all()
            if scenario.node.output_length == "per_request":  # then requests are not padded
                t_s = cost.base(s.max(), n.max()) + sum(map(cost.marginal, s, n))
            assert t_s <= min(episode.params.window_s - delay_s, slack_s) * (1 + 1e-6)
            uplink += offers.candidates.uplink_share[batch].sum()
            downlink += offers.candidates.downlink_share[batch].sum()
        assert max(uplink, downlink) <= 1 + 1e-6
    served = found.served_by[found.served_by != NOBODY] // (2 * len(variants))
    assert set(served) <= set(range(len(groups)))


@pytest.mark.parametrize("name", SCENARIOS)
def test_bound_is_above_schedule_and_schedule_above_every_rule(name: str):
    scenario = SCENARIOS[name]()
    workloads = draw_workloads(scenario, 2, 0)
    rules = [
        lambda env: AllocationPolicy(BestPartition(), env),
        lambda env: AllocationPolicy(even(scenario), env),
        lambda env: AllocationPolicy(following(env, 0.1), env),
    ]
    if name == "specialists":
        rules.append(lambda env: AllocationPolicy(told(env), env))
    found = hindsight_of_modules(COMPUTE, scenario, workloads, rules, ITERATIONS)
    for make in rules:
        assert (found.served >= roll_out(make, COMPUTE, scenario, workloads).served).all()
    assert (found.upper_bound >= found.served).all()
    assert found.upper_bound.sum() <= 1.2 * found.served.sum()


@pytest.mark.parametrize("name", SCENARIOS)
def test_schedules_keep_to_the_rule(name: str):
    scenario = SCENARIOS[name]()
    (workload,) = draw_workloads(scenario, 1, 3)
    episode = ModulesEpisode.of_workload(scenario, workload, keeps_split=True)
    found = modules_hindsight(episode, iterations=ITERATIONS)
    assert found.assignment.value > 0
    check(scenario, episode, found.assignment)


def test_a_replay_serves_what_the_policy_does_and_keeps_to_the_rule():
    scenario = SCENARIOS["over epochs"]()
    (workload,) = draw_workloads(scenario, 1, 1)

    def make(env):
        return AllocationPolicy(BestPartition(), env)

    again = replayed(make, COMPUTE, scenario, workload)
    assert again.value == roll_out(make, COMPUTE, scenario, [workload]).served[0] > 0
    check(scenario, ModulesEpisode.of_workload(scenario, workload, keeps_split=True), again)


@pytest.mark.parametrize("env_id", [COMPUTE, JOINT])
def test_no_sequence_of_partitions_serves_more_than_the_bound(env_id: str):
    """All 6^3 of two modules in three epochs, played in the environment, on three workloads; values, where there are
    any, are equal and drawn.
    """
    scenario = tiers(
        node__modules=2, epoch__episode_epochs=3, node__storage_bandwidth_bytes_per_s=0.9e9, epoch__visible_slots=20
    )
    choices, rng = partitions(2, 3), np.random.default_rng(0)
    for workload in draw_workloads(scenario, 3, 5):
        most = 0
        for sequence, spread in product(product(range(len(choices)), repeat=3), (0.0, 0.9)[: 1 + (env_id == JOINT)]):
            env = started(env_id, scenario, workload)
            for choice in sequence:
                values = spread * rng.uniform(-1.0, 1.0, 20 if env_id == JOINT else 0)
                *_, info = env.step(np.concatenate([values, logits_of(choices[choice])]))
            most = max(most, info["served"])
        found = hindsight_of_modules(env_id, scenario, [workload], iterations=ITERATIONS)
        assert found.upper_bound[0] >= max(most, found.served[0])
        assert found.served[0] >= most > 0


@pytest.mark.parametrize(
    "scenario",
    [tiers(epoch__episode_epochs=5), banded(epoch__split="flexible", epoch__episode_epochs=5)],
    ids=["variants", "one variant, flexible split"],
)
def test_the_bound_holds_for_joint_allocations(scenario: Scenario):
    workloads = draw_workloads(scenario, 2, 0)
    rules = [
        lambda env: AllocationPolicy(BestJoint(5), env),
        lambda env: AllocationPolicy(EqualEverything(), env),
    ]
    found = hindsight_of_modules(JOINT, scenario, workloads, rules, ITERATIONS)
    for make in rules:
        assert (found.served >= roll_out(make, JOINT, scenario, workloads).served).all()
    assert (found.upper_bound >= found.served).all()


def test_equal_seeds_give_equal_results():
    scenario = SCENARIOS["over epochs"]()
    (workload,) = draw_workloads(scenario, 1, 2)
    episode = ModulesEpisode.of_workload(scenario, workload, keeps_split=True)
    one, two = (modules_hindsight(episode, iterations=10) for _ in range(2))
    assert one.upper_bound == two.upper_bound
    assert (one.assignment.served_by == two.assignment.served_by).all()


def test_what_hindsight_is_not_for_is_an_error():
    scenario = tiers()
    (workload,) = draw_workloads(scenario, 1, 0)
    with pytest.raises(ValueError, match="at least one workload"):
        hindsight_of_modules(COMPUTE, scenario, [])
    with pytest.raises(ScenarioError, match=r'epoch\.split = "flexible": must be "fixed"'):
        hindsight_of_modules(JOINT, tiers(epoch__split="flexible"), [workload])
    with pytest.raises(ScenarioError, match=r'radio\.transfers = "carried_over": must be "within_epoch"'):
        hindsight_of_modules(JOINT, tiers(radio__transfers="carried_over"), [workload])
