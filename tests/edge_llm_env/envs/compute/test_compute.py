"""`EdgeLLM/Compute-v0`, worked out by hand on four modules of `accuracy-tiers` (T_E = 4 s, T_U = T_D = 0.25 s)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from edge_llm_env import ScenarioError
from edge_llm_env.dynamics.state import SERVED
from edge_llm_env.dynamics.values.partition import wanted_modules, whole_modules
from edge_llm_env.envs.observation.features import slot_feature, split_further, split_observation
from tests.support.allocation import corner_actions, logits, started, tiers
from tests.support.helpers import ROOFLINE, small_scenario, workload_at

ENV = "EdgeLLM/Compute-v0"

BLOOM_3B, BLOOM_7B1, OPT_13B = range(3)
"""Variants from the cheapest on; they offer 0.23, 0.45 and 0.85 of accuracy."""


# --- largest remainders


@pytest.mark.parametrize(
    ("shares", "counts"),
    [
        ([0.5, 0.25, 0.25], [2, 1, 1]),
        ([1.0, 1.0, 1.0], [2, 1, 1]),  # 4/3 each: the last module goes to the cheapest of equal remainders
        ([0.3, 0.45, 0.25], [1, 2, 1]),  # 1.2, 1.8 and 1: the largest remainder is 0.8
        ([0.4, 0.4, 0.2], [2, 1, 1]),  # 1.6, 1.6 and 0.8: remainders 0.6, 0.6, 0.8 and two modules left
        ([0.1, 0.0, 0.0], [4, 0, 0]),  # all modules are divided
        ([0.0, 2.0, 1.0], [0, 3, 1]),  # 8/3 and 4/3: remainders 2/3 and 1/3
    ],
)
def test_shares_become_whole_modules_by_largest_remainders(shares: list[float], counts: list[int]):
    assert whole_modules(np.array(shares), 4).tolist() == counts


@pytest.mark.parametrize(
    ("action", "counts"),
    [
        ([0.0, 0.0, 0.0], [2, 1, 1]),
        ([-0.01, 0.01, 0.0], [2, 1, 1]),  # quotas 1.30, 1.36 and 1.33: what is hosted is less than a module off
        ([-1.0, -1.0, 0.0], [0, 0, 4]),
        ([0.0, 0.0, -1.0], [2, 2, 0]),
        ([-0.6, 0.2, -0.6], [1, 3, 0]),  # weights 0.17, 1.36, 0.17: quotas 0.39, 3.21, 0.39; the cheaper first
        ([-1.0, -1.0, -1.0], [2, 1, 1]),  # nobody wants any: they stay
    ],
)
def test_logits_become_modules(action: list[float], counts: list[int]):
    env = started(ENV, tiers(), workload_at([0.0]))
    simulation = env.simulation
    assert wanted_modules(simulation.params, simulation.state, 0, np.array(action), 0).tolist() == counts


@pytest.mark.parametrize("modules", [1, 3, 7, 10, 20, 49, 128])
def test_logits_of_any_partition_lead_there_in_float32_too(modules: int):
    env = started(ENV, tiers(node__modules=modules), workload_at([0.0]))
    simulation, rng = env.simulation, np.random.default_rng(modules)
    for _ in range(200):
        wanted = rng.multinomial(modules, rng.dirichlet(np.ones(3)))
        action = logits(*wanted / modules).astype(np.float32).astype(np.float64)
        assert wanted_modules(simulation.params, simulation.state, 0, action, 0).tolist() == wanted.tolist()


def test_modules_are_the_shares_to_within_one_and_all_there_are():
    rng = np.random.default_rng(0)
    for _ in range(2000):
        shares = rng.random(3) * rng.choice([0.2, 0.5, 1.0])
        counts = whole_modules(shares, 10)
        assert (np.abs(counts - 10 * shares / shares.sum()) < 1.0 + 1e-9).all()
        assert counts.sum() == 10


def test_modules_stay_while_they_are_less_than_one_off():
    """Thirds of four modules are 4/3 each: 2, 1 and 1 are so near, and so are 1, 2 and 1; 0, 3 and 1 are not."""
    for hosted, kept in (((1, 2, 1), True), ((1, 1, 2), True), ((0, 3, 1), False)):
        env = started(ENV, tiers(), workload_at([]))
        env.step(logits(*hosted))
        for _ in range(3):
            env.step(np.zeros(3))
            found = np.bincount(env.simulation.state.module_variant[0], minlength=3).tolist()
            assert found == (list(hosted) if kept else [2, 1, 1])


# --- who serves whom


def servers(env: Any) -> list[int]:
    return np.flatnonzero(env.simulation.state.status[0] == SERVED).tolist()


@pytest.mark.parametrize(
    ("shares", "served"),
    [
        ([1, 0, 0], [0]),
        ([0, 1, 0], [0, 1]),
        ([0, 0, 1], [0, 1, 2]),
    ],
)
def test_a_variant_serves_those_whom_it_is_accurate_enough_for(shares: list[float], served: list[int]):
    """Requirements 0.2, 0.4 and 0.8; loading takes no time worth mention."""
    scenario = tiers(node__storage_bandwidth_bytes_per_s=1e12)
    env = started(ENV, scenario, workload_at([0.0, 0.1, 0.2], accuracy_requirement=[0.2, 0.4, 0.8]))
    env.step(logits(*shares))
    assert servers(env) == served


def test_a_request_that_no_variant_is_accurate_enough_for_is_rejected():
    env = started(ENV, tiers(), workload_at([0.0, 0.1], accuracy_requirement=[0.8474, 0.8475]))
    assert env.simulation.counters(0)["rejected"] == 1


@pytest.mark.parametrize(("modules", "served"), [(2, [0, 0, 1]), (4, [1, 2, 4])])
def test_loaded_modules_serve_on_while_others_load_over_several_epochs(modules: int, served: list[int]):
    """OPT-13B at 4 bits, 6.29 GB at 0.7 GB/s: 8.99 s, so what has come to it computes from 0.99 s after the start of
    the third epoch on. Two modules begin with the other variants; of four one has it from the beginning, which serves
    one request of 128 + 128 tokens in an epoch (1.8 s), beside those of the others in the third (0.6 s each)."""
    scenario = tiers(node__storage_bandwidth_bytes_per_s=0.7e9, node__modules=modules)
    env = started(ENV, scenario, workload_at([0.0] * served[-1], accuracy_requirement=0.8))
    for epoch in range(3):
        observation, *_, info = env.step(logits(0.0, 0.0, 1.0))
        assert info["served"] == served[epoch]
        variants = split_further(observation, env.mechanism.extent(scenario))[1][:6].reshape(3, 2)
        assert variants[OPT_13B].tolist() == [1.0, 1.0 if epoch == 2 else (modules == 4) / 4]


def test_loading_goes_on_during_the_uplink_and_takes_from_the_deadline():
    """BLOOM-3B has the first of three modules; the others take 0.79 s to load it, 0.54 s of that after T_U. A request
    of 128 + 128 tokens takes 0.73 s on one module and 0.36 s on two. With T_U and T_D the first is done 0.25 + 0.73 +
    0.25 = 1.23 s after the start, t = 4 s, and the second of the two others 0.25 + 0.54 + 0.36 + 0.25 = 1.4 s."""
    for latency_s, served in ((1.20, 0), (1.26, 1), (1.38, 1), (1.43, 2)):
        env = started(ENV, tiers(node__modules=3), workload_at([3.999, 3.999], latency_requirement_s=latency_s))
        *_, info = env.step(logits(1.0, 0.0, 0.0))
        assert info["served"] == served


@pytest.mark.parametrize(("module_bytes", "served"), [(6.50e9, 2), (6.51e9, 3)])
def test_each_module_holds_the_weights(module_bytes: float, served: int):
    """Three modules with OPT-13B at 4 bits, 6.291456 GB each, and requests of 4·40·5120·(128 + 128) = 0.2097152 GB of
    KV cache. Three requests need 0.6291456 GB; modules of 6.5 GB leave 3·(6.5 - 6.291456) = 0.625632 GB."""
    scenario = tiers(
        node__modules=3, node__memory_bytes_per_module=module_bytes, node__storage_bandwidth_bytes_per_s=1e12
    )
    env = started(ENV, scenario, workload_at([0.0, 0.1, 0.2], accuracy_requirement=0.8))
    *_, info = env.step(logits(0.0, 0.0, 1.0))
    assert info["served"] == served
    used = 3 * 6291456000 + served * 4 * 40 * 5120 * 256
    assert info["utilisation"]["memory"] == pytest.approx(used / (3 * module_bytes))


def test_a_variant_must_fit_a_module():
    with pytest.raises(
        ScenarioError, match=r"node.memory_bytes_per_module = 6e\+09: where .* each must hold bloom-7b1"
    ):
        tiers(node__memory_bytes_per_module=6e9)


def test_a_decoder_that_only_all_modules_together_can_hold_is_refused_where_they_are_divided():
    pooled = small_scenario(node__modules=4, node__memory_bytes_per_module=2e9)
    for env_id in (ENV, "EdgeLLM/Joint-v0"):
        with pytest.raises(ScenarioError, match=r"each must hold bloom-3b at w16a16, 4.719e\+09 bytes"):
            started(env_id, pooled, workload_at([0.0]))
    assert started("EdgeLLM/Bandwidth-v0", pooled, workload_at([0.0])).simulation.counters(0)["pending"] == 1


def test_without_variants_the_node_s_own_decoder_is_the_only_one_at_its_own_accuracy():
    scenario = small_scenario(node__perplexity_increase=1.0)
    (only,) = scenario.variants
    assert only.accuracies == (scenario.quantization.accuracy,) == (0.5,)


def test_a_perplexity_increase_of_a_variant_stands_for_one_that_the_catalogue_does_not_know():
    variants = [{"decoder": "bloom-3b", "precision": "w4a16-awq", "perplexity_increase": 3.0}]
    assert [one.accuracies for one in tiers(node__variants=variants).variants] == [(0.25,)]


def test_on_part_of_the_modules_the_roofline_s_overheads_stay_what_they_are():
    """Compute and memory traffic take longer, but a pass through the layers has the same overhead: costs are those of
    a node of that many modules, its runtime on each."""
    scenario = small_scenario(**(ROOFLINE | {"node.modules": 4, "node.storage_bandwidth_bytes_per_s": 3e9}))
    (variant,) = scenario.variants
    assert len(variant.batch_cost) == 4
    for modules, cost in enumerate(variant.batch_cost, start=1):
        alone = small_scenario(**(ROOFLINE | {"node.modules": modules}))
        assert cost == alone.batch_cost
    one, four = variant.batch_cost[0].compute_s.base(128, 128), variant.batch_cost[3].compute_s.base(128, 128)
    assert one / 4 < four < one
    held = [cost.memory_bytes.base.constant for cost in variant.batch_cost]
    assert held[0] == variant.module_bytes > variant.weight_bytes
    # each further module holds a runtime of its own
    assert np.diff(held) == pytest.approx([held[1] - held[0]] * 3)
    assert 0.1e9 < held[1] - held[0] < 2e9
    assert variant.load_s == pytest.approx(variant.weight_bytes / 3e9)


# --- what is seen


def test_observation_tells_requirements_variants_and_modules():
    env = started(ENV, tiers(), workload_at([0.0, 0.1], accuracy_requirement=[0.2, 0.8]))
    extent = env.mechanism.extent(env.scenario)
    assert extent == (4, 3 * 3 + 2 * 4)
    observation, *_ = env.step(logits(0.0, 0.0, 1.0))
    context, slots = split_observation(observation, extent)
    further, whole = split_further(observation, extent)
    assert (context.shape, slots.shape, further.shape, whole.shape) == ((10,), (6, 10), (6, 4), (17,))
    assert slot_feature(observation, "present", extent).tolist() == [0] * 6  # both are served
    observation, _ = env.reset(options={"workload": workload_at([0.0, 0.1], accuracy_requirement=[0.2, 0.8])})
    assert slot_feature(observation, "present", extent).tolist() == [1, 1, 0, 0, 0, 0]
    assert split_further(observation, extent)[0][:, 2] == pytest.approx([0.2, 0.8, 0, 0, 0, 0])
    assert split_further(observation, extent)[0][:, 3].tolist() == [1, 1, 0, 0, 0, 0]  # the only class
    variants, accuracies, modules = whole[:6].reshape(3, 2), whole[6:9], whole[9:].reshape(4, 2)
    assert variants.tolist() == [[0, 0], [0, 0], [1, 1]]
    assert accuracies == pytest.approx([1 / 4.35, 1 / 2.24, 1 / 1.18])
    assert modules[:, 0].tolist() == [1.0] * 4  # the third of three variants
    assert (modules[:, 1] == 0).all()  # 2.1 s have gone by


def test_observation_tells_how_long_each_module_still_loads():
    """OPT-13B at 4 bits, 6.29 GB at 0.7 GB/s: 8.99 s, of which 4 have gone; BLOOM-7.1B at 8 bits takes longer."""
    scenario = tiers(node__storage_bandwidth_bytes_per_s=0.7e9)
    env = started(ENV, scenario, workload_at([0.0]))
    observation, *_ = env.step(logits(0.5, 0.0, 0.5))
    modules = split_further(observation, env.mechanism.extent(scenario))[1][9:].reshape(4, 2)
    longest_s = max(one.load_s for one in scenario.variants)
    left_s = 6291456000 / 0.7e9 - 4.0
    assert sorted(modules[:, 0].tolist()) == pytest.approx([1 / 3, 1 / 3, 1, 1])
    assert sorted(modules[:, 1].tolist()) == pytest.approx([0.0, 0.0, 0.0, left_s / longest_s])


def test_the_split_is_the_scenario_s_even_where_it_is_flexible():
    fixed, flexible = (
        started(ENV, tiers(epoch__split=split), workload_at([0.0, 1.0, 2.0, 6.0])) for split in ("fixed", "flexible")
    )
    for shares in ([1.0, 0.0, 0.0], [0.0, 0.5, 0.5]):
        one, other = fixed.step(logits(*shares)), flexible.step(logits(*shares))
        np.testing.assert_array_equal(one[0], other[0])
        assert one[1:4] == other[1:4]


# --- actions


def test_valid_actions_of_every_kind_never_raise():
    env = started(ENV, tiers(), workload_at(np.linspace(0.0, 60.0, 60), accuracy_requirement=np.linspace(0, 0.84, 60)))
    for given in corner_actions(3):
        observation, *_ = env.step(given)
        assert np.isfinite(observation).all()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ([0.5, np.nan, 0.0], r"action\[1\] = nan: every entry must be in -1..1"),
        ([0.5, 2.0, 0.0], r"action\[1\] = 2\.0: every entry must be in -1..1"),
        ([0.5, 0.5], r"action of shape \(2,\) and dtype float64: must be numbers of shape \(3,\)"),
        ([True, False, False], r"dtype bool: must be numbers of shape \(3,\)"),
    ],
)
def test_an_action_that_is_none_is_an_error_of_one_line(given: Any, message: str):
    with pytest.raises(ValueError, match=message):
        started(ENV, tiers(), workload_at([0.0])).step(given)
