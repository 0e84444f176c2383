from __future__ import annotations

import numpy as np
import pytest

from edge_llm_env import ScenarioError, load_scenario
from edge_llm_env.inference.catalog import load_decoder, load_link
from edge_llm_env.inference.factors.fitted import fitted_effects
from edge_llm_env.inference.link import Link
from edge_llm_env.inference.mechanisms.chosen import NONE, Mechanisms
from edge_llm_env.inference.mechanisms.parallelism import Parallelism, among, communication_s, star_bytes_per_token
from edge_llm_env.inference.mechanisms.serving import batch_s, iteration_s, memory_bytes, work
from edge_llm_env.inference.published.comparison import case_of, decode_s

CASE = case_of("llama-2-13b", "w16a16", "a100-80gb-sxm", "vllm")


def parallel(**ways: int) -> Mechanisms:
    return Mechanisms(parallelism=Parallelism(link="a100-nvlink", **ways))


def test_worked_example_of_an_all_reduce():
    """40 layers add up two vectors of 5120 numbers of 16 bits per token: 80·(0.029 ms + 10240 B / 103 GB/s)."""
    cost = communication_s(CASE.decoder, Parallelism(tensor=4, link="a100-nvlink"), 1)
    assert cost.decode_pass == pytest.approx(80 * 0.029e-3)
    assert cost.decode_sequence == cost.prefill_token == pytest.approx(80 * 10240 / 103e9)


def test_worked_example_of_a_star():
    """Llama-2-7B on two boards: 32 layers, 34 bytes per 32 numbers, 11008 + 3·4096 sent and 5·4096/2 returned."""
    bytes_per_token = 32 * 34 / 32 * (11008 + 3 * 4096 + 5 * 4096 / 2)
    link = load_link("raspberry-pi-ethernet")
    assert star_bytes_per_token(load_decoder("llama-2-7b"), link, 2) == pytest.approx(bytes_per_token)
    cost = communication_s(load_decoder("llama-2-7b"), Parallelism(tensor=2, link=link.name), 1)
    assert cost.decode_sequence == pytest.approx(bytes_per_token / 35.4e6)


def test_tensors_divide_what_is_read_and_not_what_is_launched():
    alone = iteration_s(CASE, fitted_effects(), NONE)
    pooled = iteration_s(CASE, fitted_effects(), NONE, modules=4)
    group = iteration_s(CASE, fitted_effects(), parallel(tensor=4), modules=4)
    talk = communication_s(CASE.decoder, Parallelism(tensor=4, link="a100-nvlink"), 1)
    assert group.decode_pass == pytest.approx(pooled.decode_pass + talk.decode_pass)
    assert group.decode_context == pytest.approx(pooled.decode_context)
    assert pooled.decode_pass < group.decode_pass < alone.decode_pass


def test_stages_do_not_help_one_request_and_divide_a_batch():
    alone = iteration_s(CASE, fitted_effects(), NONE)
    staged = iteration_s(CASE, fitted_effects(), parallel(pipeline=4), modules=4)
    hops = 3 * 0.013e-3
    assert staged.decode_pass == pytest.approx(alone.decode_pass + hops)
    full = parallel(pipeline=4, microbatches=4)
    one, many = (1, 500, 100), (64, 500, 100)
    assert decode_s(CASE, full, one, modules=4) == pytest.approx(decode_s(CASE, parallel(pipeline=4), one, modules=4))
    assert decode_s(CASE, full, many, modules=4) < 0.6 * decode_s(CASE, parallel(pipeline=4), many, modules=4)


def test_groups_take_at_most_what_is_counted_and_one_request_exactly_that():
    cost = iteration_s(CASE, fitted_effects(), NONE, largest_batch=16).of_batch()
    rng = np.random.default_rng(1)
    for groups in (2, 3, 8):
        counted = among(cost, groups)
        assert counted.of_equals(1, 300, 50) == pytest.approx(cost.of_equals(1, 300, 50))
        for _ in range(50):
            lengths = rng.integers(1, 2000, (rng.integers(1, 17), 2))
            longest = lengths.max(axis=0)
            load = np.zeros(groups)
            for s, n in lengths:
                load[load.argmin()] += cost.marginal(s, n)
            affine = counted.base(*longest) + sum(counted.marginal(s, n) for s, n in lengths)
            assert cost.base(*longest) + load.max() <= affine * (1 + 1e-12)


def test_copies_hold_their_weights_and_share_a_batch():
    plain, two = (memory_bytes(CASE, fitted_effects(), one, modules=2) for one in (NONE, parallel(data=2)))
    one = memory_bytes(CASE, fitted_effects(), NONE)
    assert two.of_equals(1, 100, 100) == pytest.approx(2 * one.of_equals(1, 100, 100), rel=0.01)
    assert plain.of_equals(1, 100, 100) < 0.6 * two.of_equals(1, 100, 100)


@pytest.mark.parametrize(
    ("changed", "tensor", "copies"),
    [
        ({}, 2, 1),  # 4 heads of keys and values
        ({}, 4, 1),
        ({}, 7, 7 / 4),
        ({"latent_kv": 512, "latent_key_dim": 64}, 2, 2),
    ],
)
def test_modules_beyond_the_heads_of_keys_and_values_hold_the_same_cache(
    changed: dict[str, int], tensor: int, copies: float
):
    case = case_of("qwen2.5-7b", "w16a16", "a100-80gb-sxm", "vllm")
    case = case._replace(decoder=case.decoder.model_copy(update=changed))
    plain = memory_bytes(case, fitted_effects(), NONE)
    group = Mechanisms(parallelism=Parallelism(tensor=tensor, link="a100-nvlink"))
    shared = memory_bytes(case, fitted_effects(), group, modules=tensor)
    assert shared.marginal.n == pytest.approx(copies * plain.marginal.n)
    (_, moved), (_, alone) = work(case, group), work(case, NONE)
    assert moved.decode_context == pytest.approx(copies * alone.decode_context)


@pytest.mark.parametrize(
    ("ways", "message"),
    [
        ({"tensor": 2}, "tensor = 2, pipeline = 1, data = 1 are 2 modules; must be modules = 4"),
        ({"tensor": 4, "link": "a100-two-nodes"}, "parallelism.tensor = 4: must be at most 2 over link"),
        ({"pipeline": 4, "microbatches": 5}, "parallelism.microbatches = 5: must be at most pipeline = 4"),
        ({"tensor": 4, "link": "a100-nvlnk"}, "link = 'a100-nvlnk': must be one of"),
    ],
)
def test_what_cannot_be_parallel_is_refused(ways: dict[str, object], message: str):
    settings = {"node.modules": 4, "node.parallelism": {"link": "a100-nvlink"} | ways}
    with pytest.raises(ScenarioError, match=message):
        load_scenario("orin-llama-8b", **settings)


def test_a_link_is_as_it_was_measured_among_no_fewer():
    link = load_link("a100-nvlink")
    assert link.of(3) == link.of(4) == (0.029e-3, 103e9)
    fields = link.model_dump() | {"ranks": (2, 4)}
    with pytest.raises(ValueError, match="must be of one length"):
        Link(**fields)


def test_an_iteration_is_of_one_group():
    two = {"node.modules": 2, "node.parallelism": {"data": 2, "link": "a100-nvlink"}}
    scenario = load_scenario("orin-llama-8b", **two)
    with pytest.raises(ValueError, match="must be 1 where an engine is scheduled iteration by iteration"):
        _ = scenario.iteration_costs
    assert batch_s(iteration_s(CASE, fitted_effects(), NONE), NONE).base.n > 0
