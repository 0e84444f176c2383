"""A sentence per dimension, on rows that are chosen so that each is known."""

from __future__ import annotations

from typing import Any

import pytest

from edge_llm_env.inference.catalog import load_device
from edge_llm_env.inference.engine import Engine
from edge_llm_env.inference.prediction import distance
from edge_llm_env.inference.prediction.distance import DIMENSIONS, distances
from edge_llm_env.inference.prediction.question import question
from edge_llm_env.inference.quantization import Precision
from edge_llm_env.inference.validation.measurements import Measurement

ORIN, WITHIN = "jetson-agx-orin-64gb", {"batch": 1, "prompt_tokens": 512, "output_tokens": 128}


def row(**changes: Any) -> Measurement:
    fields = {
        "decoder": "llama-3.1-8b", "precision": "w16a16", "device": ORIN, "engine": "vllm", "batch": 1,
        "metric": "decode", "prompt_tokens": 64, "output_tokens": 2, "lengths_published": True, "value": 0.1,
        "separate_embeddings": False, "source": "a test",
    }  # fmt: skip
    return Measurement(**(fields | changes))


ROWS = (
    row(),
    row(batch=16),
    row(decoder="llama-3.2-1b", metric="throughput", prompt_tokens=4096, output_tokens=4096),
    row(metric="prefill", prompt_tokens=128, output_tokens=1),
    row(metric="memory"),
    row(metric="prefill", device="rtx-3090", prompt_tokens=256, output_tokens=1),
    row(device="rtx-4090", precision="w4a16-awq"),
    row(device="rtx-4090", engine="mlc", precision="w4a16-mlc", decoder="mixtral-8x7b", batch=2),
)


@pytest.fixture(autouse=True)
def rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(distance, "published_measurements", lambda: ROWS)


def of(decoder="llama-3.1-8b", precision="w16a16", device=ORIN, engine="vllm", **lengths: int) -> tuple[str, ...]:
    return distances(question(decoder, precision, device, engine, measured=(), **(WITHIN | lengths)))


def test_a_case_that_rows_surround_has_no_distance():
    assert of() == ()


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"device": "jetson-tx2"}, "no measurement of this device"),
        (
            {"device": "jetson-agx-orin-64gb-30w"},
            "no measurement of this device, but of its power modes jetson-agx-orin-64gb",
        ),
        ({"device": load_device(ORIN).model_copy(update={"name": ""})}, "no measurement of this device"),
        ({"engine": "llama.cpp"}, "no measurement of this engine"),
        ({"engine": None}, "no engine named: taken to be a compiled one of which nothing was measured"),
        ({"engine": "mlc"}, "no measurement of this engine on this device, only of vllm"),
        ({"device": "rtx-3090"}, "no decode measured on this engine and this device"),
        ({"device": "rtx-4090", "engine": "mlc"}, "no prefill measured on this engine and this device"),
        ({"batch": 17}, "no row with batch above 16 on this engine"),
        ({"prompt_tokens": 4097}, "prompts measured on this engine reach 4,096 tokens"),
        ({"prompt_tokens": 127}, "prompts measured on this engine begin at 128 tokens"),
        ({"engine": "mlc"}, "no prompts of known length measured on this engine"),
        ({"prompt_tokens": 4096, "output_tokens": 4097}, "contexts measured on this engine reach 8,192 tokens"),
        ({"prompt_tokens": 32, "output_tokens": 32}, "contexts measured on this engine begin at 66 tokens"),
        ({"precision": "w8a16"}, "format w8a16 was never measured"),
        ({"precision": "w4a16-mlc"}, "format w4a16-mlc was never measured on this engine"),
        ({"precision": "w4a16-awq"}, "format w4a16-awq was never measured on this engine and this device"),
        (
            {"precision": Precision(weight_bits=4, memory_factor=0.25, compute_factor=1.0)},
            "the format of the weights has no name by which measurements would be found",
        ),
        ({"decoder": "mixtral-8x7b"}, "no mixture of experts on this engine"),
        ({"decoder": "qwen2.5-32b"}, "models measured on this engine reach 7e9 weights in their layers"),
        ({"decoder": "qwen3-0.6b"}, "models measured on this engine begin at 0.97e9 weights in their layers"),
        ({"engine": "mlc"}, "no memory measured on this engine"),
    ],
)
def test_each_dimension_has_its_sentence(changes: dict[str, Any], sentence: str):
    assert sentence in of(**changes)


def test_one_step_away_is_one_sentence():
    assert of(batch=17) == ("no row with batch above 16 on this engine",)
    assert of(prompt_tokens=4097) == ("prompts measured on this engine reach 4,096 tokens",)


def test_an_engine_without_rows_is_compared_with_those_of_all():
    assert "no row with batch above 16 on any engine" in of(engine=Engine(name="mine"), batch=17)
    assert "no row with batch above 16 on any engine" not in of(engine=Engine(name="mine"), batch=16)


def test_every_dimension_is_tried():
    assert set(DIMENSIONS) == {
        "device", "engine", "device and engine", "phases", "batch", "prompt", "context", "format", "experts",
        "size", "memory",
    }  # fmt: skip
