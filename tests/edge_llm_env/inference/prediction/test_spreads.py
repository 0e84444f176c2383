from __future__ import annotations

import pytest

from edge_llm_env.inference.catalog import load_device, load_engine
from edge_llm_env.inference.prediction.spreads import CLASSES, ROWS_OF, classes, fitted_spreads, spread

ORIN, RARE = load_device("jetson-agx-orin-64gb"), load_device("jetson-tx2")


@pytest.mark.usefixtures("chosen_spreads")
def test_the_narrowest_class_that_was_left_out_is_taken():
    assert spread("decode", CLASSES) == ("after one measurement", 0.04)
    assert spread("decode", CLASSES[2:]) == ("engine measured", 0.16)
    assert spread("decode, batch > 1", CLASSES) == ("engine measured", 0.2)
    assert spread("memory", CLASSES[1:]) == ("nothing measured", 0.1)


def test_a_kind_of_which_nothing_was_left_out_has_no_spread(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("edge_llm_env.inference.prediction.spreads.fitted_spreads", lambda: {"decode": {}})
    assert spread("decode", CLASSES) == spread("memory", CLASSES) == ("", None)


def test_the_fitted_spreads_are_of_known_kinds_and_classes():
    for kind, of_class in fitted_spreads().items():
        assert kind in ROWS_OF
        assert set(of_class) <= set(CLASSES)
        assert all(0 < value < 2 for value in of_class.values())


@pytest.mark.parametrize(
    ("kind", "device", "engine", "first"),
    [
        ("decode", ORIN, "vllm", "machine measured"),
        ("prefill", ORIN, "vllm", "engine measured"),
        ("decode", RARE, "vllm", "engine measured"),
        ("decode", ORIN, None, "nothing measured"),
        ("memory", ORIN, "vllm", "nothing measured"),
        ("memory", RARE, "transformers", "engine measured"),
    ],
)
def test_the_class_is_what_rows_of_the_kind_there_are(kind: str, device, engine: str | None, first: str):
    found = classes(kind, device, load_engine(engine))
    assert found[0] == first
    assert found == CLASSES[CLASSES.index(first) :]


def test_a_measurement_covers_its_phase_and_falls_back_on_the_case_s_own_class():
    vllm = load_engine("vllm")
    assert classes("decode", RARE, vllm, {"decode"}) == (CLASSES[0], *CLASSES[2:])
    assert classes("decode, batch > 1", RARE, vllm, {"decode"}) == CLASSES[2:]
    assert classes("prefill", RARE, vllm, {"decode"}) == CLASSES[2:]
    assert classes("memory", ORIN, vllm, {"decode", "prefill"}) == CLASSES[3:]
