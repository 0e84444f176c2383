from __future__ import annotations

from typing import Any

import pytest

from edge_llm_env.inference.catalog import table
from edge_llm_env.inference.validation.fitting import row as row_of_memory
from edge_llm_env.inference.validation.measurements import Measurement, published_measurements

ROWS = published_measurements()


def row(**fields: Any) -> Measurement:
    """The one row with these values."""
    (found,) = (one for one in ROWS if fields.items() <= one._asdict().items())
    return found


def test_every_measurement_has_a_source_and_is_of_the_catalogue():
    assert len(ROWS) > 1000
    for one in ROWS:
        for name, entry in (("decoders", one.decoder), ("devices", one.device), ("engines", one.engine)):
            assert entry in table(name), one
        assert one.precision in table("precisions")
        assert one.metric in ("prefill", "decode", "throughput", "memory")
        assert one.value > 0
        assert one.prompt_tokens + one.output_tokens > 0
        assert len(one.source) > 10


def test_published_values_become_seconds_and_bytes():
    # 32.53 ms of a pass; 96.00 ms
    orin = {"decoder": "llama-3-8b", "device": "jetson-agx-orin-64gb", "engine": "tinychat", "metric": "decode"}
    source = "mit-han-lab/llm-awq: tinychat/README.md"
    assert row(**orin, precision="w4a16-awq", source=source).value == pytest.approx(0.03253)
    assert row(**orin, precision="w16a16", source=source).value == pytest.approx(0.096)


def test_rates_are_of_all_sequences_together():
    # of a batch of 8, 151.5 tokens/s are passes of 8/151.5 s
    eight = [
        one
        for one in ROWS
        if (one.decoder, one.device, one.batch, one.metric) == ("qwen3-8b", "jetson-agx-orin-64gb", 8, "decode")
    ]
    assert any(one.value == pytest.approx(8 / 151.5, rel=1e-3) for one in eight)


def test_whole_generations_count_to_decode_of_their_batch():
    one = next(one for one in ROWS if one.metric == "throughput" and one.batch == 1)
    many = next(one for one in ROWS if one.metric == "throughput" and one.batch > 1)
    assert (one.phase, many.phase) == ("decode", "decode, batch > 1")
    assert {row.phase for row in ROWS if row.metric == "prefill"} == {"prefill"}


def test_power_modes_are_of_one_board():
    boards = {one.board for one in ROWS if one.device.startswith("jetson-orin-nano-8gb")}
    assert boards == {"jetson-orin-nano-8gb"}


def test_an_engine_that_stores_embeddings_twice_holds_them_apart_from_the_head():
    one = next(one for one in ROWS if one.separate_embeddings and one.decoder == "qwen3-0.6b")
    assert not one.parts[0].tied_embeddings
    assert one._replace(separate_embeddings=False).parts[0].tied_embeddings


def test_rows_of_memory_say_what_was_measured():
    kinds = {one.memory_of for one in ROWS if one.metric == "memory"}
    assert kinds == {"allocated", "reserved", "process", "unknown"}
    assert {one.memory_of for one in ROWS if one.metric != "memory"} == {""}
    by_source = {one.source: set() for one in ROWS}
    for one in ROWS:
        by_source[one.source].add(one.memory_of)
    assert all(len(found - {""}) <= 1 for found in by_source.values())


def test_what_is_allocated_has_no_runtime_in_it():
    one, other = (next(row for row in ROWS if row.memory_of == of) for of in ("allocated", "process"))
    assert "held_runtime" not in row_of_memory(one).amounts
    assert row_of_memory(other).amounts["held_runtime"] == 1e9
