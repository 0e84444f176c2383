from __future__ import annotations

import math

import pytest

from edge_llm_env.inference.factors.alike import REACH, Alike, Place, decode_phase, foretold
from edge_llm_env.inference.factors.fitted import fitted_alike

ALIKE = Alike(of_model=0.02, of_lengths=0.03)
GIVEN = Place("decode", ("llama-3-8b", "w16a16"), 1, 512)


def test_a_place_that_was_measured_is_as_it_was_measured():
    assert foretold(GIVEN, [GIVEN], [0.3], ALIKE) == pytest.approx(0.3)


def test_what_a_residual_tells_falls_with_distance_and_with_another_model():
    far = GIVEN._replace(tokens=64)
    other = GIVEN._replace(model=("llama-3-70b", "w16a16"))
    shared = math.exp(-math.log(8.0) / REACH)
    assert foretold(far, [GIVEN], [0.3], ALIKE) == pytest.approx(0.3 * (0.02 + 0.03 * shared) / 0.05)
    assert foretold(other, [GIVEN], [0.3], ALIKE) == pytest.approx(0.3 * 0.03 / 0.05)


def test_batches_tell_of_each_other_the_more_the_nearer_they_are():
    four = GIVEN._replace(phase=decode_phase(4), batch=4)
    told = [foretold(four._replace(batch=batch), [four], [0.3], ALIKE) for batch in (4, 8, 64)]
    assert told == sorted(told, reverse=True)
    assert 0.0 < told[2] < told[0] == pytest.approx(0.3)


@pytest.mark.parametrize("phase", ["prefill", decode_phase(2)])
def test_one_phase_tells_nothing_of_another(phase: str):
    assert phase != GIVEN.phase == decode_phase(1)
    assert foretold(GIVEN._replace(phase=phase), [GIVEN], [0.3], ALIKE) == 0.0


def test_of_several_the_nearer_one_counts_more():
    near, far = GIVEN._replace(tokens=600), GIVEN._replace(tokens=20_000)
    alone = foretold(GIVEN, [near], [0.2], ALIKE)
    assert foretold(GIVEN, [near, far], [0.2, 0.2], ALIKE) >= alone
    assert foretold(GIVEN, [near, far], [0.2, -0.2], ALIKE) > 0.1


def test_of_a_place_that_was_measured_twice_the_mean_counts():
    assert foretold(GIVEN, [GIVEN, GIVEN], [0.1, 0.3], ALIKE) == pytest.approx(0.2)


def test_where_nothing_is_in_common_nothing_is_told():
    assert foretold(GIVEN, [GIVEN], [0.3], Alike(0.0, 0.0)) == 0.0


def test_what_is_stored_is_of_two_parts_that_both_tell_something():
    assert all(0.0 < variance < 0.2 for variance in fitted_alike())
