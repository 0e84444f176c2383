"""The cross-entropy method finds a maximum that is known."""

from __future__ import annotations

import numpy as np
import pytest

from edge_llm_agents.value_search.cross_entropy import CrossEntropy, CrossEntropySettings

TARGET = np.array([0.4, -0.3, 0.1])


def search(generations: int, seed: int = 0, settings: CrossEntropySettings | None = None) -> CrossEntropy:
    method = CrossEntropy(np.zeros(3), settings or CrossEntropySettings(), np.random.default_rng(seed))
    for _ in range(generations):
        candidates = method.ask()
        method.tell(candidates, -((candidates - TARGET) ** 2).sum(axis=1))
    return method


def test_it_finds_the_maximum_of_a_quadratic():
    np.testing.assert_allclose(search(40).mean, TARGET, atol=0.03)
    assert np.abs(search(2).mean - TARGET).max() > 0.03


def test_equal_generators_search_alike_and_others_do_not():
    np.testing.assert_array_equal(search(5).mean, search(5).mean)
    assert not np.array_equal(search(5).mean, search(5, seed=1).mean)


def test_the_first_candidate_is_the_mean():
    method = search(3)
    np.testing.assert_array_equal(method.ask()[0], method.mean)


def test_one_generation_by_hand():
    method = CrossEntropy(
        np.zeros(1), CrossEntropySettings(population=4, elites=2, first_deviation=1.0), np.random.default_rng(0)
    )
    method.tell(np.array([[0.0], [1.0], [3.0], [-5.0]]), np.array([0.0, 1.0, 2.0, -1.0]))
    # Elites 3 and 1, of mean 2: half way from 0 is 1; variance 0.5·1 + 0.5·((3-1)² + (1-1)²)/2 = 1.5.
    assert method.mean.tolist() == [1.0]
    np.testing.assert_allclose(method.deviation, np.sqrt(1.5))


def test_the_deviation_stays_at_its_least():
    assert (search(100).deviation == CrossEntropySettings().least_deviation).all()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"elites": 30}, "elites = 30: must be at least 2 and at most population = 24"),
        ({"elites": 1}, "elites = 1: must be"),
        ({"step": 0.0}, "step = 0.0: must be greater than 0 and at most 1"),
        ({"least_deviation": 0.5}, "least_deviation = 0.5: must be"),
    ],
)
def test_settings_that_make_no_sense_are_errors(settings: dict, message: str):
    with pytest.raises(ValueError, match=message):
        CrossEntropySettings(**settings)


@pytest.mark.parametrize("scores", [np.zeros(3), np.full(24, np.nan)])
def test_scores_that_are_none_are_an_error(scores: np.ndarray):
    method = search(0)
    with pytest.raises(ValueError, match="must be one finite number per candidate"):
        method.tell(method.ask(), scores)
