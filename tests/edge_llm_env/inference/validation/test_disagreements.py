from __future__ import annotations

import numpy as np
import pytest

from edge_llm_env.inference.validation.disagreements import (
    cases,
    disagreement,
    floors,
    least_error,
    one_factor,
    pairs,
)
from edge_llm_env.inference.validation.errors import Predicted
from edge_llm_env.inference.validation.measurements import published_measurements

ONE = next(one for one in published_measurements() if one.metric == "decode" and one.batch == 1)._replace(
    prompt_tokens=500, value=1.0, source="first"
)
OTHER = ONE._replace(source="second", value=4.0)


def test_no_factor_is_closer_to_all_rows_of_a_case_than_the_floor():
    # 1 and 4: to predict 1 is right of one and 75 % below the other
    assert least_error([1.0, 0.25]) == least_error([4.0, 1.0]) == pytest.approx(0.375)
    assert least_error([2.0, 2.0, 2.0]) == 0.0
    ratios = np.random.default_rng(0).uniform(0.3, 3.0, (50, 4))
    tried = np.abs(np.geomspace(0.1, 10.0, 2001)[:, None] * ratios[:, None] - 1.0).mean(axis=2).min(axis=1)
    least = np.array([least_error(of_case.tolist()) for of_case in ratios])
    assert (least <= tried + 1e-12).all()
    assert least == pytest.approx(tried, abs=5e-3)


def test_a_case_is_of_rows_that_are_near_each_other_whatever_their_source():
    lengths = [100, 105, 112, 300, 900, 880]
    rows = [ONE._replace(prompt_tokens=tokens, source=str(tokens % 2)) for tokens in lengths]
    assert [[one.prompt_tokens for one in case] for case in cases(rows)] == [[100, 105, 112], [900, 880]]
    assert not cases([ONE, OTHER._replace(device="another")])


def test_floors_stand_beside_the_error_of_the_same_rows():
    alone = ONE._replace(decoder="qwen3-8b")
    fitted = [Predicted(ONE, (2.0,)), Predicted(OTHER, (2.0,)), Predicted(alone, (9.0,))]
    without = [Predicted(ONE, (3.0,)), Predicted(OTHER, (3.0,)), Predicted(alone, (9.0,))]
    found = floors(fitted, without)["decode"]
    assert found["all"] == {"all": {"rows": 2, "floor": 0.375, "error": 1.125}}
    assert found["engine"] == {ONE.engine: found["all"]["all"]}
    assert floors(fitted[2:], without[2:]) == {}


def test_one_factor_is_of_a_group_and_a_phase_and_a_row_alone_has_none():
    alone = ONE._replace(device="another")
    rows = [Predicted(ONE, (1.0,)), Predicted(OTHER, (1.0,)), Predicted(alone, (9.0,))]
    assert one_factor(rows, lambda one: one.device) == {"decode": {"rows": 2, "error": 0.375}}
    assert one_factor(rows, lambda one: one.source) == {"decode": {"rows": 2, "error": 0.4444}}


@pytest.mark.parametrize(("tokens", "same"), [(500, True), (455, True), (549, True), (440, False), (700, False)])
def test_rows_are_of_the_same_case_if_lengths_differ_by_a_tenth_at_most(tokens: int, same: bool):
    assert len(pairs([ONE, OTHER._replace(prompt_tokens=tokens)])) == same


@pytest.mark.parametrize("field", ["decoder", "precision", "device", "engine"])
def test_rows_of_another_case_or_of_one_source_are_no_pair(field: str):
    assert not pairs([ONE, OTHER._replace(**{field: "another"})])
    assert not pairs([ONE, OTHER._replace(batch=2)])
    assert not pairs([ONE, OTHER._replace(source="first")])


def test_disagreement_by_hand():
    # second/first 4, third/first 2, third/second 2: differences of 300, 100 and 100 %
    third = ONE._replace(source="third", value=2.0)
    (found,) = disagreement([ONE, OTHER, third]).values()
    assert (found["pairs"], found["mean"], found["median"], found["largest"]) == pytest.approx((3, 5 / 3, 1.0, 3.0))
