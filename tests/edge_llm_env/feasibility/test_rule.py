from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_llm_env import load_scenario
from edge_llm_env.dynamics.params import node_params, rule_of
from edge_llm_env.feasibility.batch import BatchSums, empty_batch, with_request
from edge_llm_env.feasibility.request import Request
from edge_llm_env.feasibility.rule import Rule, compute_time_s, energy_j, is_feasible, memory_bytes
from edge_llm_env.inference.batch_cost import AffineCost, Polynomial

BASE = Polynomial(constant=0.5, s=0.25, n=0.125)
MARGINAL = Polynomial(constant=1.0, s=10.0, s_squared=100.0, n=1e3, n_squared=1e4, s_times_n=1e5)
NOTHING = AffineCost(Polynomial(), Polynomial())


def request(s: float, n: float, *, slack_s: float = 10.0, uplink: float = 0.0, downlink: float = 0.0) -> Request:
    return Request(float(s), float(n), slack_s, uplink, downlink, 0.0, 0.0)


def batch_of(*requests: Request) -> BatchSums:
    batch = empty_batch()
    for one in requests:
        batch = with_request(batch, one)
    return batch


def rule(*, pads_prompts: bool = False, pads_outputs: bool = False) -> Rule:
    return Rule(AffineCost(BASE, MARGINAL), NOTHING, NOTHING, pads_prompts, pads_outputs, 1.0, 1.0)


@pytest.mark.parametrize(
    ("pads_prompts", "pads_outputs", "as_computed"),
    [
        (False, False, [(2, 3), (5, 1), (1, 2)]),
        (True, False, [(5, 3), (5, 1), (5, 2)]),
        (False, True, [(2, 3), (5, 3), (1, 3)]),
        (True, True, [(5, 3), (5, 3), (5, 3)]),
    ],
)
def test_batch_costs_its_base_and_the_marginals_of_its_padded_requests(
    pads_prompts: bool, pads_outputs: bool, as_computed: list[tuple[int, int]]
):
    batch = batch_of(request(2, 3), request(5, 1), request(1, 2))
    expected = BASE(5, 3) + sum(MARGINAL(s, n) for s, n in as_computed)
    assert compute_time_s(rule(pads_prompts=pads_prompts, pads_outputs=pads_outputs), batch) == expected


def seconds_on_the_node(s: int, n: int) -> float:
    """t_comp of BLOOM-3B (L = 30, d = 2560, f = 10240) at 16 bits on 20 modules of 1.33 TFLOP/s, by the paper."""
    prefill = 30 * (8 * s * 2560**2 + 4 * s * 2560 * 10240 + 4 * s**2 * 2560)
    decode = (n - 1) * 30 * (8 * 2560**2 + 4 * 2560 * 10240 + 4 * (s + n / 2) * 2560)
    return (prefill + decode) / (20 * 1.33e12)


@pytest.mark.parametrize(
    ("prompt_padding", "output_length", "as_computed"),
    [
        ("none", "per_request", [(128, 512), (256, 128)]),
        ("none", "batch_max", [(128, 512), (256, 512)]),
        ("batch_max", "per_request", [(256, 512), (256, 128)]),
        ("batch_max", "batch_max", [(256, 512), (256, 512)]),
        ("fixed", "per_request", [(512, 512), (512, 128)]),
        ("fixed", "batch_max", [(512, 512), (512, 512)]),
    ],
)
def test_batch_of_two_on_the_node_of_the_paper(
    prompt_padding: str, output_length: str, as_computed: list[tuple[int, int]]
):
    fixed = 512 if prompt_padding == "fixed" else None
    scenario = load_scenario(
        "carry-over",
        **{
            "node.prompt_padding": prompt_padding,
            "node.fixed_prompt_tokens": fixed,
            "node.output_length": output_length,
        },
    )
    scenario_rule = rule_of(node_params(scenario))
    batch = batch_of(request(fixed or 128, 512), request(fixed or 256, 128))
    seconds = sum(seconds_on_the_node(s, n) for s, n in as_computed)
    cache_bytes = sum(4 * 30 * 2560 * (s + n) for s, n in as_computed)
    assert compute_time_s(scenario_rule, batch) == pytest.approx(seconds, rel=1e-12)
    assert memory_bytes(scenario_rule, batch) == pytest.approx(4_718_592_000 + cache_bytes, rel=1e-12)
    assert energy_j(scenario_rule, batch) == pytest.approx(20 * 15.0 * seconds, rel=1e-12)


def test_empty_batch_takes_no_time_no_energy_and_the_memory_of_the_weights():
    scenario_rule = rule_of(node_params(load_scenario("carry-over")))
    assert compute_time_s(scenario_rule, empty_batch()) == 0.0
    assert energy_j(scenario_rule, empty_batch()) == 0.0
    assert memory_bytes(scenario_rule, empty_batch()) == 4_718_592_000


def test_empty_batch_is_feasible():
    assert is_feasible(rule_of(node_params(load_scenario("carry-over"))), empty_batch())


@pytest.mark.parametrize(
    ("limits", "feasible"),
    [
        ({}, True),
        ({"uplink": 0.51}, False),
        ({"downlink": 0.51}, False),
        ({"slack_s": 1.9}, False),
        ({"window_s": 1.9}, False),
        ({"memory_limit_bytes": 19.0}, False),
        ({"uplink": 0.5, "downlink": 0.5, "slack_s": 2.0, "window_s": 2.0, "memory_limit_bytes": 20.0}, True),
    ],
)
def test_each_constraint_is_enough_to_forbid_a_batch(limits: dict[str, float], feasible: bool):
    """Two requests of one second and ten bytes each; what fills a capacity to the brim fits."""
    one_second, ten_bytes = Polynomial(constant=1.0), Polynomial(constant=10.0)
    window_s, memory_limit_bytes = limits.pop("window_s", 5.0), limits.pop("memory_limit_bytes", 50.0)
    each = Rule(
        AffineCost(Polynomial(), one_second),
        AffineCost(Polynomial(), ten_bytes),
        NOTHING,
        False,
        False,
        window_s,
        memory_limit_bytes,
    )
    batch = batch_of(request(1, 1, uplink=0.5, downlink=0.5), request(1, 1, **({"uplink": 0.5} | limits)))
    assert is_feasible(each, batch) is feasible


def test_nine_shares_of_a_ninth_fill_a_band():
    """Though their floating-point sum exceeds 1; what exceeds it by more than rounding does not fit."""
    free = Rule(NOTHING, NOTHING, NOTHING, False, False, 1.0, 1.0)
    full = batch_of(*[request(1, 1, uplink=1 / 9, downlink=1 / 9)] * 9)
    assert full.uplink_share > 1.0
    assert is_feasible(free, full)
    assert not is_feasible(free, batch_of(*[request(1, 1, uplink=1 / 9 + 1e-8)] * 9))


def test_infinite_share_never_fits():
    free = Rule(NOTHING, NOTHING, NOTHING, False, False, 1.0, 1.0)
    assert not is_feasible(free, batch_of(request(1, 1, uplink=math.inf)))


any_request = st.builds(
    request,
    st.sampled_from([1, 2, 128, 256, 512, 2048]),
    st.sampled_from([1, 2, 128, 256, 512, 2048]),
    slack_s=st.floats(-1.0, 5.0),
    uplink=st.floats(0, 0.6) | st.just(math.inf),
    downlink=st.floats(0, 0.6),
)
RULES = [
    rule_of(node_params(load_scenario("carry-over", **{"node.prompt_padding": padding, "node.output_length": length})))
    for padding in ("none", "batch_max")
    for length in ("per_request", "batch_max")
]


@given(st.sampled_from(RULES), st.lists(any_request, max_size=12), any_request)
def test_adding_a_request_never_makes_a_batch_cheaper(each: Rule, requests: list[Request], added: Request):
    batch = batch_of(*requests)
    grown = with_request(batch, added)
    assert compute_time_s(each, grown) > compute_time_s(each, batch)
    assert memory_bytes(each, grown) > memory_bytes(each, batch)
    assert energy_j(each, grown) > energy_j(each, batch)
    assert grown.least_slack_s <= batch.least_slack_s


@given(st.sampled_from(RULES), st.lists(any_request, max_size=12), any_request)
def test_adding_a_request_never_makes_a_batch_feasible(each: Rule, requests: list[Request], added: Request):
    batch = batch_of(*requests)
    assert is_feasible(each, batch) or not is_feasible(each, with_request(batch, added))


@given(st.sampled_from(RULES), st.lists(any_request, min_size=2, max_size=8), st.randoms(use_true_random=False))
def test_cost_does_not_depend_on_the_order_of_admission(each: Rule, requests: list[Request], random):
    shuffled = random.sample(requests, len(requests))
    assert compute_time_s(each, batch_of(*shuffled)) == compute_time_s(each, batch_of(*requests))
    assert memory_bytes(each, batch_of(*shuffled)) == memory_bytes(each, batch_of(*requests))
