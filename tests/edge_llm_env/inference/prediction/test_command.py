"""`predict` as text and as JSON, by both command lines."""

from __future__ import annotations

import json
import re

import pytest

from edge_llm_agents.commands.main import main as edge_llm
from edge_llm_env.__main__ import main
from edge_llm_env.inference.catalog import load_device
from edge_llm_env.inference.prediction.estimates import Estimate
from edge_llm_env.inference.prediction.predicting import predict
from edge_llm_env.inference.prediction.text import _seconds, _written, as_text

ORIN = ["llama-3.1-8b", "w4a16-awq", "jetson-agx-orin-64gb"]
ASKED = ["predict", *ORIN, "--engine", "vllm", "--prompt", "512", "--output", "128"]


def shown(capsys: pytest.CaptureFixture[str], *more: str) -> str:
    assert main([*ASKED, *more]) == 0
    return capsys.readouterr().out


@pytest.mark.usefixtures("chosen_spreads")
def test_the_text_has_a_line_per_value_with_its_interval(capsys: pytest.CaptureFixture[str]):
    text = shown(capsys, "--batch", "4")
    assert text.startswith("llama-3.1-8b w4a16-awq jetson-agx-orin-64gb under vllm: 4 requests of 512 + 128 tokens\n")
    for line in (
        r"decode +\d+ ± \d+ tokens/s  all requests together",
        r"time per token +[\d.]+ ± [\d.]+ ms  \d+% is weights read in a decode pass",
        r"prefill +[\d.]+ ± [\d.]+ m?s  \d+% is multiplications of prompts by weights",
        r"whole generation +[\d.]+ ± [\d.]+ s",
        r"memory +[\d.]+ ± [\d.]+ GB  fits: 68\.7 GB are usable",
        r"energy +[\d.]+ J  assumed, never measured, so without an interval",
    ):
        assert re.search(f"^{line}$", text, re.MULTILINE), line
    assert "± is half the interval that holds two thirds of published rows, each predicted from other rows,\n" in text
    assert "(prefill: engine measured; decode, batch > 1: engine measured; memory: nothing measured)" in text
    assert "How far from what was measured:\n  no prefill measured on this engine and this device\n" in text


@pytest.mark.usefixtures("chosen_spreads")
def test_the_json_is_the_record_in_si_units(capsys: pytest.CaptureFixture[str]):
    found = json.loads(shown(capsys, "--json"))
    expected = predict(*ORIN, "vllm", prompt_tokens=512, output_tokens=128)
    assert found["token_s"] == {
        "value": expected.token_s.value, "low": expected.token_s.low, "high": expected.token_s.high,
    }  # fmt: skip
    assert found["energy_j"] == {"value": expected.energy_j.value, "low": None, "high": None}
    assert found["decode_binding"]["term"] == "weights"
    assert found["distances"] == list(expected.distances)
    assert found["memory_fits"] is True


def test_a_measurement_moves_it(capsys: pytest.CaptureFixture[str]):
    before = json.loads(shown(capsys, "--json"))["tokens_per_s"]["value"]
    after = json.loads(shown(capsys, "--json", "--measured", "decode 36 tokens/s at batch 1"))["tokens_per_s"]["value"]
    assert abs(after / 36 - 1) < 0.1 < abs(before / 36 - 1)


def test_edge_llm_has_it_too(capsys: pytest.CaptureFixture[str]):
    text = shown(capsys)
    assert edge_llm(ASKED) == 0
    assert capsys.readouterr().out == text


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["--output", "1"], r"error: output_tokens = 1: must be a whole number of at least 2"),
        (
            ["--engine", "vlm"],
            r"error: engine = 'vlm': must be one of the \d+ that `edge-llm catalog engines` lists; .*",
        ),
        (["--measured", "fast"], r"error: measured = 'fast': must be written as decode 38 tokens/s .*"),
    ],
)
def test_an_error_is_one_line(arguments: list[str], line: str, capsys: pytest.CaptureFixture[str]):
    for command in (main, edge_llm):
        assert command([*ASKED, *arguments]) == 2
        assert re.fullmatch(line + "\n", capsys.readouterr().err)


def test_an_option_that_cannot_be_read_is_one_line(capsys: pytest.CaptureFixture[str]):
    assert edge_llm([*ASKED, "--batch", "many"]) == 2
    assert capsys.readouterr().err == "error: edge-llm predict: argument --batch: 'many': must be a whole number\n"


@pytest.mark.parametrize(
    ("estimate", "text"),
    [
        (Estimate(38.2, 32.1, 44.4), "38 ± 6 u"),
        (Estimate(38.24, 36.9, 39.7), "38.2 ± 1.4 u"),
        (Estimate(1234.0, 1100.0, 1400.0), "1,230 ± 150 u"),
        (Estimate(98.3, 77.0, 120.0), "98 ± 22 u"),
        (Estimate(98.3, 67.0, 128.0), "100 ± 30 u"),
        (Estimate(0.0123, 0.0119, 0.0128), "0.0123 ± 0.0004 u"),
        (Estimate(1234.5), "1,230 u"),
        (Estimate(0.01234), "0.0123 u"),
    ],
)
def test_values_have_as_many_digits_as_their_interval_lets_them(estimate: Estimate, text: str):
    assert _written(estimate, "u") == text


def test_seconds_below_one_are_milliseconds():
    assert _seconds(Estimate(0.5)) == "500 ms"
    assert _seconds(Estimate(1.5)) == "1.50 s"


@pytest.mark.usefixtures("chosen_spreads")
@pytest.mark.parametrize(
    ("usable", "room"), [(2.0, "fits: "), (1.05, "may not fit: "), (0.95, "may fit: "), (0.5, "does not fit: ")]
)
def test_memory_is_compared_with_what_is_usable(usable: float, room: str):
    device, lengths = load_device(ORIN[2]), {"prompt_tokens": 512, "output_tokens": 128}
    held = predict(*ORIN[:2], device, "vllm", **lengths).memory_bytes.value
    smaller = device.model_copy(update={"memory_bytes": usable * held})
    text = as_text(predict(*ORIN[:2], smaller, "vllm", **lengths))
    (line,) = [line for line in text.splitlines() if line.startswith("memory")]
    assert f"  {room}" in line


def test_without_left_out_rows_it_says_that_there_is_no_interval(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("edge_llm_env.inference.prediction.spreads.fitted_spreads", dict)
    text = as_text(predict(*ORIN, "vllm", prompt_tokens=512, output_tokens=128))
    assert "±" not in text
    assert "no interval: no row of such a case was left out and predicted" in text


def test_mechanisms_are_written_as_in_a_scenario(capsys: pytest.CaptureFixture[str]):
    chain = "speculation = {draft_tokens = 3, acceptance = 0.6}"
    text = shown(capsys, "--with", chain)
    assert "under vllm with speculation: 1 request" in text
    assert "no interval" in text
    link = 'parallelism = {tensor = 2, link = "a100-nvlink"}'
    record = json.loads(shown(capsys, "--with", chain, "--with", link, "--json"))
    assert record["mechanisms"] == "speculation, parallelism"
    assert record["memory_limit_bytes"] == 2 * load_device(ORIN[2]).memory_bytes
    assert record["token_s"]["low"] is None
    total = predict(*ORIN, "vllm", prompt_tokens=512, output_tokens=128)
    assert record["token_s"]["value"] < total.token_s.value


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("speculation", "--with 'speculation': must be TOML, NAME = {SETTING = VALUE}"),
        ("speculation = 3", "--with 'speculation = 3': must be a table of settings, speculation = {SETTING = VALUE}"),
        ("speclation = {draft_tokens = 3}", "mechanisms = 'speclation': must be one of"),
        ("speculation = {draft_tokens = 3}", "speculation.acceptance: is required"),
        ("speculation = {draft_tokens = 3, acceptance = 1.0}", "speculation.acceptance = 1.0: must be less than 1"),
    ],
)
def test_a_mechanism_that_cannot_be_read_is_named(text: str, message: str, capsys: pytest.CaptureFixture[str]):
    assert main([*ASKED, "--with", text]) == 2
    assert capsys.readouterr().err.startswith(f"error: {message}")
