from __future__ import annotations

import json

import numpy as np
import pytest

from edge_llm_env.inference.catalog import load_decoder, load_device, load_engine, load_precision
from edge_llm_env.inference.factors.fitted import FITTED_FILE, fitted_effects, iteration_s
from edge_llm_env.inference.factors.rows import Case
from edge_llm_env.inference.validation.fitting import arrays, effects_of_engines, refused, row
from edge_llm_env.inference.validation.measurements import published_measurements
from edge_llm_env.inference.validation.spreads import CLASSES

ROWS = [one for one in published_measurements() if refused(one) is None]


@pytest.mark.parametrize("is_memory", [False, True])
def test_a_fit_that_begins_at_the_stored_effects_ends_there(is_memory: bool):
    """The objective's gradient is zero at what is stored: nothing changed since it was fitted beside what is held."""
    of_rows = [row(one) for one in ROWS if (one.metric == "memory") == is_memory]
    held = json.loads(FITTED_FILE.read_text(encoding="utf-8"))["held_engines"]
    rows = arrays(of_rows, effects_of_engines(held, ROWS, fitted_effects()))
    stored = np.log([fitted_effects()[name] for name in rows.effects])
    again = rows.fitted(np.arange(len(of_rows)), stored, converged=1e-4)
    assert again == pytest.approx(stored, abs=1e-3)


def test_every_effect_that_is_stored_is_of_the_rows():
    names = {name for one in ROWS for of_term in row(one).effects.values() for name in of_term}
    assert names == set(fitted_effects())


def test_what_is_stored_says_of_how_many_rows_it_is_and_has_every_spread():
    stored = json.loads(FITTED_FILE.read_text(encoding="utf-8"))
    assert stored["rows"] == len(ROWS)
    assert set(stored["spreads"]) == {"prefill", "decode", "decode, batch > 1", "memory"}
    for widths in stored["spreads"].values():
        assert tuple(widths) == CLASSES
        assert all(0.0 < width < 1.0 for width in widths.values())


@pytest.mark.parametrize("metric", ["prefill", "decode", "throughput"])
@pytest.mark.parametrize("batch", [1, 8])
def test_an_iteration_costs_what_the_fit_predicts_of_its_row(metric: str, batch: int):
    """The cost that environments use and the regression's rows are the same model, the hidden part included."""
    found = [one for one in ROWS if one.metric == metric and (one.batch > 1) == (batch > 1)][:20]
    assert found
    rows = arrays([row(one) for one in found])
    logs = np.log([fitted_effects()[name] for name in rows.effects])
    for i, one in enumerate(found):
        case = Case(*one.parts)
        held = one.prompt_tokens + (0 if metric == "prefill" else one.output_tokens)
        case = case._replace(decoder=case.decoder.at_contexts(one.prompt_tokens, held))
        cost = iteration_s(case, fitted_effects(), largest_batch=one.batch).of_batch()
        seconds = cost.of_equals(one.batch, one.prompt_tokens, one.output_tokens)
        if metric == "decode":
            seconds -= cost.of_equals(one.batch, one.prompt_tokens, 1)
        assert seconds == pytest.approx(float(np.exp(rows.predicted(logs, np.array([i]))[0])), rel=1e-9)


def test_a_device_of_which_nothing_is_known_is_as_its_kind():
    device = load_device("rtx-3090").model_copy(update={"name": "", "board": ""})
    case = Case(load_decoder("llama-3-8b"), load_precision("w16a16"), device, load_engine("llama.cpp"))
    known = {name: value for name, value in fitted_effects().items() if "rtx-3090" not in name}
    assert iteration_s(case, fitted_effects()) == iteration_s(case, known)
