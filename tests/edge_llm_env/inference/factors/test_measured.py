from __future__ import annotations

import re

import pytest

from edge_llm_env.inference.catalog import load_decoder, load_device, load_engine, load_precision
from edge_llm_env.inference.factors.effects import effects
from edge_llm_env.inference.factors.fitted import Effects, factor, fitted_effects, iteration_s
from edge_llm_env.inference.factors.measured import FORM, Measured, adapted
from edge_llm_env.inference.factors.rows import Case
from edge_llm_env.inference.factors.terms import TERMS

CASES = {
    "board": Case(
        load_decoder("llama-3.1-8b"),
        load_precision("w4a16-q4-k-m"),
        load_device("jetson-agx-orin-64gb"),
        load_engine("llama.cpp"),
    ),
    "mixture": Case(
        load_decoder("mixtral-8x7b"), load_precision("w16a16"), load_device("a100-80gb-sxm"), load_engine("vllm")
    ),
    "nothing known": Case(
        load_decoder("llama-3.1-8b"),
        load_precision("w4a16-awq"),
        load_device("rtx-4090").model_copy(update={"name": "", "board": ""}),
        load_engine(None),
    ),
}


@pytest.mark.parametrize(
    ("text", "metric", "seconds", "batch", "tokens"),
    [
        ("decode 38 tokens/s", "decode", 1 / 38, 1, 512),
        ("decode 38 tokens/s at batch 1", "decode", 1 / 38, 1, 512),
        ("decode 100 tokens/s at batch 4, context 2048", "decode", 4 / 100, 4, 2048),
        ("decode 26.5 ms at context 64", "decode", 0.0265, 1, 64),
        ("decode 26.5ms at context 64 and batch 2", "decode", 0.0265, 2, 64),
        ("  prefill   0.4 s at prompt 512 ", "prefill", 0.4, 1, 512),
        ("prefill 4e-1 s at batch 3,prompt 100", "prefill", 0.4, 3, 100),
        ("prefill 1000 tokens/s at prompt 500, batch 2", "prefill", 1.0, 2, 500),
    ],
)
def test_a_measurement_is_read(text: str, metric: str, seconds: float, batch: int, tokens: int):
    one = Measured.parsed(text)
    assert (one.metric, one.batch, one.tokens) == (metric, batch, tokens)
    assert one.seconds == pytest.approx(seconds, rel=1e-12)


WRITTEN = f"must be written as {FORM}"
ABOVE = "value and batch must be above 0, and tokens at least 2"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", WRITTEN),
        ("decode", WRITTEN),
        ("decode fast", WRITTEN),
        ("decode 38", WRITTEN),
        ("decode -38 tokens/s", ABOVE),
        ("decode 1.2.3 s", WRITTEN),
        ("decode 38 tokens/h", WRITTEN),
        ("sample 38 tokens/s", WRITTEN),
        ("decode 38 tokens/s batch 1", WRITTEN),
        ("decode 38 tokens/s at", WRITTEN),
        ("decode 38 tokens/s at batch", WRITTEN),
        ("decode 38 tokens/s at batch 1,", WRITTEN),
        ("decode 38 tokens/s at batch 1, batch 2", WRITTEN),
        ("decode 38 tokens/s at batch -1", WRITTEN),
        ("decode 38 tokens/s at prompt 100", "decode has no prompt; it " + WRITTEN),
        ("prefill 1 s at context 100", "prefill has no context; it " + WRITTEN),
        ("decode 0 tokens/s", ABOVE),
        ("decode 38 tokens/s at batch 0", ABOVE),
        ("prefill 1 s at prompt 1", ABOVE),
        ("decode 1e400 tokens/s", "takes 0 s, which must be above 0 and finite"),
        ("prefill 1e400 s", "takes inf s, which must be above 0 and finite"),
        ("decode 1e-320 tokens/s", "takes inf s, which must be above 0 and finite"),
    ],
)
def test_what_is_wrong_with_a_measurement_is_said_in_one_line(text: str, problem: str):
    with pytest.raises(ValueError, match=f"^{re.escape(f'measured = {text!r}: {problem}')}$"):
        Measured.parsed(text)


def predicted_s(case: Case, known: Effects, one: Measured) -> float:
    cost = iteration_s(case, known, largest_batch=one.batch).of_batch()
    if one.metric == "prefill":
        return cost.of_equals(one.batch, one.tokens, 1)
    return cost.of_equals(one.batch, one.tokens - 1, 2) - cost.of_equals(one.batch, one.tokens - 1, 1)


def as_measured(case: Case, text: str, ratio: float) -> Measured:
    """The measurement, at that ratio to what is predicted without it."""
    one = Measured.parsed(text)
    return one.model_copy(update={"seconds": ratio * predicted_s(case, fitted_effects(), one)})


@pytest.mark.parametrize("ratio", [0.3, 0.8, 1.25, 3.0])
@pytest.mark.parametrize("text", ["decode 1 s", "decode 1 s at batch 16, context 2048", "prefill 1 s at prompt 700"])
@pytest.mark.parametrize("name", CASES)
def test_what_was_measured_is_predicted(name: str, text: str, ratio: float):
    case = CASES[name]
    one = as_measured(case, text, ratio)
    assert predicted_s(case, adapted(case, [one], fitted_effects()), one) == pytest.approx(one.seconds, rel=0.1)


@pytest.mark.parametrize("name", CASES)
def test_two_measurements_of_two_phases_are_both_predicted(name: str):
    case = CASES[name]
    both = [as_measured(case, "decode 1 s", 1.5), as_measured(case, "prefill 1 s at prompt 700", 0.7)]
    known = adapted(case, both, fitted_effects())
    for one in both:
        assert predicted_s(case, known, one) == pytest.approx(one.seconds, rel=0.1)


def test_the_other_phase_moves_by_what_belongs_to_the_board_alone():
    case = CASES["board"]
    before = fitted_effects()
    after = adapted(case, [as_measured(case, "prefill 1 s at prompt 700", 2.0)], before)
    for term, (phase, resource, _) in TERMS.items():
        names = effects(term, *case)
        of_the_board = next(name for name in names if name.startswith(f"{resource}/board/"))
        moved = factor(names, after) / factor(names, before)
        if phase == "decode":
            assert moved == pytest.approx(factor((of_the_board,), after) / factor((of_the_board,), before), rel=1e-3)
    # and what holds for engines, kinds and formats everywhere stays
    for name, value in before.items():
        level = name.split("/")[1] if "/" in name else ""
        if level not in ("board", "machine", "format"):
            assert after[name] == pytest.approx(value, rel=1e-3), name


def test_nothing_measured_changes_nothing():
    assert adapted(CASES["board"], (), fitted_effects()) is fitted_effects()
