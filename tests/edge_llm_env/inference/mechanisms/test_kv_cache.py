from __future__ import annotations

import pytest

from edge_llm_env import ScenarioError, load_scenario
from edge_llm_env.inference.factors.fitted import fitted_effects
from edge_llm_env.inference.mechanisms.chosen import NONE, Mechanisms
from edge_llm_env.inference.mechanisms.kv_cache import KvCache
from edge_llm_env.inference.mechanisms.serving import iteration_s, memory_bytes, time_terms
from edge_llm_env.inference.published.comparison import case_of

CASE = case_of("llama-2-7b", "w16a16", "a100-80gb-sxm", "vllm")


@pytest.mark.parametrize(("bits", "read"), [(16.0, 1.0), (12.0, 0.75), (4.0, 1 / 1.72), (2.33, 1 / 1.72)])
def test_bits_divide_memory_and_reading_as_far_as_expanding_allows(bits: float, read: float):
    mine = Mechanisms(kv_cache=KvCache(bits=bits))
    held, plain = (memory_bytes(CASE, fitted_effects(), one).marginal.n for one in (mine, NONE))
    assert held / plain == pytest.approx(bits / 16)
    terms, before = (time_terms(CASE, fitted_effects(), one) for one in (mine, NONE))
    assert terms["kv_cache"].decode_context / before["kv_cache"].decode_context == pytest.approx(read)


def test_what_is_evicted_is_neither_held_nor_attended_to():
    fifth = Mechanisms(kv_cache=KvCache(kept_share=0.2))
    held, plain = (memory_bytes(CASE, fitted_effects(), one) for one in (fifth, NONE))
    assert held.marginal.n == pytest.approx(0.2 * plain.marginal.n)
    cost, before = (iteration_s(CASE, fitted_effects(), one) for one in (fifth, NONE))
    assert cost.decode_context == pytest.approx(0.2 * before.decode_context)
    assert cost._replace(decode_context=0.0) == before._replace(decode_context=0.0)


@pytest.mark.filterwarnings("ignore:decoder = 'llama-3.1-8b'")
def test_kept_tokens_are_a_window_on_every_layer():
    scenario = load_scenario("orin-llama-8b", **{"node.kv_cache": {"kept_tokens": 256}})
    assert (scenario.decoder.window, scenario.decoder.window_layers) == (256, 32)
    plain = load_scenario("orin-llama-8b")
    longest = (1024, 512)
    mine, whole = (one.batch_cost.memory_bytes.marginal(*longest) for one in (scenario, plain))
    assert 256 / 1536 <= mine / whole < 1
    gemma = {"node.decoder": "gemma-2-2b", "node.perplexity_increase": 0.1}
    with pytest.raises(ScenarioError, match=r"kv_cache.kept_tokens = 256: must be left out"):
        load_scenario("orin-llama-8b", **gemma, **{"node.kv_cache": {"kept_tokens": 256}})
