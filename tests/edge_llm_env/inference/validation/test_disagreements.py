from __future__ import annotations

import pytest

from edge_llm_env.inference.validation.disagreements import disagreement, floor, pairs
from edge_llm_env.inference.validation.measurements import published_measurements

ONE = next(one for one in published_measurements() if one.metric == "decode" and one.batch == 1)._replace(
    prompt_tokens=500, value=1.0, source="first"
)
OTHER = ONE._replace(source="second", value=4.0)


def test_no_prediction_is_closer_to_both_than_the_floor():
    # 1 and 4: their geometric mean, 2, is 100 % above one and 50 % below the other
    assert floor(ONE, OTHER) == pytest.approx(0.75)
    assert floor(OTHER, ONE) == floor(ONE, OTHER)
    assert floor(ONE, ONE) == 0.0


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
    root = 2**0.5
    assert found["floor"] == pytest.approx((0.75 + 2 * 0.5 * (root - 1 / root)) / 3)
