"""Modules that move among variants and load weights, on six modules of `accuracy-tiers`."""

from __future__ import annotations

import numpy as np
import pytest

from edge_llm_env.dynamics.modules import (
    begin_modules,
    delay_after_moving_s,
    hosted,
    judge_alone,
    loading_s,
    move_modules,
    next_to_leave,
    pass_time,
    variant_rule,
)
from edge_llm_env.dynamics.params import rule_of
from edge_llm_env.dynamics.simulation import Simulation
from edge_llm_env.dynamics.state import IDLE
from edge_llm_env.feasibility.batch import BatchSums, empty_batch, with_request
from edge_llm_env.feasibility.request import Request
from edge_llm_env.feasibility.rule import compute_time_s, is_feasible, memory_bytes
from tests.support.allocation import tiers

LOAD_S = [2359296000 / 3e9, 6039797760 / 3e9, 6291456000 / 3e9]
"""α·24·L·d² bytes at 3 GB/s: BLOOM-3B and 7.1B at 8 bits, OPT-13B at 4 bits; 0.79, 2.01 and 2.10 s."""


def simulation(modules: int = 6, **overrides: float) -> Simulation:
    made = Simulation(tiers(node__modules=modules, **overrides), 1, hosts_variants=True)
    begin_modules(made.params, made.state, 0)
    return made


def move(of: Simulation, *counts: int) -> None:
    move_modules(of.params, of.state, 0, np.array(counts))


def counts_of(of: Simulation) -> list[int]:
    return [hosted(of.state, 0, variant) for variant in range(3)]


def loading_of(of: Simulation) -> list[float]:
    return [loading_s(of.state, 0, variant) for variant in range(3)]


@pytest.mark.parametrize(
    ("modules", "counts"), [(6, [2, 2, 2]), (7, [3, 2, 2]), (4, [2, 1, 1]), (2, [1, 1, 0]), (1, [1, 0, 0])]
)
def test_an_episode_begins_with_modules_divided_evenly_and_loaded(modules: int, counts: list[int]):
    made = simulation(modules)
    assert counts_of(made) == counts
    assert loading_of(made) == [0.0] * 3


def test_a_module_that_comes_to_a_variant_loads_its_weights():
    made = simulation()
    move(made, 3, 1, 2)
    assert counts_of(made) == [3, 1, 2]
    assert loading_of(made) == pytest.approx([LOAD_S[0], 0.0, 0.0])


def test_loading_goes_on_over_epochs():
    """At 1 GB/s OPT-13B takes 6.29 s: 2.29 s after one epoch of 4 s, none after two."""
    made = simulation(node__storage_bandwidth_bytes_per_s=1e9)
    move(made, 0, 0, 6)
    for left_s in (6.291456, 2.291456, 0.0):
        assert loading_of(made)[2] == pytest.approx(left_s)
        move(made, 0, 0, 6)
        pass_time(made.params, made.state, 0)


def test_a_variant_is_ready_when_the_last_of_its_modules_is():
    made = simulation(node__storage_bandwidth_bytes_per_s=1e9)
    move(made, 0, 3, 3)
    pass_time(made.params, made.state, 0)
    move(made, 0, 2, 4)  # one more, which starts from the beginning
    ready_s = made.state.module_ready_s[0][made.state.module_variant[0] == 2]
    assert sorted(ready_s) == pytest.approx([0.0, 0.0, 2.291456, 6.291456])
    assert loading_of(made)[2] == pytest.approx(6.291456)


def test_those_that_still_load_longest_leave_first():
    made = simulation()
    move(made, 4, 1, 1)
    assert next_to_leave(made.state, 0, 0) >= 2  # one of the two that came
    move(made, 2, 1, 1)
    assert loading_of(made)[0] == 0.0


def test_a_module_that_leaves_loses_its_weights():
    made = simulation()
    move(made, 1, 2, 2)
    assert hosted(made.state, 0, IDLE) == 1
    move(made, 2, 2, 2)
    assert loading_of(made)[0] == pytest.approx(LOAD_S[0])


def test_a_module_that_stays_goes_on():
    made = simulation()
    before = made.state.module_variant.copy()
    move(made, 2, 2, 2)
    np.testing.assert_array_equal(made.state.module_variant, before)


def test_as_few_modules_as_possible_move_and_the_delay_foretold_is_the_loading_that_follows():
    rng = np.random.default_rng(0)
    made = simulation(node__storage_bandwidth_bytes_per_s=0.9e9)
    for _ in range(400):
        counts = rng.multinomial(rng.integers(0, 7), rng.dirichlet(np.ones(3)))
        before = made.state.module_variant[0].copy()
        was = counts_of(made)
        foretold = [delay_after_moving_s(made.params, made.state, 0, g, counts[g]) for g in range(3)]
        move(made, *counts)
        assert counts_of(made) == counts.tolist()
        assert loading_of(made) == foretold
        arrived = ((made.state.module_variant[0] != before) & (made.state.module_variant[0] != IDLE)).sum()
        assert arrived == sum(max(0, counts[g] - was[g]) for g in range(3))
        if rng.random() < 0.5:
            pass_time(made.params, made.state, 0)


def batch(requests: int) -> BatchSums:
    grown = empty_batch()
    for _ in range(requests):
        grown = with_request(grown, Request(128.0, 128.0, 100.0, 0.0, 0.0, 0.0, 0.0))
    return grown


def test_fewer_modules_take_longer_and_have_less_memory_beside_the_weights():
    """Under the paper's cost model the time is in proportion to 1 / modules."""
    made = simulation()
    rule = rule_of(made.params)
    for variant in range(3):
        all_six = variant_rule(rule, made.params, variant, 6, 3.5)
        for modules in range(1, 7):
            part = variant_rule(rule, made.params, variant, modules, 3.5)
            assert compute_time_s(part, batch(3)) == pytest.approx(compute_time_s(all_six, batch(3)) * 6 / modules)
            free = part.memory_limit_bytes - memory_bytes(part, empty_batch())
            weights = made.params.variant_weight_bytes[variant]
            assert free == pytest.approx(modules * (32e9 - weights))


def test_a_request_alone_is_judged_by_the_cheapest_variant_that_could_serve_it():
    made = simulation()
    rule = rule_of(made.params)
    for accuracy, expected in ((0.0, 0), (0.23, 1), (0.4, 1), (0.5, 2)):
        request = Request(128.0, 128.0, 9.0, 0.0, 0.0, 0.0, 0.0)
        alone = judge_alone(rule, made.params, request, accuracy)
        node, batch_of_it = (
            variant_rule(rule, made.params, expected, 6, rule.window_s),
            with_request(empty_batch(), request),
        )
        assert is_feasible(node, batch_of_it)
        assert alone.fits
        assert alone.compute_s == compute_time_s(node, batch_of_it)
        assert alone.memory_bytes == memory_bytes(node, batch_of_it) - memory_bytes(node, empty_batch())
    for accuracy, slack_s in ((0.9, 9.0), (0.0, 1e-3)):
        hopeless = Request(128.0, 128.0, slack_s, 0.0, 0.0, 0.0, 0.0)
        assert not judge_alone(rule, made.params, hopeless, accuracy).fits
