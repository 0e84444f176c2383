from __future__ import annotations

import pytest

from edge_llm_env import ScenarioError, load_scenario
from edge_llm_env.inference.factors.fitted import fitted_effects
from edge_llm_env.inference.mechanisms.chosen import NONE, Mechanisms
from edge_llm_env.inference.mechanisms.offloading import Offloading
from edge_llm_env.inference.mechanisms.serving import iteration_s, memory_bytes
from edge_llm_env.inference.published.comparison import case_of, decode_s
from edge_llm_env.inference.work import read_bytes, weight_bytes

CASE = case_of("llama-2-13b", "w16a16", "rtx-4090", "vllm")


def offloaded(**settings: float) -> Mechanisms:
    return Mechanisms(offloading=Offloading(**{"resident_bytes": 0.0, "link_bytes_per_s": 20e9} | settings))


def test_worked_example_of_a_model_that_streams():
    """All but the embedding's table is read over 20 GB/s in each pass, which hides what the device does meanwhile."""
    seconds = read_bytes(CASE.decoder, CASE.precision, 1) / 20e9
    assert 1.2 < seconds < 1.4
    assert iteration_s(CASE, fitted_effects(), offloaded()).decode_pass == pytest.approx(seconds)
    plain = iteration_s(CASE, fitted_effects(), NONE).decode_pass
    behind = iteration_s(CASE, fitted_effects(), offloaded(overlap=False)).decode_pass
    assert behind == pytest.approx(seconds + plain)


@pytest.mark.parametrize("batch", [1, 4, 32])
@pytest.mark.parametrize("settings", [{}, {"resident_bytes": 25e9}, {"cache_share": 0.7}, {"link_bytes_per_s": 900e9}])
def test_overlap_takes_no_less_than_the_longer_and_no_more_than_both(batch: int, settings: dict[str, float]):
    lengths = (batch, 700, 50)
    mine = decode_s(CASE, NONE, lengths)
    both = decode_s(CASE, offloaded(overlap=False, **settings), lengths)
    link = both - mine
    overlapped = decode_s(CASE, offloaded(**settings), lengths)
    assert max(mine, link) * (1 - 1e-12) <= overlapped <= both * (1 + 1e-12)


def test_what_is_kept_elsewhere_is_not_held():
    plain = memory_bytes(CASE, fitted_effects(), NONE)
    weights = weight_bytes(CASE.decoder, CASE.precision)
    half = memory_bytes(CASE, fitted_effects(), offloaded(resident_bytes=0.5 * weights, cache_share=0.25))
    layers = 0.5 - 2 / CASE.decoder.layers
    assert plain.base.constant - half.base.constant == pytest.approx(layers * weights, rel=0.05)
    assert half.marginal.n == pytest.approx(0.75 * plain.marginal.n)
    enough = memory_bytes(CASE, fitted_effects(), offloaded(resident_bytes=2 * weights))
    assert enough.base.constant == pytest.approx(plain.base.constant)


def test_a_model_that_does_not_fit_is_slow_where_the_scenario_has_a_link_and_forbidden_where_not():
    small = {"node.memory_bytes_per_module": 8e9, "node.precision": "w16a16"}
    with pytest.raises(ScenarioError, match=r"the runtime and the weights of llama-3.1-8b at w16a16 need"):
        load_scenario("orin-llama-8b", **small)
    link = {"resident_bytes": 4e9, "link_bytes_per_s": 3e9}
    slow = load_scenario("orin-llama-8b", **small, **{"node.offloading": link}).batch_cost.compute_s
    plain = load_scenario("orin-llama-8b", **{"node.precision": "w16a16"}).batch_cost.compute_s
    assert slow.of_equals(1, 128, 64) > 10 * plain.of_equals(1, 128, 64)


def test_a_cache_that_is_all_on_the_host_leaves_no_limit_but_the_slots():
    settings = {"resident_bytes": 4e9, "cache_share": 1.0, "link_bytes_per_s": 12e9}
    scenario = load_scenario("offload-laptop", **{"node.offloading": settings})
    assert scenario.batch_cost.memory_bytes.marginal(1024, 64) == 0.0
    assert scenario.batch_cost.compute_s.marginal(1024, 64) > load_scenario(
        "offload-laptop"
    ).batch_cost.compute_s.marginal(1024, 64)


def test_the_paper_counts_no_mechanism():
    with pytest.raises(ScenarioError, match=r'node: offloading: is not counted by cost_model = "paper"'):
        load_scenario("carry-over", **{"node.offloading": {"resident_bytes": 1e9, "link_bytes_per_s": 1e9}})


def test_blocks_of_a_cache_are_in_the_memory_of_the_modules():
    settings = {"resident_bytes": 4e9, "cache_share": 1.0, "link_bytes_per_s": 12e9}
    with pytest.raises(ValueError, match=r"node.offloading.cache_share = 1: must be below 1"):
        _ = load_scenario("offload-laptop", **{"node.offloading": settings}).iteration_costs
