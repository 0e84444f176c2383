from __future__ import annotations

import math

import pytest
from pydantic import ValidationError

from edge_llm_env.inference.catalog import load_precision, load_quantization
from edge_llm_env.inference.quantization import Quantization, accuracy_from_perplexity


def test_lossless_precision_offers_full_accuracy():
    assert accuracy_from_perplexity(0.0) == 1.0


def test_accuracy_by_hand():
    # f(0.72) = 1 / 1.72
    assert accuracy_from_perplexity(0.72) == pytest.approx(0.5813953488, abs=1e-10)
    assert load_quantization("bloom-3b", "w4a16-gptq").accuracy == accuracy_from_perplexity(0.72)


def test_accuracy_falls_with_perplexity_and_stays_in_0_to_1():
    accuracies = [accuracy_from_perplexity(increase) for increase in (0.0, 0.1, 1.0, 10.0, 1e6)]
    assert accuracies == sorted(accuracies, reverse=True)
    assert len(set(accuracies)) == 5
    assert all(0 < accuracy <= 1 for accuracy in accuracies)


@pytest.mark.parametrize("increase", [-0.01, math.nan, -math.inf])
def test_accuracy_of_what_is_not_an_increase_is_an_error(increase: float):
    with pytest.raises(ValueError, match=r"perplexity_increase = .*: must be at least 0"):
        accuracy_from_perplexity(increase)


def test_better_quantizer_of_the_same_bits_offers_more_accuracy():
    for decoder in ("bloom-3b", "bloom-7b1", "opt-13b"):
        gptq, nearest = (load_quantization(decoder, precision) for precision in ("w4a16-gptq", "w4a16-rtn"))
        assert gptq.accuracy > nearest.accuracy
        assert gptq.memory_factor == nearest.memory_factor == 4 / 16


@pytest.mark.parametrize(
    "wrong", [{"memory_factor": 2.5}, {"compute_factor": 0.0}, {"perplexity_increase": -1.0}, {"bits": 4}]
)
def test_values_out_of_range_and_unknown_fields_are_errors(wrong: dict[str, float]):
    fields = {"weight_bits": 8, "memory_factor": 0.5, "compute_factor": 0.8, "perplexity_increase": 0.0}
    with pytest.raises(ValidationError, match=next(iter(wrong))):
        Quantization(**(fields | wrong))


def test_a_weight_takes_its_bits_and_its_part_of_the_scales():
    # a scale and a zero point of 16 bits for 128 weights: 4 + 32/128; one scale of 16 bits for 32: 4 + 16/32
    assert load_precision("w4a16-awq").stored_weight_bits == 4.25
    assert load_precision("w4a16-mlc").stored_weight_bits == 4.5
    assert load_precision("w8a16").stored_weight_bits == 8
