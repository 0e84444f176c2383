"""`BestJoint` against enumeration, replay and every other action, on small nodes."""

from __future__ import annotations

import numpy as np
import pytest

from edge_llm_baselines.allocation.joint import MOST_RELAXATIONS, BestJoint
from edge_llm_baselines.allocation.partitions import partitions
from edge_llm_baselines.allocation.steering import steering_entries, steering_values
from edge_llm_env import Scenario
from edge_llm_env.dynamics.cascade import NOBODY
from edge_llm_env.dynamics.modules import GROUPS, groups_after_moving
from edge_llm_env.dynamics.params import rule_of
from edge_llm_env.dynamics.values.batch import order_by_value
from edge_llm_env.dynamics.values.cascade import cascade_by_value
from edge_llm_env.dynamics.values.partition import wanted_modules
from experiments.allocation.checks import contest, replay, states
from tests.edge_llm_baselines.allocation.test_partitions import small_workloads
from tests.references.plain_allocation import Epoch
from tests.support.allocation import started, tiers
from tests.support.helpers import workload_at

ENV = "EdgeLLM/Joint-v0"
FORMS = ("values", "shares")

TWO = [
    {"decoder": "bloom-3b", "precision": "w8a16", "perplexity_increase": 3.35},
    {"decoder": "opt-13b", "precision": "w4a16-gptq", "perplexity_increase": 0.18},
]


def scarce(split: str, **overrides: object) -> Scenario:
    """Two variants on three modules, with bands that turn somebody away now and then."""
    settings: dict[str, object] = {
        "node__variants": TWO,
        "node__modules": 3,
        "epoch__split": split,
        "workload__arrivals__rate_per_s": 1.0,
        "radio__uplink_bits_per_token": 8000.0,
    }
    return tiers(**(settings | overrides))


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("split", ["fixed", "flexible"])
def test_its_action_serves_what_it_says(split: str, form: str):
    report = replay(ENV, scarce(split), 1000, form=form)
    assert (report["states"], report["wrong"]) == (1000, 0)
    assert report["proven_optimal"] > 850
    assert report["mean_visible"] > 2.0


@pytest.mark.parametrize("split", ["fixed", "flexible"])
def test_its_values_do_exactly_what_it_found(split: str):
    """Each request by the variant that it says, in 1,000 states."""
    found = set()
    for simulation, row in states(ENV, scarce(split), 1000, seed=3):
        solution = BestJoint().solve(simulation, row)
        action = BestJoint.action_of(solution, simulation, row)
        params, state = simulation.params, simulation.state
        assert wanted_modules(params, state, row, action, simulation.slots).tolist() == solution.counts.tolist()
        order, _ = order_by_value(params, state, row, action)
        sizes, ready_s = np.zeros(3 * GROUPS, dtype=np.int64), np.zeros(3 * GROUPS)
        groups_after_moving(params, state, row, solution.counts, sizes, ready_s)
        server = cascade_by_value(rule_of(params), params, state, row, order, action, sizes, ready_s)
        assert server.tolist() == solution.server.tolist()
        found.add(tuple(server.tolist()))
    assert len(found) > 50


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("split", ["fixed", "flexible"])
def test_no_action_serves_more(split: str, form: str):
    report = contest(ENV, scarce(split), 20, actions=1000, rounds=20, form=form)
    assert (report["above_bound"], report["above_served"]) == (0, 0)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("split", ["fixed", "flexible"])
def test_no_partition_and_no_assignment_of_requests_is_better_where_it_says_so(split: str, form: str):
    scenario = scarce(split)
    optimal, served = 0, set()
    for requests in small_workloads(scenario, 25, ENV, most=5):
        solution = BestJoint().solve(started(ENV, scenario, requests, action=form).simulation, 0)
        most = Epoch(scenario, requests).best_assignment()
        assert solution.served <= most <= solution.upper_bound
        assert solution.optimal == (solution.served == solution.upper_bound)
        optimal += solution.optimal
        served.add(solution.served)
    assert optimal > 20
    assert len(served) > 2


def test_steering_values_put_each_request_on_its_variant():
    """With three requests: 4⁰ for the first variant's, 4⁻¹ for the second's, 4⁻² for nobody's."""
    assert steering_values(np.array([1, 0, NOBODY]), 2).tolist() == [0.25, 1.0, 0.0625]


def test_steering_entries_make_each_worth_more_than_all_of_dearer_variants_together():
    env = started(ENV, tiers(), workload_at([0.0, 0.1, 0.2], prompt_tokens=[512, 128, 512]))
    worth = 1.0 + steering_entries(env.simulation.params, env.simulation.state, 0, np.array([1, 0, NOBODY]), 2)
    assert worth[1] > worth[0] + worth[2]
    assert worth[0] > worth[2] > 0.0
    assert worth.max() <= 2.0


def test_between_equals_nothing_moves():
    env = started(ENV, tiers(), workload_at([0.0]))
    solution = BestJoint().solve(env.simulation, 0)
    assert solution.counts.tolist() == [2, 1, 1]
    assert (solution.served, solution.upper_bound, solution.optimal) == (1, 1, True)


def test_nobody_to_serve():
    for split in ("fixed", "flexible"):
        for form in FORMS:
            env = started(ENV, tiers(epoch__split=split), workload_at([]), action=form)
            solution = BestJoint().solve(env.simulation, 0)
            assert (solution.served, solution.optimal) == (0, True)
            assert env.step(BestJoint().action(env.simulation, 0))[1] == 0.0


def test_iterations_must_be_at_least_one():
    with pytest.raises(ValueError, match="iterations = 0: must be at least 1"):
        BestJoint(0)


def test_many_partitions_end_with_a_bound():
    """More partitions than `MOST_RELAXATIONS` has iterations of 40 for: each gets fewer, and the bound holds."""
    modules = 25
    assert len(partitions(modules, 3)) * 40 > MOST_RELAXATIONS
    env = started(ENV, tiers(node__modules=modules), workload_at([0.1 * at for at in range(6)]))
    solution = BestJoint().solve(env.simulation, 0)
    assert 0 < solution.served <= solution.upper_bound <= 6
    once = BestJoint(1).solve(env.simulation, 0)
    assert once.served <= solution.served
    assert solution.upper_bound <= once.upper_bound
