"""Modules that move among variants and load weights, on six modules of `accuracy-tiers`."""

from __future__ import annotations

import numpy as np
import pytest

from edge_llm_env.dynamics.modules import (
    GROUPS,
    begin_modules,
    groups_after_moving,
    groups_now,
    hosted,
    judge_alone,
    move_modules,
    variant_rule,
)
from edge_llm_env.dynamics.params import rule_of
from edge_llm_env.dynamics.simulation import Simulation
from edge_llm_env.feasibility.batch import BatchSums, empty_batch, with_request
from edge_llm_env.feasibility.request import Request
from edge_llm_env.feasibility.rule import compute_time_s, is_feasible, memory_bytes
from edge_llm_env.residency.moving import pass_time
from tests.support.allocation import tiers

LOAD_S = [2359296000 / 3e9, 6039797760 / 3e9, 6291456000 / 3e9]
"""α·24·L·d² bytes at 3 GB/s: BLOOM-3B and 7.1B at 8 bits, OPT-13B at 4 bits; 0.79, 2.01 and 2.10 s."""


def simulation(modules: int = 6, **overrides: float) -> Simulation:
    made = Simulation(tiers(node__modules=modules, **overrides), 1, hosts_variants=True, keeps_split=True)
    begin_modules(made.params, made.state, 0)
    return made


def move(of: Simulation, *counts: int) -> None:
    move_modules(of.params, of.state, 0, np.array(counts))


def end_epoch(of: Simulation) -> None:
    pass_time(of.state.module_ready_s, 0, of.params.epoch_s)


def groups(of: Simulation, counts: list[int] | None = None) -> tuple[list[list[int]], list[list[float]]]:
    """Sizes and times of the groups, of each variant loaded and late; as they are, or after moving."""
    sizes, ready_s = np.zeros(3 * GROUPS, dtype=np.int64), np.full(3 * GROUPS, -9.0)
    if counts is None:
        groups_now(of.params, of.state, 0, sizes, ready_s)
    else:
        groups_after_moving(of.params, of.state, 0, np.array(counts), sizes, ready_s)
    return sizes.reshape(3, GROUPS).tolist(), ready_s.reshape(3, GROUPS).tolist()


def test_those_that_have_loaded_serve_on_while_others_load():
    made = simulation()
    move(made, 3, 1, 2)
    sizes, ready_s = groups(made)
    assert sizes == [[2, 1], [1, 0], [2, 0]]
    assert ready_s[0] == pytest.approx([0.0, LOAD_S[0]])
    end_epoch(made)
    assert groups(made)[0] == [[3, 0], [1, 0], [2, 0]]


def test_loading_goes_on_over_epochs_and_meanwhile_they_are_in_no_group():
    """At 1 GB/s OPT-13B takes 6.29 s: 2.29 s after one epoch of 4 s, none after two."""
    made = simulation(node__storage_bandwidth_bytes_per_s=1e9)
    move(made, 0, 0, 6)
    for loaded, late, left_s in ((2, 0, 0.0), (2, 4, 2.291456), (6, 0, 0.0)):
        sizes, ready_s = groups(made)
        assert sizes[2] == [loaded, late]
        assert ready_s[2] == pytest.approx([0.0, left_s])
        move(made, 0, 0, 6)
        end_epoch(made)


def test_what_loads_during_the_uplink_is_loaded():
    """T_U is 0.25 s; BLOOM-3B at 8 bits takes 0.23 s at 10.2 GB/s and 0.26 s at 9 GB/s."""
    for bandwidth, expected in ((10.2e9, [6, 0]), (9e9, [2, 4])):
        made = simulation(node__storage_bandwidth_bytes_per_s=bandwidth)
        assert groups(made, [6, 0, 0])[0][0] == expected


@pytest.mark.parametrize("bandwidth", [0.3e9, 0.9e9, 3e9, 100e9])
def test_groups_foretold_are_those_that_follow(bandwidth: float):
    rng = np.random.default_rng(0)
    made = simulation(node__storage_bandwidth_bytes_per_s=bandwidth)
    late = 0
    for _ in range(200):
        counts = rng.multinomial(rng.integers(0, 7), rng.dirichlet(np.ones(3))).tolist()
        sizes, ready_s = groups(made, counts)
        move(made, *counts)
        assert [hosted(made.state, 0, variant) for variant in range(3)] == counts
        found, found_s = groups(made)
        assert sizes == found
        for variant in range(3):
            for group in range(GROUPS):
                if sizes[variant][group]:
                    assert ready_s[variant][group] == found_s[variant][group]
            late += sizes[variant][1]
        if rng.random() < 0.7:
            end_epoch(made)
    assert (late > 0) == (bandwidth < 100e9)


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
        alone = judge_alone(rule, made.params, request, 0, accuracy)
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
        assert not judge_alone(rule, made.params, hopeless, 0, accuracy).fits
