from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import edge_llm_env
from edge_llm_env.inference.catalog import load_decoder, load_device, load_engine, load_precision
from edge_llm_env.inference.decoder import DecoderConfig
from edge_llm_env.inference.device import Device
from edge_llm_env.inference.engine import Engine
from edge_llm_env.inference.factors.measured import Measured
from edge_llm_env.inference.factors.terms import TERMS
from edge_llm_env.inference.prediction import predicting
from edge_llm_env.inference.prediction.predicting import predict
from edge_llm_env.inference.prediction.text import as_text
from edge_llm_env.inference.quantization import Precision
from edge_llm_env.inference.validation.fitting import arrays, row
from edge_llm_env.inference.validation.measurements import Measurement, published_measurements
from edge_llm_env.inference.work import read_bytes

ORIN = ("llama-3.1-8b", "w4a16-awq", "jetson-agx-orin-64gb", "vllm")
LENGTHS = {"prompt_tokens": 512, "output_tokens": 128}

SMALL = DecoderConfig(layers=2, d_model=100, d_ff=400, heads=10, kv_heads=10, head_dim=10, vocabulary=1000)
FACTORS = dict.fromkeys(
    ("weights", "kv_cache", "compute", "prefill_weights", "prefill_fill", "prefill_compute", "prefill_attention"), 1.0
)
FACTORS |= {"launches": 1e-6, "launches/engine_kind/compiled": 1.0, "prefill_launches": 1e-6, "sequences": 1e-4}
FACTORS |= {"held_weights": 1.0, "held_cache": 1.0, "held_activations": 1.0, "held_runtime": 1e-3}

DIGITS = 1e-5
"""To how much the example is worked out."""


def test_it_is_a_public_name():
    assert edge_llm_env.predict is predict


def test_a_prediction_worked_out_by_hand(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(predicting, "fitted_effects", lambda: FACTORS)
    device = Device(fp16_flops_per_s=1e9, memory_bytes=1.7e6, memory_bandwidth_bytes_per_s=1e8, power_w=10.0)
    precision = Precision(weight_bits=16, memory_factor=1.0, compute_factor=1.0)
    found = predict(SMALL, precision, device, batch=2, prompt_tokens=10, output_tokens=3)

    # 2·(4·100² + 2·100·400) = 240,000 weights in layers and 100,000 in the head: 680,000 bytes at 1e8 bytes/s. The
    # cache has 2·2·100·2 = 800 bytes per token, attention 800 FLOPs per token and token attended to.
    read_s, cached_s, launches_s, sequences_s = 6.8e-3, 8e-6, 20e-6, 2 * 1e-4
    # A token takes 480,000 FLOPs in layers, and 200,000 in the head where it is sampled. 10·10/2 pairs per prompt.
    products_s, head_s, pair_s = 0.48e-3, 0.2e-3, 0.8e-6
    prefill_s = {
        "weights": read_s,
        "fill": products_s,
        "compute": 20 * products_s + 2 * head_s,
        "attention": 2 * 50 * pair_s,
        "cache": 20 * cached_s,
        "host": launches_s + sequences_s,
    }
    assert found.prefill_s.value == pytest.approx(sum(prefill_s.values()))
    assert found.prefill_s.value == pytest.approx(17.74e-3)
    # Contexts of the passes are 11 and 12, of two sequences; the products of one are done while weights are read.
    decode_s = read_s + 23 * cached_s + (products_s + head_s) + 23 * pair_s + launches_s + sequences_s
    assert found.token_s.value == pytest.approx(decode_s, rel=DIGITS) == pytest.approx(7.9024e-3, rel=DIGITS)
    assert found.tokens_per_s.value == pytest.approx(2 / decode_s, rel=DIGITS)
    assert found.generation_s.value == pytest.approx(17.74e-3 + 2 * decode_s, rel=DIGITS)

    activations = 20 * 2 * (2 * 400 + 4 * 100)
    assert found.memory_bytes.value == pytest.approx(680_000 + 2 * 13 * 800 + activations + 1e6)
    assert not found.memory_fits
    assert found.memory_limit_bytes == 1.7e6
    flops = 20 * 480_000 + 2 * 200_000 + 2 * 50 * 800 + 2 * (2 * 680_000 + 23 * 800)
    moved = 3 * 680_000 + 20 * 800 + 2 * 23 * 800
    # Three tenths of 10 W while it computes, and half of the other 7 W each at full products and full traffic
    energy_j = 3.0 * found.generation_s.value + 3.5 * flops / 1e9 + 3.5 * moved / 1e8
    assert found.energy_j.value == pytest.approx(energy_j)

    assert (found.prefill_binding.term, found.decode_binding.term) == ("prefill_compute", "weights")
    assert found.prefill_binding.meaning == "multiplications of prompts by weights"
    assert found.prefill_binding.share == pytest.approx(prefill_s["compute"] / 17.74e-3)
    assert found.decode_binding.share == pytest.approx(read_s / decode_s, rel=DIGITS)
    assert (found.decoder, found.precision, found.device, found.engine) == ("", "", "", "")


TIMED = [one for one in published_measurements() if one.metric != "memory"]


@pytest.mark.parametrize("measurement", TIMED[::40], ids=lambda one: f"{one.decoder}-{one.device}-{one.metric}")
def test_it_predicts_published_rows_as_the_fit_does(measurement: Measurement):
    decoder, *machine = measurement.parts
    found = predict(
        decoder.shape, *machine,
        batch=measurement.batch,
        prompt_tokens=measurement.prompt_tokens,
        output_tokens=max(measurement.output_tokens, 2),
    )  # fmt: skip
    rows, known = arrays([row(measurement)]), predicting.fitted_effects()
    logs = [
        math.log(known[name]) if name in known else mean for name, mean in zip(rows.effects, rows.mean, strict=True)
    ]
    of_metric = {"prefill": found.prefill_s, "decode": found.token_s, "throughput": found.generation_s}
    (expected,) = np.exp(rows.predicted(np.array(logs), np.arange(1)))
    assert of_metric[measurement.metric].value == pytest.approx(expected, rel=1e-9)


def test_names_paths_and_objects_say_the_same(tmp_path: Path):
    named = predict(*ORIN, batch=4, **LENGTHS)
    decoder, precision, device, engine = ORIN
    parts = load_decoder(decoder), load_precision(precision), load_device(device), load_engine(engine)
    assert replace(predict(*parts, batch=4, **LENGTHS), decoder=decoder) == named
    keys = {
        "model_type": "llama", "num_hidden_layers": 32, "hidden_size": 4096, "intermediate_size": 14336,
        "num_attention_heads": 32, "num_key_value_heads": 8, "vocab_size": 128256, "tie_word_embeddings": False,
    }  # fmt: skip
    (tmp_path / "config.json").write_text(json.dumps(keys))
    of_file = predict(tmp_path, *ORIN[1:], **LENGTHS)
    assert of_file == predict(str(tmp_path), *ORIN[1:], **LENGTHS)
    assert of_file.token_s.value == pytest.approx(predict(*ORIN, **LENGTHS).token_s.value, rel=1e-3)


def test_without_a_name_an_engine_has_no_effects_of_its_own():
    unnamed = predict(*ORIN[:3], **LENGTHS)
    assert unnamed == predict(*ORIN[:3], Engine(), **LENGTHS)
    assert unnamed.token_s.value != predict(*ORIN, **LENGTHS).token_s.value


@pytest.mark.parametrize("batch", [1, 2, 8, 64])
def test_a_mixture_reads_what_it_reads_at_exactly_that_batch(batch: int, monkeypatch: pytest.MonkeyPatch):
    only_weights = dict.fromkeys(TERMS, 1e-12) | {"weights": 1.0}
    monkeypatch.setattr(predicting, "fitted_effects", lambda: only_weights)
    mixture, precision = load_decoder("mixtral-8x7b"), load_precision("w16a16")
    found = predict(mixture, precision, load_device("h100-sxm"), batch=batch, **LENGTHS)
    experts = 8 * (1 - (6 / 8) ** batch)
    assert experts <= 8
    assert found.token_s.value == pytest.approx(read_bytes(mixture, precision, experts) / 3.35e12, rel=1e-6)


def test_longer_generations_larger_batches_and_longer_prompts_take_more():
    least = predict(*ORIN, **LENGTHS)
    for more in ({"batch": 2}, {"prompt_tokens": 1024}, {"output_tokens": 256}):
        found = predict(*ORIN, **(LENGTHS | more))
        for name in ("prefill_s", "token_s", "generation_s", "memory_bytes", "energy_j"):
            assert getattr(found, name).value >= getattr(least, name).value, (more, name)


@pytest.mark.usefixtures("chosen_spreads")
def test_intervals_are_of_the_case_s_class_and_hold_the_value():
    found = predict(*ORIN, **LENGTHS)
    assert found.intervals == {
        "prefill": "engine measured", "decode": "machine measured", "memory": "nothing measured",
    }  # fmt: skip
    assert found.token_s.high == pytest.approx(found.token_s.value * math.exp(0.08))
    assert found.prefill_s.low == pytest.approx(found.prefill_s.value * math.exp(-0.2))
    assert found.tokens_per_s.low == pytest.approx(1 / found.token_s.high)
    assert found.generation_s.high == pytest.approx(found.prefill_s.high + 127 * found.token_s.high)
    for name in ("prefill_s", "token_s", "tokens_per_s", "generation_s", "memory_bytes"):
        estimate = getattr(found, name)
        assert estimate.low < estimate.value < estimate.high
    assert (found.energy_j.low, found.energy_j.high) == (None, None)


@pytest.mark.usefixtures("chosen_spreads")
def test_the_less_is_known_the_wider_the_interval():
    decoder, precision, *_ = ORIN
    machines = [("jetson-agx-orin-64gb", "vllm"), ("jetson-tx2", "vllm"), ("jetson-tx2", None)]
    found = [predict(decoder, precision, ORIN[2], "vllm", measured=["decode 36 tokens/s"], **LENGTHS)]
    found += [predict(decoder, precision, *machine, **LENGTHS) for machine in machines]
    widths = [one.token_s.high / one.token_s.low for one in found]
    assert widths == sorted(widths)
    assert len(set(widths)) == 4


@pytest.mark.usefixtures("chosen_spreads")
def test_a_measurement_narrows_the_phase_that_it_covers():
    before = predict(*ORIN, **LENGTHS)
    after = predict(*ORIN, measured=["prefill 0.4 s at prompt 512"], **LENGTHS)
    assert after.intervals == before.intervals | {"prefill": "after one measurement"}
    assert after.memory_bytes == before.memory_bytes


@pytest.mark.parametrize("factor", [0.75, 0.85, 1.0, 1.2, 1.4])
@pytest.mark.parametrize("batch", [1, 16])
@pytest.mark.parametrize(
    "machine",
    [
        ORIN,
        ("llama-2-7b", "w16a16", "rtx-4090", None),
        ("tinyllama-1.1b", "w4a16-q4-k-m", "apple-m2", "llama.cpp"),
        ("mixtral-8x7b", "w4a16-awq", "jetson-tx2", "tinychat"),
    ],
)
def test_a_measured_case_is_predicted_within_a_tenth(machine: tuple[str, ...], batch: int, factor: float):
    before = predict(*machine, batch=batch, prompt_tokens=511, output_tokens=2)
    decode_s, prefill_s = factor * before.token_s.value, factor * before.prefill_s.value
    measured = f"decode {batch / decode_s} tokens/s at batch {batch}, context 512"
    after = predict(*machine, batch=batch, prompt_tokens=511, output_tokens=2, measured=[measured])
    assert after.token_s.value == pytest.approx(decode_s, rel=0.1)
    of_prefill = Measured(metric="prefill", seconds=prefill_s, batch=batch, tokens=511)
    after = predict(*machine, batch=batch, prompt_tokens=511, output_tokens=2, measured=[of_prefill])
    assert after.prefill_s.value == pytest.approx(prefill_s, rel=0.1)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"batch": 0}, "batch = 0: must be a whole number of at least 1"),
        ({"batch": 1.5}, "batch = 1.5: must be a whole number of at least 1"),
        ({"prompt_tokens": 0}, "prompt_tokens = 0: must be a whole number of at least 1"),
        ({"output_tokens": 1}, "output_tokens = 1: must be a whole number of at least 2"),
        ({"decoder": "llama-9"}, r"decoder = 'llama-9': must be one of .* closest: llama-.*; or the path of a Hugging"),
        ({"decoder": 7}, "decoder = 7: must be a catalogue name, a path or of class DecoderConfig"),
        ({"decoder": "no/such/config.json"}, "decoder: .*no/such/config.json"),
        ({"precision": "w4"}, "precision = 'w4': must be one of .* lists; the closest: w4a16-"),
        ({"precision": 4}, "precision = 4: must be a catalogue name or of class Precision"),
        ({"device": "orin"}, "device = 'orin': .* lists; the closest: jetson-orin-"),
        ({"device": None}, "device = None: must be a catalogue name or of class Device"),
        ({"engine": "vlm"}, "engine = 'vlm': .* lists; the closest: vllm"),
        ({"engine": 1}, "engine = 1: must be a catalogue name or of class Engine"),
        ({"measured": ["38 tokens/s"]}, "measured = '38 tokens/s': must be written as decode 38 tokens/s at batch 1"),
        ({"measured": 3}, "measured = 3: must be a list of measurements"),
        ({"measured": [3]}, "measured has 3: must have measurements"),
        ({"measured": "decode 38 tokens/s"}, "measured = 'decode 38 tokens/s': must be a list of measurements"),
        (
            {"decoder": "llama-2-7b", "prompt_tokens": 4000},
            "decoder = 'llama-2-7b': the longest prompt plus output, 4128 tokens, must be at most its context limit",
        ),
        (
            {"decoder": "llama-2-7b", "prompt_tokens": 3500, "mechanisms": {"images": {"tokens": 2880}}},
            "decoder = 'llama-2-7b': the longest prompt plus output, 6508 tokens, must be at most its context limit",
        ),
    ],
)
def test_what_is_wrong_is_said_in_one_line(changes: dict[str, Any], message: str):
    decoder, precision, device, engine = ORIN
    given = {"decoder": decoder, "precision": precision, "device": device, "engine": engine, **LENGTHS}
    with pytest.raises(ValueError, match=f"^{message}") as raised:
        predict(**(given | changes))
    assert "\n" not in str(raised.value)


def test_a_checkpoint_must_be_served_at_its_own_bits():
    stored = load_decoder("llama-3.1-8b").model_copy(update={"stored_weight_bits": 4})
    with pytest.raises(ValueError, match=r"^precision = 'w16a16': the checkpoint .* stores weights of 4 bits"):
        predict(stored, "w16a16", *ORIN[2:], **LENGTHS)
    assert predict(stored, "w4a16-awq", *ORIN[2:], **LENGTHS).token_s.value > 0


def test_contexts_beyond_a_sliding_window_are_said_and_counted_as_said():
    case = ("w4a16-awq", "rtx-4090", "autoawq-gemm")
    beyond = predict("mistral-7b", *case, prompt_tokens=2048, output_tokens=4096)
    # (4096 - 2048)·(6144 - 4096)/(6144 - 2048) = 1024
    assert beyond.window is not None
    assert beyond.window.startswith("32 of its 32 layers keep the latest 4096 tokens of up to 6144; ")
    assert beyond.window.endswith("counts up to 1024 tokens too many in each of these layers")
    assert f"\n\nSliding window: {beyond.window}.\n\n" in as_text(beyond)
    full = load_decoder("mistral-7b").model_copy(update={"window": None, "window_layers": 0})
    at_5120 = predict(full, *case, prompt_tokens=2048, output_tokens=4096 + 1024 - 2048)
    assert beyond.memory_bytes.value == pytest.approx(at_5120.memory_bytes.value)

    within = predict("mistral-7b", *case, prompt_tokens=2048, output_tokens=2048)
    assert within.window is None
    assert "window" not in as_text(within)
