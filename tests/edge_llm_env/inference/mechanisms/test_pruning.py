from __future__ import annotations

import pytest

from edge_llm_env import ScenarioError, load_scenario
from edge_llm_env.inference.catalog import load_decoder
from edge_llm_env.inference.factors.fitted import fitted_effects
from edge_llm_env.inference.mechanisms.chosen import NONE, Mechanisms
from edge_llm_env.inference.mechanisms.pruning import Pruning, held_share
from edge_llm_env.inference.mechanisms.serving import iteration_s, memory_bytes
from edge_llm_env.inference.published.comparison import case_of, decode_s
from edge_llm_env.inference.work import kv_bytes_per_token, parameters, weight_bytes

CASE = case_of("llama-2-7b", "w16a16", "a100-80gb-sxm", "vllm")
HALF = Mechanisms(pruning=Pruning(kind="unstructured"))
SPARSE = Mechanisms(pruning=Pruning(kind="2:4"))


def test_single_weights_save_memory_and_no_time():
    assert iteration_s(CASE, fitted_effects(), HALF) == iteration_s(CASE, fitted_effects(), NONE)
    plain, half = (memory_bytes(CASE, fitted_effects(), one).base.constant for one in (NONE, HALF))
    # half of 6.48e9 weights of layers go, 2 bytes each, for a mask of a bit per weight
    layers = parameters(CASE.decoder) - 2 * 32000 * 4096
    assert plain - half == pytest.approx(layers * (1.0 - 1 / 8), rel=0.05)


def test_two_of_four_are_faster_where_units_skip_zeros_and_nowhere_else():
    old = CASE._replace(device=case_of("llama-2-7b", "w16a16", "v100-32gb-sxm", "vllm").device)
    assert iteration_s(old, fitted_effects(), SPARSE) == iteration_s(old, fitted_effects(), NONE)
    gain = decode_s(CASE, NONE, (1, 100, 50)) / decode_s(CASE, SPARSE, (1, 100, 50))
    assert 1.3 < gain < 1 / 0.5625  # 9 bits of 16 are read of the layers
    plain, sparse = (iteration_s(CASE, fitted_effects(), one) for one in (NONE, SPARSE))
    assert 1.3 < plain.prefill_token / sparse.prefill_token < 1.43
    assert plain.decode_context == sparse.decode_context


@pytest.mark.parametrize(("bits", "share"), [("w16a16", 0.5 + 1 / 16), ("w4a16-gptq", 0.75)])
def test_two_of_four_take_two_bits_more_each(bits: str, share: float):
    case = case_of("llama-2-7b", bits, "a100-80gb-sxm", "vllm")
    tables = 2 * 32000 * 4096 * 2 / weight_bytes(case.decoder, case.precision)
    expected = share + (1.0 - share) * tables
    assert held_share(Pruning(kind="2:4"), case.decoder, case.precision) == pytest.approx(expected, rel=1e-3)


def test_a_slice_leaves_the_cache_and_joins_the_cuts():
    dense = load_decoder("llama-2-7b")
    sliced = Pruning(kind="slice", share=0.25).decoder_of(dense)
    assert sliced.d_model == 3072
    assert kv_bytes_per_token(sliced, CASE.precision) == kv_bytes_per_token(dense, CASE.precision)
    joints = 32 * 2 * 3072**2
    assert parameters(sliced) == pytest.approx(0.75 * parameters(dense) + joints)
    assert joints / (parameters(sliced) - joints) == pytest.approx(0.12, abs=0.01)


@pytest.mark.parametrize(
    ("name", "more"),
    [("mixtral-8x7b", {}), ("qwen3-30b-a3b", {}), ("qwen3-30b-a3b", {"dense_layers": 3, "dense_d_ff": 6144})],
)
def test_a_slice_of_a_mixture_joins_each_layer_once(name: str, more: dict[str, int]):
    dense = load_decoder(name).model_copy(update=more)
    sliced = Pruning(kind="slice", share=0.25).decoder_of(dense)
    narrow = dense.model_copy(update={"d_model": sliced.d_model})
    joints = 2 * sliced.d_model**2 * dense.layers
    assert parameters(sliced) - parameters(narrow) == pytest.approx(joints, rel=1e-3)


def test_layers_that_go_take_their_cache_along():
    dense = load_decoder("qwen3-8b")
    shallow = Pruning(kind="depth", share=1 / 3).decoder_of(dense)
    assert (dense.layers, shallow.layers) == (36, 24)
    assert kv_bytes_per_token(shallow, CASE.precision) == pytest.approx(kv_bytes_per_token(dense, CASE.precision) / 1.5)


def test_a_scenario_offers_what_pruning_leaves():
    pruned = {"kind": "2:4", "method": "sparsegpt"}
    settings = {"node.decoder": "llama-2-7b", "node.precision": "w16a16", "node.pruning": pruned}
    scenario = load_scenario("orin-llama-8b", **settings)
    assert scenario.accuracy == pytest.approx(1 / (1 + 10.17 - 5.12))
    with pytest.raises(ScenarioError, match=r"no perplexity increase of llama-3.1-8b pruned so is known"):
        load_scenario("orin-llama-8b", **{"node.precision": "w16a16", "node.pruning": pruned})
    with pytest.raises(ScenarioError, match=r"share = 0.3: must be 0.5, or left out, with kind 2:4"):
        load_scenario("orin-llama-8b", **settings | {"node.pruning": {"kind": "2:4", "share": 0.3}})


def test_variants_are_pruned_one_by_one():
    slim = {"decoder": "llama-2-7b", "precision": "w16a16", "pruning": {"kind": "depth", "share": 0.5}}
    full = {"decoder": "llama-2-7b", "precision": "w16a16"}
    scenario = load_scenario(
        "orin-llama-8b",
        **{
            "node.decoder": "llama-2-7b",
            "node.precision": "w16a16",
            "node.storage_bandwidth_bytes_per_s": 2e9,
            "node.variants": [slim | {"perplexity_increase": 3.0}, full],
        },
    )
    cheap, dear = scenario.variants
    assert cheap.weight_bytes < 0.6 * dear.weight_bytes
    assert (cheap.accuracies[0], dear.accuracies[0]) == (0.25, 1.0)
