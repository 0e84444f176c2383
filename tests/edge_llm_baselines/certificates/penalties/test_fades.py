"""What is expected of a fading gain: worked examples, a reference by complex numbers, and the drawn channels."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from edge_llm_baselines.certificates.penalties.fades import MOST_KNOWN, expected_after
from edge_llm_env.radio.draws import Draws
from edge_llm_env.radio.fading.gains import bessel_j0, clarke_gains

RATES = np.array([0.5, 2.0, 8.0])
TURNS = 2.0 * math.pi * 0.2 * np.arange(MOST_KNOWN + 1)
"""2π·f_D·t of epochs 2 s apart at a Doppler of 0.1 Hz, as `embedding-uplink` has them."""


def by_phases(powers: NDArray[np.float64], correlation: NDArray[np.float64], steps: int) -> NDArray[np.float64]:
    """The same with two gains known: Bayes over the phase between them, in complex numbers."""
    first = math.sqrt(powers[0])
    phases = 2.0 * np.pi * np.arange(steps) / steps
    second = math.sqrt(powers[1]) * np.exp(1j * phases)
    own = 1.0 - correlation[1] ** 2
    likely = np.exp(-(np.abs(second - correlation[1] * first) ** 2) / own)
    among = np.array([[1.0, correlation[1]], [correlation[1], 1.0]])
    weights = np.linalg.solve(among, [correlation[2], correlation[1]])
    mean = weights[0] * first + weights[1] * second
    variance = 1.0 - float(weights @ [correlation[2], correlation[1]])
    each = np.exp(-RATES[:, None] * np.abs(mean) ** 2 / (1.0 + RATES[:, None] * variance))
    return np.asarray((each * likely).sum(axis=1) / likely.sum() / (1.0 + RATES * variance))


def test_worked_examples() -> None:
    # Nothing known: an exponential number of mean 1, E[exp(-a·p)] = 1/(1 + a).
    nothing = expected_after(np.ones((1, 2)), np.array([0]), np.array([1.0, 0.5]), RATES)
    np.testing.assert_allclose(nothing[0], [1 / 1.5, 1 / 3, 1 / 9])
    # One gain of power 2 known, correlation 0.6: mean power 0.36·2 = 0.72, variance 1 - 0.36 = 0.64. With a = 2:
    # exp(-2·0.72/(1 + 1.28))/(1 + 1.28) = exp(-0.63158)/2.28 = 0.23323.
    one = expected_after(np.array([[2.0, 9.0]]), np.array([1]), np.array([1.0, 0.6]), np.array([2.0]))
    assert one[0, 0] == pytest.approx(0.23323, abs=1e-5)


def test_two_known_gains_are_as_complex_numbers_have_it() -> None:
    rng = np.random.default_rng(0)
    correlation = bessel_j0(TURNS)
    powers = rng.exponential(size=(50, 3))
    found = expected_after(powers, np.full(50, 2), correlation, RATES)
    for row, expected in zip(powers, found, strict=True):
        np.testing.assert_allclose(expected, by_phases(row, correlation, 500), atol=1e-10)


@pytest.mark.parametrize("known", range(1, MOST_KNOWN + 1))
def test_what_drawn_gains_turn_out_to_be_is_expected_on_average_whatever_went_before(known: int) -> None:
    users = 400 if known == MOST_KNOWN else 2000
    draws = Draws([np.random.default_rng(known)], [users])
    powers = np.abs(clarke_gains(draws, TURNS, 1.0 / (2.0 * math.pi))) ** 2
    expected = expected_after(powers, np.full(users, known), bessel_j0(TURNS), RATES)
    surprise = np.exp(-RATES * powers[:, [known]]) - expected
    for factor in (np.ones(users), powers[:, known - 1], powers[:, 0] < 0.5):
        products = surprise * np.asarray(factor, dtype=np.float64)[:, None]
        error = products.std(axis=0, ddof=1) / math.sqrt(users)
        assert (np.abs(products.mean(axis=0)) < 4.0 * error).all()
    assert (surprise.std(axis=0) > 0.1).all()
    # It is more than nobody knows: less varies than without what went before.
    assert (surprise.std(axis=0) < np.exp(-RATES * powers[:, [known]]).std(axis=0)).all()
