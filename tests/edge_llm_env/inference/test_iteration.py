from __future__ import annotations

import numpy as np
import pytest

from edge_llm_env.inference.batch_cost import AffineCost
from edge_llm_env.inference.catalog import load_decoder, load_device, load_engine, load_precision
from edge_llm_env.inference.factors.experts import chord_error, experts_read
from edge_llm_env.inference.factors.fitted import fitted_effects, iteration_s
from edge_llm_env.inference.factors.rows import Case
from edge_llm_env.inference.factors.terms import weight_traffic
from edge_llm_env.inference.iteration import IterationCost

ROUND = IterationCost(1.0, 10.0, 100.0, 2.0, 20.0, 200.0, 2000.0)
FP16 = load_precision("w16a16")


def test_a_pass_by_hand():
    assert ROUND.of_pass() == 0
    assert ROUND.of_pass(contexts=[3, 5]) == 1 + 2 * 10 + 100 * (3 + 5)
    # 4 tokens after 6 others: 4·6 + 4²/2 pairs; the prompt goes on
    assert ROUND.of_pass(chunks=[(4, 6, False)]) == 2 + 4 * 20 + 200 * (24 + 8)
    assert ROUND.of_pass(chunks=[(4, 0, True)]) == 2 + 4 * 20 + 200 * 8 + 2000
    # both read the weights once
    assert ROUND.of_pass(chunks=[(4, 0, True)], contexts=[3]) == 2 + (80 + 1600 + 2000) + (10 + 300)


def summed(cost: IterationCost, lengths: list[tuple[int, int]]) -> float:
    """The passes of a batch one after another."""
    total = cost.of_pass(chunks=[(s, 0, True) for s, _ in lengths])
    for step in range(1, max(n for _, n in lengths)):
        total += cost.of_pass(contexts=[s + step for s, n in lengths if n > step])
    return total


def of_batch(cost: AffineCost, lengths: list[tuple[int, int]]) -> float:
    base = cost.base(max(s for s, _ in lengths), max(n for _, n in lengths))
    return base + sum(cost.marginal(s, n) for s, n in lengths)


@pytest.mark.parametrize("pads_outputs", [False, True])
@pytest.mark.parametrize("decoder", ["llama-3.1-8b", "mixtral-8x7b", "gemma-2-9b"])
def test_a_batch_costs_what_its_passes_add_up_to(decoder: str, pads_outputs: bool):
    case = Case(load_decoder(decoder), FP16, load_device("jetson-agx-orin-64gb"), load_engine("vllm"))
    costs = [ROUND, iteration_s(case, fitted_effects(), largest_batch=8)]
    rng = np.random.default_rng(0)
    for _ in range(20):
        lengths = [(int(s), int(n)) for s, n in rng.integers(1, 300, (rng.integers(1, 9), 2))]
        if pads_outputs:
            lengths = [(s, max(n for _, n in lengths)) for s, _ in lengths]
        for cost in costs:
            assert of_batch(cost.of_batch(), lengths) == pytest.approx(summed(cost, lengths), rel=1e-12)


def test_a_prompt_in_chunks_costs_the_same_but_for_what_each_pass_costs_once():
    whole = ROUND.of_pass(chunks=[(1000, 0, True)])
    for chunk in (1, 7, 300, 1000):
        starts = range(0, 1000, chunk)
        passes = [ROUND.of_pass(chunks=[(min(chunk, 1000 - start), start, start + chunk >= 1000)]) for start in starts]
        assert sum(passes) == pytest.approx(whole + (len(passes) - 1) * ROUND.prefill_pass, rel=1e-12)


@pytest.mark.parametrize("name", ["mixtral-8x7b", "qwen3-30b-a3b"])
@pytest.mark.parametrize("largest", [2, 8, 64])
def test_passes_of_a_mixture_read_what_is_expected_within_the_error_of_the_chord(name: str, largest: int):
    decoder = load_decoder(name)
    line = weight_traffic(decoder, FP16, largest)
    error = chord_error(decoder, largest)
    per_expert = (weight_traffic(decoder, FP16, 2).decode_sequence) / (
        experts_read(decoder, 2) - experts_read(decoder, 1)
    )
    rest = line.decode_pass + line.decode_sequence - per_expert * experts_read(decoder, 1)
    rng = np.random.default_rng(0)
    for _ in range(20):
        outputs = rng.integers(1, 100, rng.integers(1, largest + 1))
        expected = counted = 0.0
        for step in range(1, max(outputs)):
            alive = int((outputs > step).sum())
            expected += rest + per_expert * experts_read(decoder, alive)
            counted += line.of_pass(contexts=[step] * alive)
        assert (1 - error) * expected - 1e-6 * expected <= counted <= expected * (1 + 1e-9)
