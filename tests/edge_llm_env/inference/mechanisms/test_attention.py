from __future__ import annotations

import pytest

from edge_llm_env import load_scenario
from edge_llm_env.inference.factors.fitted import fitted_effects
from edge_llm_env.inference.mechanisms.attention import score_bytes_per_pair
from edge_llm_env.inference.mechanisms.chosen import NONE, Mechanisms
from edge_llm_env.inference.mechanisms.serving import iteration_s, memory_bytes, time_terms
from edge_llm_env.inference.published.comparison import case_of

CASE = case_of("llama-2-7b", "w16a16", "a100-80gb-sxm", "vllm")
UNFUSED = Mechanisms(attention="unfused")


def test_worked_example_of_scores_that_go_to_memory():
    """4096 tokens, 32 layers of 32 heads: a matrix of 4096² entries of 2 bytes each, four times."""
    moved = 32 * 32 * 4096**2 * 2 * 4
    assert score_bytes_per_pair(CASE.decoder) * 0.5 * 4096**2 == moved
    term = time_terms(CASE, fitted_effects(), UNFUSED)["scores"]
    assert term.prefill_pair * 0.5 * 4096**2 == pytest.approx(moved / 2.039e12, rel=0.6)


def test_fused_kernels_are_what_the_roofline_counts():
    fused, unfused = (iteration_s(CASE, fitted_effects(), one) for one in (NONE, UNFUSED))
    assert fused._replace(prefill_pair=0.0) == unfused._replace(prefill_pair=0.0)
    assert unfused.prefill_pair > 1.5 * fused.prefill_pair
    held, more = (memory_bytes(CASE, fitted_effects(), one).marginal for one in (NONE, UNFUSED))
    assert more(2048, 1) - held(2048, 1) == 2 * 2 * 32 * 2048**2


def test_a_scenario_can_have_either():
    cost = load_scenario("orin-llama-8b", **{"node.attention": "unfused"}).batch_cost
    plain = load_scenario("orin-llama-8b").batch_cost
    assert cost.compute_s.of_equals(1, 1024, 64) > plain.compute_s.of_equals(1, 1024, 64)
    assert cost.energy_j.of_equals(1, 1024, 64) > plain.energy_j.of_equals(1, 1024, 64)
