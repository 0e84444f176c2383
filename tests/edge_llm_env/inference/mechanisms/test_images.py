from __future__ import annotations

import pytest

from edge_llm_env import ScenarioError, load_scenario
from edge_llm_env.inference.catalog import load_decoder
from edge_llm_env.inference.factors.fitted import fitted_effects
from edge_llm_env.inference.factors.terms import linear_flops
from edge_llm_env.inference.mechanisms.chosen import NONE, Mechanisms
from edge_llm_env.inference.mechanisms.images import Images
from edge_llm_env.inference.mechanisms.serving import iteration_s, memory_bytes, time_terms, work
from edge_llm_env.inference.mechanisms.speculation import Speculation
from edge_llm_env.inference.published.comparison import case_of

CASE = case_of("llama-2-7b", "w16a16", "a100-80gb-sxm", "vllm")
IMAGE = Images(tokens=576)


CHAIN = Speculation(draft_tokens=3, acceptance=0.5)


@pytest.mark.parametrize("others", [NONE, Mechanisms(attention="unfused", speculation=CHAIN)])
def test_an_image_costs_what_as_many_tokens_of_text_cost(others: Mechanisms):
    known = fitted_effects()
    mine = iteration_s(CASE, known, others._replace(images=IMAGE)).of_batch()
    plain = iteration_s(CASE, known, others).of_batch()
    held, before = memory_bytes(CASE, known, others._replace(images=IMAGE)), memory_bytes(CASE, known, others)
    for batch, text, output in ((1, 1, 2), (5, 300, 80)):
        assert mine.of_equals(batch, text, output) == pytest.approx(plain.of_equals(batch, text + 576, output))
        assert held.of_equals(batch, text, output) == pytest.approx(before.of_equals(batch, text + 576, output))
    flops, more = (work(CASE, one)[0].of_batch() for one in (others, others._replace(images=IMAGE)))
    assert more.of_equals(2, 30, 9) == pytest.approx(flops.of_equals(2, 606, 9))


def test_worked_example_of_tokens_that_are_pruned():
    """Half of 576 tokens go after 2 of 32 layers: 576·(2 + 30/2)/32 are computed in the mean."""
    pruned = Images(tokens=576, pruned_share=0.5, pruned_after_layers=2)
    assert pruned.kept_tokens(load_decoder("llama-2-7b")) == pytest.approx(576 * 17 / 32)
    assert Images(tokens=576, pruned_share=0.5).kept_tokens(load_decoder("llama-2-7b")) == 288


def test_an_encoder_is_held_and_computed_once_per_image():
    clip = Images(tokens=576, encoder_weights=0.304e9, encoder_patches=577)
    terms = time_terms(CASE, fitted_effects(), Mechanisms(images=clip))
    per_flop_s = terms["prefill_compute"].prefill_token / linear_flops(CASE.decoder).prefill_token
    assert terms["encoder"].prefill_sequence == pytest.approx(2 * 0.304e9 * 577 * per_flop_s)
    held = memory_bytes(CASE, fitted_effects(), Mechanisms(images=clip)).base.constant
    assert held - memory_bytes(CASE, fitted_effects(), Mechanisms(images=IMAGE)).base.constant == pytest.approx(0.608e9)


def test_a_scenario_counts_the_tokens_of_its_images():
    scenario = load_scenario("orin-llama-8b", **{"node.images": {"tokens": 576}})
    assert scenario.context_tokens == (128 + 576, 1536 + 576)
    with pytest.raises(ScenarioError, match="must be at most its context limit"):
        load_scenario("orin-llama-8b", **{"node.images": {"tokens": 140000}})
