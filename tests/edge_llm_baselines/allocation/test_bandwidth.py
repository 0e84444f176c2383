"""Allocations of the bands: the exact one against enumeration, replay and other actions; the simple ones by hand."""

from __future__ import annotations

import numpy as np
import pytest

from edge_llm_baselines.allocation.bandwidth import (
    EqualFinishingTime,
    EqualShare,
    EqualValues,
    MinimumShares,
    WaterFilling,
    water_filled,
)
from edge_llm_baselines.allocation.encoding import least_entries, needs_s, shares_for
from edge_llm_baselines.allocation.playing import served_by_allocation
from edge_llm_baselines.allocation.policy import AllocationPolicy
from edge_llm_baselines.playing.roll_out import roll_out
from edge_llm_baselines.solvers.branch_and_bound import BranchAndBound
from edge_llm_baselines.solvers.problem import BatchProblem
from edge_llm_env import Scenario, Workload, draw_workload, draw_workloads, load_scenario
from edge_llm_env.dynamics.params import rule_of
from edge_llm_env.dynamics.values.batch import batch_by_value
from experiments.allocation.checks import contest, replay, states
from experiments.allocation.tried_actions import mechanism_of, served_by_actions
from tests.references.plain_allocation import Epoch
from tests.support.allocation import banded, started
from tests.support.helpers import small_scenario, workload_at

ENV = "EdgeLLM/Bandwidth-v0"
FORMS = ("values", "shares")
SELECTIONS = ("exact", "earliest_deadline_first", "first_come_first_served")


def scarce(split: str, selection: str = "exact") -> Scenario:
    """`embedding-uplink` with few slots, in which bands, window and deadlines all turn requests away."""
    return small_scenario(
        "embedding-uplink",
        epoch__split=split,
        node__batch_selection=selection,
        node__modules=6,
        workload__arrivals__rate_per_s=5.0,
        epoch__visible_slots=8,
    )


def small_workloads(scenario: Scenario, count: int) -> list[Workload]:
    """Workloads of the scenario whose first epoch has requests, none of them beyond the slots or to expire."""
    workloads = []
    for seed in range(1000):
        requests = draw_workload(scenario, np.random.default_rng(seed))
        env = started(ENV, scenario, requests)
        counters = env.simulation.counters(0)
        if counters["pending"] >= 3 and counters["pending"] == counters["arrived"] and not counters["beyond_visible"]:
            workloads.append(requests)
        if len(workloads) == count:
            return workloads
    raise AssertionError("too few workloads are small")


def oracle_serves(scenario: Scenario, requests: Workload) -> int:
    """What the oracle's action serves in the first epoch."""
    env = started(ENV, scenario, requests)
    *_, info = env.step(MinimumShares().action(env.simulation, 0))
    return info["served"]


# --- the oracle


@pytest.mark.parametrize("split", ["fixed", "flexible"])
@pytest.mark.parametrize(("form", "selection"), [("values", "exact"), *(("shares", one) for one in SELECTIONS)])
def test_its_action_serves_what_it_says(split: str, form: str, selection: str):
    report = replay(ENV, scarce(split, selection), 1000, form=form)
    assert (report["states"], report["wrong"]) == (1000, 0)
    assert report["mean_visible"] > 3.0


@pytest.mark.parametrize("split", ["fixed", "flexible"])
def test_its_values_serve_exactly_its_batch(split: str):
    """Not only as many: each request of the batch, and nobody else."""
    sizes = set()
    for simulation, row in states(ENV, scarce(split), 1000, seed=3):
        batch = BranchAndBound().solve(BatchProblem.of_row(simulation, row)).selected
        params, values = simulation.params, MinimumShares().action(simulation, row)
        found, wanted = batch_by_value(rule_of(params), params, simulation.state, row, values)
        assert found.tolist() == batch.tolist()
        assert wanted == batch.sum()
        sizes.add(int(batch.sum()))
    assert len(sizes) > 3


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("split", ["fixed", "flexible"])
def test_no_action_serves_more(split: str, form: str):
    report = contest(ENV, scarce(split), 40, actions=1000, rounds=20, form=form)
    assert report["above_bound"] == 0
    assert report["random_reaches_served"] > 0  # the contest is not empty


@pytest.mark.parametrize("split", ["fixed", "flexible"])
def test_no_subset_of_the_requests_is_better(split: str):
    scenario = scarce(split)
    served = []
    for requests in small_workloads(scenario, 40):
        epoch = Epoch(scenario, requests)
        served.append(oracle_serves(scenario, requests))
        assert served[-1] == epoch.best_batch()
    assert len(set(served)) > 2


def test_no_split_in_between_those_of_batches_is_better():
    """On a grid of 1/64 of T_E; and the oracle's own split is as good as it says."""
    scenario = scarce("flexible")
    for requests in small_workloads(scenario, 6):
        epoch, best = Epoch(scenario, requests), oracle_serves(scenario, requests)
        grid = np.arange(0, 65) / 64 * scenario.epoch.epoch_s
        on_grid = max(
            epoch.best_batch_in_parts(uplink_s, downlink_s)
            for uplink_s in grid[::2]
            for downlink_s in grid[:9]  # the downlink carries token ids: its part is short
        )
        assert on_grid <= best
        env = started(ENV, scenario, requests, action="shares")
        parts = env.mechanism.parts_s(env.simulation.params, MinimumShares().action(env.simulation, 0))
        assert epoch.best_batch_in_parts(*parts) == best


def test_a_share_a_hair_above_a_half_is_found_at_once():
    needs_s, part_s = np.array([0.023950980392156866]), 0.09580392152072548 / 2.0
    for off in (0, 1, 2, 5, 40):
        needs = needs_s + off * np.spacing(needs_s)
        (entry,) = least_entries(needs, part_s)
        assert (1.0 + entry) / 2.0 * part_s >= needs[0]
        assert abs(entry) < 1e-9


def test_shares_and_parts_are_the_least():
    """A little less of any of them, and a request fails."""
    for split in ("fixed", "flexible"):
        env = started(ENV, banded(epoch__split=split), workload_at([0.0, 0.1, 0.2]), action="shares")
        action = shares_for(env.simulation, 0, np.ones(3, dtype=bool))
        granted = np.flatnonzero(action > -1.0)
        assert len(granted) == (6 if split == "fixed" else 8)
        less = np.repeat(action[None], len(granted), axis=0)
        less[np.arange(len(granted)), granted] -= 1e-8 * (1.0 + action[granted])
        served = served_by_actions(mechanism_of(ENV, "shares"), env.simulation, 0, np.vstack([action, less]))
        assert served[0] == 3
        assert (served[1:] < 3).all()


def test_least_entries_carry_what_they_must_to_the_last_bit():
    rng = np.random.default_rng(0)
    needs, part_s = rng.random(10_000), rng.random()
    plain = 2.0 * (needs / part_s) - 1.0
    entries = least_entries(needs, part_s)
    assert ((1.0 + plain) / 2.0 * part_s < needs).any()  # a plain quotient would not do
    assert ((1.0 + entries) / 2.0 * part_s >= needs).all()
    assert ((1.0 + entries) / 2.0 * part_s <= needs + 2e-16).all()  # of numbers up to 1
    assert least_entries(np.array([np.inf, 0.0]), 0.25).tolist() == [np.inf, -1.0]


# --- the simple ones; 128 tokens need a quarter of a band (tests.support.allocation.CAPPED)

FOUR = {"prompt_tokens": [128, 256, 64, 128], "output_tokens": [128, 64, 64, 32]}
"""Needs 1/4, 1/2, 1/8 and 1/4 of the uplink, and 1/4, 1/8, 1/8 and 1/16 of the downlink."""


def test_equal_share():
    env = started(ENV, banded(), workload_at(np.zeros(4), **FOUR), action="shares")
    action = EqualShare().action(env.simulation, 0)
    assert action.tolist() == [-0.5] * 4 + [-1, -1] + [-0.5] * 4 + [-1, -1]
    *_, info = env.step(action)
    assert (info["served"], info["not_admitted"]) == (3, 1)


def test_equal_finishing_time_fills_the_bands_in_proportion_to_need():
    """In order of arrival 1/4 + 1/2 + 1/8 fit and the fourth does not: 7/8 becomes 1; 1/4 + 1/8 + 1/8 likewise."""
    env = started(ENV, banded(), workload_at(np.zeros(4), **FOUR), action="shares")
    action = EqualFinishingTime().action(env.simulation, 0)
    action_shares = (1.0 + action) / 2.0
    assert action_shares[:6] == pytest.approx([2 / 7, 4 / 7, 1 / 7, 0, 0, 0])
    assert action_shares[6:] == pytest.approx([1 / 2, 1 / 4, 1 / 4, 0, 0, 0])
    *_, info = env.step(action)
    assert (info["served"], info["not_admitted"]) == (3, 0)


def test_equal_finishing_time_passes_over_who_does_not_fit():
    requests = workload_at(np.zeros(3), prompt_tokens=[128, 1024, 128], uplink_gain=[1e-9, 1e-9, 1e-9])
    env = started(ENV, banded(), requests, action="shares")
    *_, info = env.step(EqualFinishingTime().action(env.simulation, 0))
    assert info["served"] == 2


def test_water_filling_gives_nobody_more_than_it_needs():
    """Of 1, 1/8 goes to the third; the rest, 7/8, is 7/24 each, of which two need 1/4: the second gets 3/8."""
    assert water_filled(np.array([1 / 4, 1 / 2, 1 / 8, 1 / 4])).tolist() == [1 / 4, 3 / 8, 1 / 8, 1 / 4]
    assert water_filled(np.array([0.1, 0.2])).tolist() == [0.1, 0.2]
    assert water_filled(np.array([np.inf, 0.25, np.inf])).tolist() == [0.375, 0.25, 0.375]
    assert water_filled(np.zeros(0)).tolist() == []
    env = started(ENV, banded(), workload_at(np.zeros(4), **FOUR), action="shares")
    *_, info = env.step(WaterFilling().action(env.simulation, 0))
    assert (info["served"], info["not_admitted"]) == (3, 1)


@pytest.mark.parametrize("split", ["fixed", "flexible"])
def test_what_water_filling_grants_in_full_arrives(split: str):
    """To the last bit: needs are whatever the channels make them."""
    scenario = small_scenario(
        epoch__split=split, node__modules=100, workload__latency_requirement_s={"low": 20.0, "high": 20.0}
    )
    env = started(ENV, scenario, draw_workload(scenario, np.random.default_rng(1)), action="shares")
    granted = 0
    for _ in range(4):
        shown = int(env.simulation.state.visible[0])
        assert sum(needs_s(env.simulation, 0)[0]) < scenario.epoch.uplink_s  # there is enough for everyone
        *_, info = env.step(WaterFilling().action(env.simulation, 0))
        assert info["not_admitted"] == 0
        granted += shown
    assert granted == info["served"] > 10


ALLOCATIONS = (MinimumShares, EqualFinishingTime, WaterFilling, EqualShare, EqualValues)


@pytest.mark.parametrize("form", FORMS)
def test_a_dead_channel_keeps_nobody_else_from_being_served(form: str):
    env = started(ENV, banded(), workload_at(np.zeros(3), uplink_gain=[0.0, 1e-9, 1e-9]), action=form)
    for allocation in ALLOCATIONS:
        action = allocation().action(env.simulation, 0)
        assert env.action_space.low.min() <= action.min() <= action.max() <= env.action_space.high.max()
        assert served_by_actions(mechanism_of(ENV, form), env.simulation, 0, action[None])[0] == 2


@pytest.mark.parametrize("form", FORMS)
def test_everyone_has_an_action_for_no_request_at_all(form: str):
    for split in ("fixed", "flexible"):
        env = started(ENV, banded(epoch__split=split), workload_at([]), action=form)
        for allocation in ALLOCATIONS:
            action = allocation().action(env.simulation, 0)
            assert action.shape == env.action_space.shape
            assert env.step(action)[1] == 0.0


@pytest.mark.parametrize("split", ["fixed", "flexible"])
@pytest.mark.parametrize("allocation", ALLOCATIONS)
def test_an_allocation_serves_the_same_requests_in_either_form(allocation: type, split: str):
    scenario = scarce(split)
    workloads = [draw_workload(scenario, np.random.default_rng(seed)) for seed in range(12)]
    values, shares = (served_by_allocation(ENV, allocation(), scenario, workloads, action=form) for form in FORMS)
    assert values.tolist() == shares.tolist()
    assert values.sum() > 0 or allocation in (EqualShare, WaterFilling)


@pytest.mark.parametrize("preset", ["carry-over", "bursty", "embedding-uplink", "accuracy-tiers"])
def test_zero_serves_as_much_as_rules_and_the_oracle_to_within_a_hundredth(preset: str):
    scenario = load_scenario(preset, **{"epoch.episode_epochs": 20})
    workloads = draw_workloads(scenario, 8, seed=1)
    served = {one: served_by_allocation(ENV, one(), scenario, workloads).sum() for one in ALLOCATIONS}
    assert served[EqualValues] >= 0.99 * max(served.values())
    zero = roll_out(lambda env: Zero(), ENV, scenario, workloads).served
    assert zero.tolist() == served_by_allocation(ENV, EqualValues(), scenario, workloads).tolist()


class Zero:
    """What a policy does before it has learned anything."""

    def predict(self, observation, state=None, episode_start=None, deterministic=True):
        return np.zeros((len(observation), 32 if observation.shape[1] < 500 else 64)), state


def test_an_allocation_is_a_policy_of_single_and_vector_environments():
    import gymnasium as gym

    scenario = scarce("flexible")
    single = started(ENV, scenario, draw_workload(scenario, np.random.default_rng(0)))
    policy = AllocationPolicy(EqualShare(), single)
    assert policy.predict(np.zeros(90))[0].shape == single.action_space.shape
    several = gym.make_vec(ENV, num_envs=3, vectorization_mode="vector_entry_point", scenario=scenario)
    observations, _ = several.reset(seed=0)
    assert AllocationPolicy(EqualShare(), several).predict(observations)[0].shape == several.action_space.shape
    with pytest.raises(ValueError, match="must be an environment of edge_llm_env"):
        AllocationPolicy(EqualShare(), gym.make("CartPole-v1"))
