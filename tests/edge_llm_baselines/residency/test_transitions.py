"""All that modules can hold, beside what the environment's modules do; and plans, beside trying every sequence."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest

from edge_llm_baselines.residency.capacities import Demand, crew_capacities, expected_served
from edge_llm_baselines.residency.planning import best_choice
from edge_llm_baselines.residency.transitions import MOST_WAYS, Transitions, can_plan
from edge_llm_env.dynamics.modules import GROUPS, groups_now, move_modules
from edge_llm_env.dynamics.simulation import Simulation
from edge_llm_env.residency.moving import host_evenly, pass_time
from tests.support.allocation import tiers
from tests.support.helpers import small_scenario


def simulation(**overrides: Any) -> Simulation:
    made = Simulation(tiers(node__modules=3, **overrides), 1, hosts_variants=True, keeps_split=True)
    host_evenly(made.state.module_variant, made.state.module_ready_s, 0, 3)
    return made


@pytest.mark.parametrize("bandwidth", [0.4e9, 0.9e9, 3e9, 100e9])
def test_states_and_crews_are_those_of_the_environment(bandwidth: float):
    made = simulation(node__storage_bandwidth_bytes_per_s=bandwidth)
    params, state = made.params, made.state
    known, rng = Transitions.of(params), np.random.default_rng(0)
    at = known.state_of(params, state.module_variant[0], state.module_ready_s[0])
    seen = set()
    for _ in range(300):
        choice = rng.integers(len(known.choices))
        before = state.module_variant[0].copy()
        move_modules(params, state, 0, known.choices[choice])
        assert known.moves[at, choice] == (before != state.module_variant[0]).sum()
        sizes, ready_s = np.zeros(3 * GROUPS, dtype=np.int64), np.zeros(3 * GROUPS)
        groups_now(params, state, 0, sizes, ready_s)
        assert known.crews[known.crew[at, choice]].ravel().tolist() == sizes.tolist()
        pass_time(state.module_ready_s, 0, params.epoch_s)
        at = known.later[at, choice]
        assert at == known.state_of(params, state.module_variant[0], state.module_ready_s[0])
        seen.add(int(at))
    assert len(seen) > 5


def test_too_many_ways_to_move_are_refused():
    params = Simulation(
        tiers(node__modules=40, node__storage_bandwidth_bytes_per_s=0.4e9), 1, hosts_variants=True
    ).params
    assert not can_plan(params)
    with pytest.raises(ValueError, match=f"40 modules: .* ways to move among variants, must be {MOST_WAYS}"):
        Transitions.of(params)


@pytest.mark.parametrize("move_cost", [0.0, 0.5])
def test_a_plan_is_the_best_of_all_sequences(move_cost: float):
    made = simulation(node__storage_bandwidth_bytes_per_s=0.9e9)
    known, rng = Transitions.of(made.params), np.random.default_rng(1)
    demand = Demand.of(made.scenario, made.params)
    capacities = crew_capacities(made.scenario, made.params, known.crews)
    for _ in range(10):
        expected = rng.gamma(1.0, 1.5, size=(3, len(demand.of_class)))
        served = [expected_served(capacities, demand.served_by, one) for one in expected]
        begins = int(rng.integers(len(known.later)))
        values: dict[int, float] = {}
        for sequence in product(range(len(known.choices)), repeat=3):
            state, value = begins, 0.0
            for epoch, choice in enumerate(sequence):
                value += served[epoch][known.crew[state, choice]] - move_cost * known.moves[state, choice]
                state = known.later[state, choice]
            values[sequence[0]] = max(value, values.get(sequence[0], -np.inf))
        found = best_choice(
            known.later, known.crew, known.moves, capacities, demand.served_by, expected, move_cost, begins
        )
        assert values[found] == pytest.approx(max(values.values()))


def test_capacities_are_what_fits_the_time_that_modules_have():
    """BLOOM-3B takes 0.73 s for 128 + 128 tokens on one module (paper's costs: no base), so 4.8 of them in 3.5 s; two
    modules twice as many, and two that load for 0.79 s, 0.54 s of it after the uplink, 2·2.96/0.73."""
    made = Simulation(
        tiers(workload__prompt_tokens=[128], workload__output_tokens=[128]), 1, hosts_variants=True, keeps_split=True
    )
    crews = np.zeros((3, 3, 2), dtype=np.int64)
    crews[0, 0], crews[1, 0], crews[2, 0] = (1, 0), (2, 0), (0, 2)
    one, two, late = crew_capacities(made.scenario, made.params, crews)[:, 0]
    each_s = made.scenario.variants[0].batch_cost[0].compute_s.marginal(128, 128)
    assert (one, two) == pytest.approx((3.5 / each_s, 7.0 / each_s))
    assert late == pytest.approx(2 * (3.5 - (2359296000 / 3e9 - 0.25)) / each_s)


def test_kinds_of_requests_are_told_apart_by_who_can_serve_them():
    """Requirements uniform in 0..0.8; variants offer 0.23, 0.446 and 0.847."""
    made = simulation()
    demand = Demand.of(made.scenario, made.params)
    assert demand.served_by.tolist() == [[False, False, True], [False, True, True], [True, True, True]]
    assert demand.share == pytest.approx([(0.8 - 1 / 2.24) / 0.8, (1 / 2.24 - 1 / 4.35) / 0.8, 1 / 4.35 / 0.8])
    assert demand.by_kind(np.array([10.0])).sum() == pytest.approx(10.0)
    exact = Simulation(
        small_scenario("accuracy-tiers", workload__accuracy_requirement={"low": 0.4, "high": 0.4}),
        1,
        hosts_variants=True,
    )
    assert Demand.of(exact.scenario, exact.params).share.tolist() == [1.0]
