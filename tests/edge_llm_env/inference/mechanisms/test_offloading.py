from __future__ import annotations

import pytest

from edge_llm_env import ScenarioError, load_scenario
from edge_llm_env.inference.factors.fitted import fitted_effects
from edge_llm_env.inference.mechanisms.chosen import NONE, Mechanisms
from edge_llm_env.inference.mechanisms.kv_cache import KvCache
from edge_llm_env.inference.mechanisms.offloading import Offloading
from edge_llm_env.inference.mechanisms.parallelism import Parallelism
from edge_llm_env.inference.mechanisms.pruning import Pruning, held_share
from edge_llm_env.inference.mechanisms.serving import iteration_s, memory_bytes, time_terms
from edge_llm_env.inference.published.comparison import case_of, decode_s
from edge_llm_env.inference.work import kv_bytes_per_token, parameters, read_bytes, weight_bytes

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


@pytest.mark.parametrize(("settings", "share"), [({"bits": 4}, 4 / 16), ({"bits": 4, "kept_share": 0.25}, 1 / 16)])
def test_a_cache_streams_as_it_is_kept(settings: dict[str, float], share: float):
    """Over 1 GB/s the link is the slower by far, so that a token of context takes its bytes over 1e9."""
    plain = offloaded(resident_bytes=1e12, cache_share=1.0, link_bytes_per_s=1e9)
    small = plain._replace(kv_cache=KvCache(**settings))
    whole = kv_bytes_per_token(CASE.decoder, CASE.precision) / 1e9
    assert iteration_s(CASE, fitted_effects(), plain).decode_context == pytest.approx(whole)
    assert iteration_s(CASE, fitted_effects(), small).decode_context == pytest.approx(share * whole)


def test_pruned_weights_stream_as_they_are_stored():
    """2:4 at 16 bits stores 9 bits of 16 of the layers: what fits so does not stream, and the rest is fewer bytes."""
    case = CASE._replace(device=case_of("llama-2-13b", "w16a16", "v100-32gb-sxm", "vllm").device)
    sparse = Pruning(kind="2:4")
    stored = held_share(sparse, case.decoder, case.precision) * weight_bytes(case.decoder, case.precision)
    for resident, streams in ((stored, 0.0), (0.5 * stored, 0.5)):
        settings = offloaded(resident_bytes=resident, link_bytes_per_s=1e9)._replace(pruning=sparse)
        found = time_terms(case, fitted_effects(), settings)["streams"].decode_pass
        computed = iteration_s(case, fitted_effects(), Mechanisms(pruning=sparse)).decode_pass
        head = 32000 * case.decoder.d_model
        read = 2 * head + 9 / 8 * (parameters(case.decoder) - 2 * head)
        assert found == pytest.approx(max(0.0, streams * read / 1e9 - computed), rel=1e-3)
        held = memory_bytes(case, fitted_effects(), settings).base.constant
        dense = memory_bytes(case, fitted_effects(), Mechanisms(pruning=sparse)).base.constant
        buffered = min(streams, 2 / case.decoder.layers)
        assert dense - held == pytest.approx((streams - buffered) * stored, rel=0.05)


def test_copies_of_the_model_share_what_stays_resident():
    """Two copies, half of one resident, stream what one does of which a quarter is, and hold it twice."""
    weights = weight_bytes(CASE.decoder, CASE.precision)
    two = offloaded(resident_bytes=0.5 * weights)._replace(parallelism=Parallelism(data=2, link="a100-nvlink"))
    one = offloaded(resident_bytes=0.25 * weights)
    alone = time_terms(CASE, fitted_effects(), one)["streams"]
    assert time_terms(CASE, fitted_effects(), two, modules=2)["streams"] == alone
    held = memory_bytes(CASE, fitted_effects(), two, modules=2).base.constant
    assert held == pytest.approx(2 * memory_bytes(CASE, fitted_effects(), one).base.constant, rel=0.02)


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
