from __future__ import annotations

import pytest

from edge_llm_env.inference.catalog import _with_provenance, load_decoder, load_device, load_quantization, table

TABLES = ("decoders", "devices", "precisions", "perplexity_increases")


@pytest.mark.parametrize("name", TABLES)
def test_every_value_has_a_source_and_an_assumed_flag(name: str):
    entries = [entry for fields in table(name).values() for entry in fields.values()]
    assert len(entries) > 0
    for entry in entries:
        assert isinstance(entry.source, str)
        assert len(entry.source) > 10
        assert isinstance(entry.assumed, bool)


def test_every_decoder_has_perplexities_of_every_precision():
    assert table("perplexity_increases").keys() == table("decoders").keys()
    for increases in table("perplexity_increases").values():
        assert increases.keys() == table("precisions").keys()


def test_every_entry_loads():
    for decoder in table("decoders"):
        assert load_decoder(decoder).layers > 0
        for precision in table("precisions"):
            assert 0 < load_quantization(decoder, precision).accuracy <= 1
    for device in table("devices"):
        assert load_device(device).memory_bytes > 0


def test_heads_times_width_is_the_hidden_width():
    for name in table("decoders"):
        decoder = load_decoder(name)
        assert decoder.heads * decoder.head_dim == decoder.d_model


def test_bloom_3b_is_as_published():
    decoder = load_decoder("bloom-3b")
    assert (decoder.layers, decoder.d_model, decoder.d_ff, decoder.vocabulary) == (30, 2560, 10240, 250880)


def test_tx2_has_the_capacity_that_the_paper_gives_it():
    assert load_device("jetson-tx2").fp16_flops_per_s == 1.33e12


def test_what_no_publication_tells_is_marked_assumed():
    assert all(increases["w8a16"].assumed for increases in table("perplexity_increases").values())
    assert all(table("precisions")[name]["compute_factor"].assumed for name in ("w8a16", "w4a16-gptq", "w4a16-rtn"))
    assert not table("decoders")["bloom-3b"]["layers"].assumed


def test_unknown_decoder_lists_the_choices_and_the_closest():
    with pytest.raises(ValueError, match=r"^decoder = 'bloom-3'.*bloom-3b, bloom-7b1, opt-13b .*mean 'bloom-3b'"):
        load_decoder("bloom-3")


def test_unknown_device_lists_the_choices():
    with pytest.raises(ValueError, match=r"^device = 'h100': must be one of .*jetson-tx2"):
        load_device("h100")


def test_unknown_precision_lists_the_choices():
    with pytest.raises(ValueError, match=r"^precision = 'int3'.*w16a16, w4a16-gptq, w4a16-rtn, w8a16"):
        load_quantization("bloom-3b", "int3")


@pytest.mark.parametrize("missing", ["source", "assumed"])
def test_entry_without_provenance_is_an_error_that_names_it(missing: str):
    fields = {"source": "a book", "assumed": False, "layers": 3}
    del fields[missing]
    with pytest.raises(ValueError, match=rf"catalogue decoders\.new: .*{missing}"):
        _with_provenance("decoders.new", fields)
