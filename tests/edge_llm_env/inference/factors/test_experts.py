from __future__ import annotations

import pytest

from edge_llm_env.inference.catalog import load_decoder, table
from edge_llm_env.inference.factors.experts import chord_error, experts_chord, experts_read

MIXTRAL, LLAMA = load_decoder("mixtral-8x7b"), load_decoder("llama-3.1-8b")
MIXTURES = [name for name in table("decoders") if load_decoder(name).experts > 1]


def test_experts_that_a_batch_uses_by_hand():
    # Mixtral: 8 experts, 2 act. One token uses 2; of two tokens each expert is used with 1 - (3/4)² = 7/16
    assert experts_read(MIXTRAL, 1) == 2
    assert experts_read(MIXTRAL, 2) == pytest.approx(8 * 7 / 16)
    assert experts_read(LLAMA, 5) == 1


def test_a_prompt_of_60_tokens_leaves_under_3_percent_of_the_experts_unread():
    for name in ("mixtral-8x7b", "qwen3-30b-a3b"):
        decoder = load_decoder(name)
        assert experts_read(decoder, 60) > 0.97 * decoder.experts


@pytest.mark.parametrize("largest", [1, 2, 3, 8, 64, 4096])
@pytest.mark.parametrize("name", MIXTURES)
def test_the_chord_is_exact_at_both_ends_and_never_reads_more_than_is_expected(name: str, largest: int):
    decoder = load_decoder(name)
    first, each = experts_chord(decoder, largest)
    assert first >= 0
    assert each > 0
    assert first + each == pytest.approx(decoder.experts_per_token, rel=1e-12)
    assert first + each * largest == pytest.approx(experts_read(decoder, largest), rel=1e-12)
    left_out = [1 - (first + each * batch) / experts_read(decoder, batch) for batch in range(1, largest + 1)]
    assert min(left_out) > -1e-12
    assert chord_error(decoder, largest) == pytest.approx(max(left_out), abs=1e-12)
    assert first + each * largest <= decoder.experts * (1 + 1e-12)


def test_a_batch_of_64_reads_no_more_than_the_8_experts_of_mixtral():
    first, each = experts_chord(MIXTRAL, 64)
    assert 7.99 < first + each * 64 <= 8
    # in between it reads too few: most at batch 8, 2.67 of 7.2
    assert chord_error(MIXTRAL, 64) == pytest.approx(0.63, abs=0.01)


@pytest.mark.parametrize("largest", [1, 2, 500])
def test_a_dense_decoder_reads_its_one_network_whatever_the_batch(largest: int):
    assert experts_chord(LLAMA, largest) == (1, 0)
    assert chord_error(LLAMA, largest) == 0
