from __future__ import annotations

import pytest

from edge_llm_env.inference.catalog import (
    TABLES,
    _with_provenance,
    load_decoder,
    load_device,
    load_efficiency,
    load_precision,
    load_quantization,
    table,
)
from edge_llm_env.inference.catalog.listing import as_text


@pytest.mark.parametrize("name", TABLES)
def test_every_value_has_a_source_and_an_assumed_flag(name: str):
    entries = [entry for fields in table(name).values() for entry in fields.values()]
    assert len(entries) > 0
    for entry in entries:
        assert isinstance(entry.source, str)
        assert len(entry.source) > 10
        assert isinstance(entry.assumed, bool)


def test_there_are_at_least_20_decoders_and_12_devices():
    assert len(table("decoders")) >= 20
    assert len(table("devices")) >= 12


def test_every_decoder_has_a_perplexity_increase_at_16_and_8_bits():
    assert table("perplexity_increases").keys() == table("decoders").keys()
    for increases in table("perplexity_increases").values():
        assert {"w16a16", "w8a16"} <= increases.keys() <= table("precisions").keys()
        assert increases["w16a16"].value == 0


def test_every_entry_loads():
    for decoder in table("decoders"):
        assert load_decoder(decoder).layers > 0
        for precision in table("perplexity_increases")[decoder]:
            assert 0 < load_quantization(decoder, precision).accuracy <= 1
    for device in table("devices"):
        assert load_device(device).memory_bytes > 0
    for precision in table("precisions"):
        assert load_precision(precision).weight_bits >= 4
    assert load_efficiency().runtime_bytes > 0


def test_heads_times_width_is_the_hidden_width_but_where_published_otherwise():
    widths = {name: load_decoder(name) for name in table("decoders")}
    others = {name for name, one in widths.items() if one.heads * one.head_dim != one.d_model}
    assert others == {"gemma-2-2b", "gemma-2-9b", "qwen3-0.6b", "qwen3-4b", "qwen3-32b", "qwen3-30b-a3b"}


def test_peaks_are_dense_and_of_the_gpu_alone():
    # AGX Orin is advertised with 275 TOPS: sparse, INT8, accelerators included; the GPU has 170 sparse, 85 dense
    assert load_device("jetson-agx-orin-64gb").fp16_flops_per_s == 85e12 / 2
    assert load_device("rtx-4090").fp16_flops_per_s == pytest.approx(330.3e12 / 2, rel=0.01)


def test_a_gigabyte_is_1e9_bytes():
    assert load_device("jetson-agx-orin-64gb").memory_bandwidth_bytes_per_s == 204.8e9
    assert load_device("rtx-4090").memory_bytes == 24e9


def test_bloom_3b_is_as_published():
    decoder = load_decoder("bloom-3b")
    assert (decoder.layers, decoder.d_model, decoder.d_ff, decoder.vocabulary) == (30, 2560, 10240, 250880)


def test_tx2_has_the_capacity_that_the_paper_gives_it():
    assert load_device("jetson-tx2").fp16_flops_per_s == 1.33e12


def test_what_no_publication_tells_is_marked_assumed():
    assert all(increases["w8a16"].assumed for increases in table("perplexity_increases").values())
    assert all(fields["compute_factor"].assumed for name, fields in table("precisions").items() if name != "w16a16")
    assert not table("decoders")["bloom-3b"]["layers"].assumed


def test_unknown_decoder_lists_the_choices_and_the_closest():
    with pytest.raises(ValueError, match=r"^decoder = 'bloom-3'.*bloom-3b, bloom-7b1, .*opt-13b.*mean 'bloom-3b'"):
        load_decoder("bloom-3")


def test_unknown_device_lists_the_choices():
    with pytest.raises(ValueError, match=r"^device = 'h100': must be one of .*jetson-tx2.*mean 'h100-sxm'"):
        load_device("h100")


def test_unknown_precision_lists_the_choices():
    with pytest.raises(ValueError, match=r"^precision = 'int3'.*w16a16, w4a16-awq, .*, w8a16"):
        load_quantization("bloom-3b", "int3")


def test_a_precision_of_unknown_perplexity_says_what_is_known():
    message = r"^precision = 'w4a16-awq': no perplexity increase of gemma-2-2b is known, .* one of w16a16, w8a16$"
    with pytest.raises(ValueError, match=message):
        load_quantization("gemma-2-2b", "w4a16-awq")


def test_a_given_perplexity_increase_is_used():
    assert load_quantization("gemma-2-2b", "w4a16-awq", 0.25).accuracy == 0.8
    assert load_quantization("bloom-3b", "w4a16-gptq", 0.0).accuracy == 1.0


@pytest.mark.parametrize("missing", ["source", "assumed"])
def test_entry_without_provenance_is_an_error_that_names_it(missing: str):
    fields = {"source": "a book", "assumed": False, "layers": 3}
    del fields[missing]
    with pytest.raises(ValueError, match=rf"catalogue decoders\.new: .*{missing}"):
        _with_provenance("decoders.new", fields)


def test_the_listing_shows_values_marks_assumed_ones_and_gives_sources():
    lines = as_text("devices").splitlines()
    assert lines[0].split() == ["devices", *table("devices")["jetson-tx2"]]
    thor = next(line for line in lines if line.startswith("jetson-thor-t5000"))
    assert thor.split()[1:] == ["2.585e+14*", "1.28e+11", "2.73e+11", "130"]
    assert "  a100-80gb-sxm: NVIDIA A100 datasheet, 80GB SXM" in lines


def test_the_listing_has_a_dash_where_a_value_is_the_default():
    bloom = next(line for line in as_text("decoders").splitlines() if line.startswith("bloom-3b"))
    fields = as_text("decoders").splitlines()[0].split()
    row = dict(zip(fields[1:], bloom.split()[1:], strict=True))
    assert (row["gated_ffn"], row["tied_embeddings"], row["experts"], row["window"]) == ("no", "yes", "-", "-")
