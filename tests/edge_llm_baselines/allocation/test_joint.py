"""`BestJoint` against enumeration, replay and every other action, on small nodes."""

from __future__ import annotations

import numpy as np
import pytest

from edge_llm_baselines.allocation.joint import BestJoint, steering_values
from edge_llm_env import Scenario
from edge_llm_env.dynamics.cascade import NOBODY
from experiments.allocation.checks import contest, replay
from tests.edge_llm_baselines.allocation.test_partitions import small_workloads
from tests.references.plain_allocation import Epoch
from tests.support.allocation import started, tiers
from tests.support.helpers import workload_at

ENV = "EdgeLLM/Joint-v0"

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


@pytest.mark.parametrize("split", ["fixed", "flexible"])
def test_its_action_serves_what_it_says(split: str):
    report = replay(ENV, scarce(split), 1000)
    assert (report["states"], report["wrong"]) == (1000, 0)
    assert report["proven_optimal"] > 850
    assert report["mean_visible"] > 2.0


@pytest.mark.parametrize("split", ["fixed", "flexible"])
def test_no_action_serves_more(split: str):
    report = contest(ENV, scarce(split), 20, actions=1000, rounds=20)
    assert (report["above_bound"], report["above_served"]) == (0, 0)


@pytest.mark.parametrize("split", ["fixed", "flexible"])
def test_no_partition_and_no_assignment_of_requests_is_better_where_it_says_so(split: str):
    scenario = scarce(split)
    optimal, served = 0, set()
    for requests in small_workloads(scenario, 25, ENV, most=5):
        solution = BestJoint().solve(started(ENV, scenario, requests).simulation, 0)
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


def test_between_equals_nothing_moves():
    env = started(ENV, tiers(), workload_at([0.0]))
    solution = BestJoint().solve(env.simulation, 0)
    assert solution.counts.tolist() == [2, 1, 1]
    assert (solution.served, solution.upper_bound, solution.optimal) == (1, 1, True)


def test_nobody_to_serve():
    for split in ("fixed", "flexible"):
        env = started(ENV, tiers(epoch__split=split), workload_at([]))
        solution = BestJoint().solve(env.simulation, 0)
        assert (solution.served, solution.optimal) == (0, True)
        assert env.step(BestJoint().action(env.simulation, 0))[1] == 0.0


def test_iterations_must_be_at_least_one():
    with pytest.raises(ValueError, match="iterations = 0: must be at least 1"):
        BestJoint(0)
