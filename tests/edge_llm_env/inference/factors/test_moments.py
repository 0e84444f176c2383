from __future__ import annotations

import numpy as np
import pytest

from edge_llm_env.inference.factors.alike import Alike, Place
from edge_llm_env.inference.factors.moments import CLIPPED, alike, pairs

PLACES = [
    Place("decode", (decoder, "w16a16"), batch, tokens)
    for decoder in ("a", "b")
    for batch in (1, 4, 64)
    for tokens in (128, 4096)
]
MACHINES = 400


def test_variances_are_found_again_in_residuals_that_have_them():
    truth = Alike(of_model=0.008, of_lengths=0.012)
    covariance = np.array([[truth.covariance(one, other) for other in PLACES] for one in PLACES])
    draws = np.random.default_rng(0).multivariate_normal(np.zeros(len(PLACES)), covariance, MACHINES)
    machines = [number for number in range(MACHINES) for _ in PLACES]
    found = alike(pairs(machines, PLACES * MACHINES, draws.ravel()))
    assert found.of_model == pytest.approx(truth.of_model, rel=0.15)
    assert found.of_lengths == pytest.approx(truth.of_lengths, rel=0.15)


def test_pairs_are_of_one_machine_and_phase_and_every_row_counts_once():
    places = [PLACES[0], PLACES[1], PLACES[0]._replace(phase="prefill"), PLACES[0]]
    found = pairs(["x", "x", "x", "y"], places, np.array([0.1, 0.2, 0.3, 0.4]))
    assert sorted(zip(found.row.tolist(), found.products.round(9).tolist(), strict=True)) == [
        (0, 0.01), (0, 0.02), (1, 0.02), (1, 0.04), (2, 0.09), (3, 0.16)
    ]  # fmt: skip
    assert np.bincount(found.row, found.weights) == pytest.approx(np.ones(4))
    assert found.chosen(found.row == 3).products == pytest.approx([0.16])


def test_a_row_that_is_far_off_does_not_decide():
    far = pairs(["x"], PLACES[:1], np.array([3.0]))
    assert far.products == pytest.approx([CLIPPED**2])


def test_no_variance_is_below_nothing():
    opposed = pairs(["x", "x"], [PLACES[0], PLACES[6]], np.array([0.2, -0.2]))
    assert min(alike(opposed)) >= 0.0
