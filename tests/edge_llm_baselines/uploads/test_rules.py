"""Rules where uploads carry over: the oracle by replay, the orders by hand, the predictive rule and its tuning."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from edge_llm_baselines.allocation.bandwidth import EqualShare, EqualValues, MinimumShares
from edge_llm_baselines.allocation.playing import served_by_allocation
from edge_llm_baselines.allocation.sending import shares_of_rest, shortest_first
from edge_llm_baselines.registry.registered import baselines_of
from edge_llm_baselines.solvers.branch_and_bound import BranchAndBound
from edge_llm_baselines.solvers.problem import BatchProblem
from edge_llm_baselines.uploads.predictive import PredictiveUploads, tune_uploads
from edge_llm_baselines.uploads.rules import (
    EarliestDeadlineFirst,
    MaximumRate,
    ProportionalFair,
    ShortestRemainingTime,
)
from edge_llm_env import Scenario, draw_workloads, load_scenario
from edge_llm_env.dynamics.state import SERVED
from experiments.allocation.checks import contest, replay, states
from experiments.allocation.tried_actions import mechanism_of
from tests.support.allocation import CAPPED, started
from tests.support.helpers import small_scenario, workload_at

ENV = "EdgeLLM/Bandwidth-v0"
Q = 6


def scarce(preset: str, split: str) -> Scenario:
    """Few slots and modules: bands, window and deadlines all turn requests away."""
    return small_scenario(
        preset,
        epoch__split=split,
        epoch__visible_slots=8,
        epoch__episode_epochs=12,
        node__modules=6,
        workload__arrivals__rate_per_s=3.0,
    )


# --- the oracle


@pytest.mark.parametrize("split", ["fixed", "flexible"])
@pytest.mark.parametrize("form", ["values", "shares"])
@pytest.mark.parametrize("preset", ["mobile-uplink", "embedding-uplink-carried"])
def test_the_oracles_action_completes_what_it_says(preset: str, form: str, split: str):
    report = replay(ENV, scarce(preset, split), 1000, form=form)
    assert (report["states"], report["wrong"]) == (1000, 0)
    assert report["mean_visible"] > 3.0


@pytest.mark.parametrize("split", ["fixed", "flexible"])
@pytest.mark.parametrize("form", ["values", "shares"])
def test_the_oracles_action_sends_exactly_what_the_oracle_does(form: str, split: str):
    """Its batch whole, and of the others what is left of the uplink goes to the shortest first."""
    partly = 0
    mechanism = mechanism_of(ENV, form)
    for at, (simulation, row) in enumerate(states(ENV, scarce("mobile-uplink", split), 150, seed=2, form=form)):
        params, state, shown = simulation.params, simulation.state, int(simulation.state.visible[row])
        batch = BranchAndBound().solve(BatchProblem.of_row(simulation, row)).selected
        rest = shares_of_rest(params, state, row, batch, shortest_first(simulation, row))
        request, carries = state.slot_request[row, :shown].copy(), state.slot_uplink_bits[row, :shown].copy()
        whole = state.prompt_tokens[row, request] * params.uplink_bits_per_token
        expected = np.where(batch, whole, state.sent_bits[row, request] + rest * carries)
        one = type(state)(*(array[row : row + 1].copy() for array in state))
        observation = np.zeros(mechanism.observation_length(simulation.scenario), dtype=np.float32)
        mechanism.step_row(params, one, 0, MinimumShares().action(simulation, row), observation)
        assert (one.status[0, request] == SERVED).tolist() == batch.tolist(), at
        assert one.sent_bits[0, request] == pytest.approx(expected, rel=1e-9, abs=1e-3)
        partly += int(((rest > 0) & (expected < whole)).sum())
    assert partly > 50


@pytest.mark.parametrize("split", ["fixed", "flexible"])
@pytest.mark.parametrize("form", ["values", "shares"])
@pytest.mark.parametrize("preset", ["mobile-uplink", "embedding-uplink-carried"])
def test_no_action_completes_more(preset: str, form: str, split: str):
    report = contest(ENV, scarce(preset, split), 15, actions=500, rounds=10, form=form)
    assert report["above_bound"] == 0
    assert report["random_reaches_served"] > 0


def test_zero_does_about_what_the_oracle_does():
    scenario = load_scenario("mobile-uplink", **{"epoch.episode_epochs": 20})
    workloads = draw_workloads(scenario, 6, seed=1)
    oracle = served_by_allocation(ENV, MinimumShares(), scenario, workloads).sum()
    equal = served_by_allocation(ENV, EqualValues(), scenario, workloads).sum()
    env = started(ENV, scenario, workloads[0])
    alike = served_by_allocation(ENV, EqualValues(), scenario, workloads[:1])[0]
    for _ in range(20):
        *_, info = env.step(np.zeros(env.action_space.shape))
    assert info["served"] == alike
    assert equal > 0.9 * oracle


def test_values_cannot_divide_the_band_by_shares():
    env = started(ENV, scarce("mobile-uplink", "fixed"), workload_at([0.0]))
    with pytest.raises(ValueError, match="action = 'values': must be 'shares' for an allocation of shares"):
        EqualShare().action(env.simulation, 0)


# --- rules, on an uplink of 512 tokens an epoch


def order_of(rule: Any, **requests: Any) -> list[int]:
    scenario = small_scenario(**(CAPPED | {"radio.transfers": "carried_over"}))
    env = started(ENV, scenario, workload_at([0.0, 0.5, 1.0], **requests))
    return rule.order(env.simulation, 0).tolist()


def test_orders():
    assert order_of(EarliestDeadlineFirst(), latency_requirement_s=[20, 10, 15]) == [1, 2, 0]
    assert order_of(ShortestRemainingTime(), prompt_tokens=[400, 128, 256]) == [1, 2, 0]
    weak = {"uplink_gain": [1e-13, 1e-9, 3e-14]}
    assert order_of(MaximumRate(), **weak) == [1, 0, 2]
    # at equal rates and with nothing sent, who has waited longest; a rate four times lower outweighs twice the wait
    assert order_of(ProportionalFair()) == [0, 1, 2]
    assert order_of(ProportionalFair(), uplink_gain=[1e-15, 1e-9, 1e-9])[2] == 0


def test_a_rule_serves_and_sends_in_its_order():
    """EDF: the second has least slack, so it completes, and what it leaves goes to the third."""
    scenario = small_scenario(**(CAPPED | {"radio.transfers": "carried_over"}))
    requests = workload_at([0.0, 0.1, 0.2], prompt_tokens=[500, 300, 400], latency_requirement_s=[30.0, 10.0, 20.0])
    env = started(ENV, scenario, requests)
    env.step(EarliestDeadlineFirst().action(env.simulation, 0))
    token = CAPPED["radio.uplink_bits_per_token"]
    assert (env.simulation.state.sent_bits[0, :3] / token).tolist() == pytest.approx([0, 300, 212])


def test_the_predictive_rule_lets_who_drives_nearer_wait():
    """Two uploads alike, of a user who comes nearer and of one who goes: alone the latter is served first."""
    scenario = load_scenario("mobile-uplink", **{"epoch.visible_slots": Q})
    gains = np.full((2, 10), 1e-11)
    base = workload_at(
        [0.0, 0.5], prompt_tokens=512, latency_requirement_s=20.0, uplink_gain=gains, downlink_gain=gains
    )
    distance_m = np.array([np.linspace(300, 60, 10), np.linspace(300, 500, 10)])
    requests = type(base)(**(base.__dict__ | {"distance_m": distance_m})).validate()
    env = started(ENV, scenario, requests)
    assert ShortestRemainingTime().order(env.simulation, 0).tolist() == [0, 1]
    assert PredictiveUploads(0.0, 0.0).order(env.simulation, 0).tolist() == [0, 1]
    assert PredictiveUploads(2.0, 0.0).order(env.simulation, 0).tolist() == [1, 0]


@pytest.mark.parametrize(("numbers", "message"), [((-1.0, 0.0), "patience = -1.0"), ((1.0, np.nan), "urgency = nan")])
def test_numbers_that_make_no_rule_are_an_error(numbers: tuple[float, float], message: str):
    with pytest.raises(ValueError, match=message):
        PredictiveUploads(*numbers)


def test_tuning_is_of_its_seed_and_the_rules_are_for_uploads_that_carry_over():
    scenario = small_scenario("mobile-uplink", epoch__visible_slots=16)
    assert tune_uploads(scenario, seed=3, episodes=2) == tune_uploads(scenario, seed=3, episodes=2)
    rules = baselines_of(ENV)
    tuned = {"discount": None, "uploads": [2.0, 0.1], "price": 1.5}
    carried = rules.playable(scenario, tuned).keys()
    within = rules.playable(load_scenario("carry-over"), {"discount": 0.1, "uploads": None, "price": None}).keys()
    assert carried - within == {"predictive", "stopping", "srt", "maximum-rate", "proportional-fair", "edf"}
    assert within - carried == {"look-ahead", "equal", "equal-finishing-time", "water-filling"}
