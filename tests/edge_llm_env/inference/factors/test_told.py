from __future__ import annotations

import math

import pytest

from edge_llm_env.inference.catalog import load_decoder, load_device, load_engine, load_precision
from edge_llm_env.inference.factors.alike import Place, foretold
from edge_llm_env.inference.factors.effects import machine_effect
from edge_llm_env.inference.factors.fitted import Effects, fitted_alike, fitted_effects, iteration_s
from edge_llm_env.inference.factors.measured import Measured
from edge_llm_env.inference.factors.rows import Case
from edge_llm_env.inference.factors.told import told

CASE = Case(load_decoder("llama-3-8b"), load_precision("w4a16-awq"), load_device("rtx-3090"), load_engine("tinychat"))
TOKENS = {"prefill": 512, "decode": 512}


def pass_s(known: Effects) -> float:
    return iteration_s(CASE, known).of_pass(contexts=[512])


def given(ratio: float) -> Measured:
    return Measured(metric="decode", seconds=ratio * pass_s(fitted_effects()), tokens=512)


@pytest.mark.parametrize("ratio", [0.3, 0.8, 1.25, 3.0])
def test_the_case_that_was_measured_is_predicted_as_it_was(ratio: float):
    known = told(CASE, [given(ratio)], fitted_effects(), 1, TOKENS)
    assert pass_s(known) == pytest.approx(given(ratio).seconds, rel=1e-9)


def test_another_case_moves_by_what_residuals_have_in_common():
    far = told(CASE, [given(2.0)], fitted_effects(), 1, {"prefill": 64, "decode": 64})
    name = machine_effect("decode", CASE.device, CASE.engine)
    asked, measured = (Place("decode", ("", ""), 1, tokens) for tokens in (64, 512))
    expected = foretold(asked, [measured], [math.log(2.0)], fitted_alike())
    assert far[name] / fitted_effects().get(name, 1.0) == pytest.approx(math.exp(expected))
    assert 0.0 < expected < math.log(2.0)


def test_nothing_but_the_measured_phase_of_the_machine_moves():
    known = told(CASE, [given(2.0)], fitted_effects(), 1, TOKENS)
    moved = {name for name, value in known.items() if value != fitted_effects().get(name, 1.0)}
    assert moved == {machine_effect("decode", CASE.device, CASE.engine)}


def test_decode_of_one_sequence_tells_nothing_of_a_batch():
    known = told(CASE, [given(2.0)], fitted_effects(), 8, TOKENS)
    assert all(value == fitted_effects().get(name, 1.0) for name, value in known.items())


def test_nothing_measured_changes_nothing():
    assert told(CASE, (), fitted_effects(), 1, TOKENS) is fitted_effects()
