from __future__ import annotations

from zlib import crc32

import numpy as np
import pytest

from edge_llm_env import load_scenario
from edge_llm_env.dynamics.params import node_params, rule_of
from edge_llm_env.feasibility.batch import empty_batch, with_request
from edge_llm_env.feasibility.request import Request
from edge_llm_env.feasibility.rule import compute_time_s, energy_j, memory_bytes
from edge_llm_env.inference.catalog import load_decoder, load_device, load_engine, load_precision, table
from edge_llm_env.inference.cost_models.cost_model import Host
from edge_llm_env.inference.cost_models.roofline import roofline_batch_cost
from edge_llm_env.inference.decoder import DecoderConfig
from edge_llm_env.inference.device import Device
from edge_llm_env.inference.engine import Engine
from edge_llm_env.inference.factors.fitted import iteration_s
from edge_llm_env.inference.factors.fitted import memory_bytes as held_bytes
from edge_llm_env.inference.factors.rows import Case
from edge_llm_env.inference.work import attention_flops, layer_weights, read_bytes
from tests.references.plain_roofline import RooflineNode
from tests.support.helpers import ROOFLINE

TINY = DecoderConfig(
    layers=2, d_model=8, d_ff=16, heads=4, kv_heads=2, head_dim=2, vocabulary=10, gated_ffn=True, tied_embeddings=False
)
FP16, AWQ = load_precision("w16a16"), load_precision("w4a16-awq")
DEVICE = Device(fp16_flops_per_s=1e6, memory_bytes=1e6, memory_bandwidth_bytes_per_s=1e5, power_w=10.0)
ENGINE = Engine(operations_per_layer=5)
CASE = Case(TINY, FP16, DEVICE, ENGINE)
FACTORS = {
    "weights": 1.25, "kv_cache": 2.0, "compute": 4.0, "launches": 1e-3, "sequences": 1e-3,
    "prefill_weights": 1.0, "prefill_fill": 3.0, "prefill_compute": 2.0, "prefill_attention": 5.0,
    "prefill_launches": 2e-3,
    "launches/engine_kind/compiled": 1.0,
    "held_weights": 1.1, "held_cache": 1.2, "held_activations": 1.5, "held_runtime": 0.5,
}  # fmt: skip
"""Made up, round. Matrices of a layer have 576 weights and the head 80, so a pass reads 2·(2·576 + 80) = 2464 bytes; a
token takes 2·2·576 = 2304 FLOPs in the layers and 160 in the head, 64 per token attended to, 32 bytes of KV cache."""
TIME = iteration_s(CASE, FACTORS).of_batch()


def overlapping_s(reading_s: float, products_s: float) -> float:
    """Time of both together, of which a smooth minimum is hidden."""
    return reading_s + products_s - (reading_s**-4 + products_s**-4) ** -0.25


def test_one_token_takes_a_prefill_and_no_decoding():
    expected = 1.0 * 2464 / 1e5 + 2.0 * 3 * 32 / 1e5  # weights read, KV cache of three tokens written
    expected += 3.0 * 2304 / 1e6 + 2.0 * (3 * 2304 + 160) / 1e6 + 5.0 * (64 * 9 / 2) / 1e6
    expected += 2 * 5 * 2e-3 + 1e-3  # ten launches, one sequence
    assert TIME.of_equals(1, 3, 1) == pytest.approx(expected, rel=1e-12)


def test_three_tokens_take_two_decode_passes_more_with_products_hidden_behind_traffic():
    # reading takes 1.25·2464/1e5 = 30.8 ms, and products with weights 4·2464/1e6 = 9.856 ms, nearly all meanwhile
    assert overlapping_s(0.0308, 0.009856) == pytest.approx(0.0308 + 0.000026, abs=1e-6)
    expected = 2 * overlapping_s(0.0308, 0.009856) + 2.0 * 32 * (4 + 5) / 1e5 + 4.0 * 64 * (4 + 5) / 1e6
    expected += 2 * (2 * 5 * 1e-3 + 1e-3)
    assert TIME.of_equals(1, 3, 3) - TIME.of_equals(1, 3, 1) == pytest.approx(expected, rel=1e-12)


def test_traffic_is_hidden_behind_products_where_those_take_longer():
    slow = CASE._replace(device=DEVICE.model_copy(update={"fp16_flops_per_s": 1e5}))
    cost = iteration_s(slow, FACTORS).of_batch()
    # products with weights take 4·2464/1e5 = 98.56 ms per token, reading 30.8 ms
    expected = overlapping_s(0.0308, 0.09856) + 4.0 * 64 * 4 / 1e5 + 2.0 * 32 * 4 / 1e5 + 2 * 5 * 1e-3 + 1e-3
    assert cost.of_equals(1, 3, 2) - cost.of_equals(1, 3, 1) == pytest.approx(expected, rel=1e-12)
    # and a second sequence adds its products, its cache and bookkeeping
    second = cost.of_equals(2, 3, 2) - cost.of_equals(2, 3, 1)
    more = 4.0 * (2464 + 64 * 4) / 1e5 + 2.0 * 32 * 4 / 1e5 + 1e-3
    assert second == pytest.approx(expected + more, rel=1e-12)


def test_a_second_sequence_adds_its_products_and_its_cache():
    more = TIME.of_equals(2, 3, 2) - TIME.of_equals(2, 3, 1) - (TIME.of_equals(1, 3, 2) - TIME.of_equals(1, 3, 1))
    assert more == pytest.approx(4.0 * (2464 + 64 * 4) / 1e6 + 2.0 * 32 * 4 / 1e5 + 1e-3, rel=1e-9)


def test_pooled_modules_add_up_peaks_but_not_launches_and_bookkeeping():
    two = iteration_s(CASE, FACTORS, modules=2).of_batch()
    host_s = 2 * 5 * 2e-3 + 1e-3 + 2 * (2 * 5 * 1e-3 + 1e-3)
    assert two.of_equals(1, 3, 3) - host_s == pytest.approx((TIME.of_equals(1, 3, 3) - host_s) / 2, rel=1e-12)


def test_memory_is_weights_and_runtime_once_and_cache_and_activations_per_request():
    held = held_bytes(CASE, FACTORS, modules=2)
    # weights 2·(2·576 + 2·80) = 2624 bytes; activations 2·(2·16 + 4·8) = 128 per token of a prompt
    assert held.base(3, 5) == pytest.approx(1.1 * 2624 + 2 * 0.5e9)
    assert held.marginal(3, 5) == pytest.approx(1.2 * 8 * 32 + 1.5 * 3 * 128)


def test_energy_is_static_power_and_energy_per_flop_and_byte():
    cost = roofline_batch_cost(TINY, FP16, Host(DEVICE, ENGINE, 2), 8)
    # static 3 W of each module; of the other 7 W half for compute at 1e6 FLOP/s, half for memory at 1e5 bytes/s
    seconds = cost.compute_s.of_equals(1, 3, 3)
    flops = 3 * 2304 + 160 + 64 * 9 / 2 + 2 * 2464 + 64 * (4 + 5)
    moved = 2464 + 3 * 32 + 2 * 2464 + 32 * (4 + 5)
    expected = 2 * 3 * seconds + 3.5e-6 * flops + 3.5e-5 * moved
    assert cost.energy_j.of_equals(1, 3, 3) == pytest.approx(expected, rel=1e-12)


def test_a_pass_of_llama_3_1_8b_in_4_bits_on_agx_orin_is_mostly_reading_its_weights():
    """From first principles: 4.76e9 bytes at 204.8e9 bytes/s take 23.2 ms, and no engine takes less or twice that."""
    host = Host(load_device("jetson-agx-orin-64gb"), load_engine(None))
    decoder = load_decoder("llama-3.1-8b")
    cost = roofline_batch_cost(decoder, AWQ, host, 64).compute_s
    one_pass_s = cost.of_equals(1, 1023, 2) - cost.of_equals(1, 1023, 1)
    assert read_bytes(decoder, AWQ, 1) / 204.8e9 == pytest.approx(0.0232, rel=0.01)
    assert 0.0232 < one_pass_s < 2 * 0.0232
    # 1024 tokens take at least 2·6.98e9·1024 FLOPs at 42.5e12 FLOP/s, 0.336 s
    assert 0.336 < cost.of_equals(1, 1024, 1) < 3 * 0.336
    assert layer_weights(decoder, 1) * 32 == 6_979_321_856
    assert attention_flops(decoder, decode=True) == 4 * 32 * 128


COMBINATIONS = 40
"""Of device, engine, precision and modules, per decoder: enough that each is drawn with several decoders."""


@pytest.mark.parametrize("name", table("decoders"))
def test_costs_are_above_zero_and_no_request_or_token_makes_a_batch_cheaper(name: str):
    decoder = load_decoder(name).at_contexts(1, 8192)
    s, n = np.array([(s, n) for s in (1, 7, 512, 8000) for n in (1, 2, 100, 4000)], dtype=float).T
    powers = np.array([np.ones(len(s)), s, s * s, n, n * n, s * n])
    rng = np.random.default_rng(crc32(name.encode()))
    devices, engines, precisions = list(table("devices")), [None, *table("engines")], list(table("precisions"))
    for _ in range(COMBINATIONS):
        device, engine, precision = (kinds[rng.integers(len(kinds))] for kinds in (devices, engines, precisions))
        host = Host(load_device(device), load_engine(engine), int(rng.integers(1, 4)))
        largest = int(rng.choice([1, 2, 64, 2000]))
        cost = np.array(roofline_batch_cost(decoder, load_precision(precision), host, largest))
        base, marginal = (cost @ powers).swapaxes(0, 1)
        what = (device, engine, precision, host.modules, largest)
        assert (base > 0).all(), what
        assert (marginal > 0).all(), what
        assert (cost[:, 0, 1:] >= 0).all(), what  # a longer output or prompt does not lower the base


def test_passes_of_a_mixture_that_waits_for_products_cost_no_less_than_nothing():
    mixture = TINY.model_copy(update={"experts": 8, "experts_per_token": 2})
    for flops_per_s in np.geomspace(1e3, 1e7, 60):
        device = DEVICE.model_copy(update={"fp16_flops_per_s": float(flops_per_s)})
        case, free = Case(mixture, FP16, device, ENGINE), FACTORS | {"launches": 0.0, "kv_cache": 0.0}
        one = iteration_s(case, free, largest_batch=16)
        assert one.decode_pass >= 0
        assert one.decode_sequence > 0
        # a lone sequence takes the longer of both: two of the experts read, or products by them, and bookkeeping
        reading, products = 1.25 * read_bytes(mixture, FP16, 2) / 1e5, 4.0 * (2 * 2 * 960 + 160) / flops_per_s
        assert one.decode_pass + one.decode_sequence == pytest.approx(overlapping_s(reading, products) + 1e-3, rel=1e-9)


PADDINGS = [(prompts, outputs) for prompts in ("none", "batch_max") for outputs in ("per_request", "batch_max")]


@pytest.mark.parametrize("engine", [None, "autoawq-gemv", "llama.cpp"])
@pytest.mark.parametrize("decoder", ["llama-3.1-8b", "mixtral-8x7b", "qwen3-30b-a3b"])
@pytest.mark.parametrize(("prompt_padding", "output_length"), PADDINGS)
def test_batches_cost_what_their_passes_add_up_to_and_no_request_makes_one_cheaper(
    decoder: str, engine: str | None, prompt_padding: str, output_length: str
):
    """Random batches of unequal lengths, through the environments' rule, beside a plain loop over their passes."""
    node = {"decoder": decoder, "prompt_padding": prompt_padding, "output_length": output_length, "engine": engine}
    overrides = {f"node.{field}": value for field, value in node.items()} | {"node.perplexity_increase": 0.1}
    scenario = load_scenario("carry-over", **(ROOFLINE | overrides))
    rule, node = rule_of(node_params(scenario)), RooflineNode(scenario)
    rng = np.random.default_rng(0)
    for _ in range(10):
        batch, members = empty_batch(), []
        before = (0.0, memory_bytes(rule, batch), 0.0)
        for s, n in rng.integers(1, 200, (rng.integers(1, 9), 2)):
            batch = with_request(batch, Request(float(s), float(n), 1e9, 0.0, 0.0, 0.0, 0.0))
            members.append((int(s), int(n)))
            after = (compute_time_s(rule, batch), memory_bytes(rule, batch), energy_j(rule, batch))
            assert all(now > then for now, then in zip(after, before, strict=True))
            before = after
        lengths = node.padded(members)
        assert before[0] == pytest.approx(node.passes_s(lengths), rel=1e-9)
        assert before[1] == pytest.approx(node.weight_bytes() + node.kv_bytes_of(lengths), rel=1e-9)
        assert before[2] == pytest.approx(node.passes_j(lengths), rel=1e-9)
