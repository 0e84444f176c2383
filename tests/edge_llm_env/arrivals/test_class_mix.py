"""Classes of requests whose mix is that of a hidden phase, against what the definition says."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from edge_llm_env.arrivals.class_mix import ClassMix, stationary

CYCLE: dict[str, Any] = {
    "names": ("a", "b", "c"),
    "mixes": ((8, 1, 1), (1, 8, 1), (1, 1, 8)),
    "mean_lengths_s": (20.0, 40.0, 60.0),
    "length_variation": 0.3,
    "followed_by": ((0, 1, 0), (0, 0, 1), (1, 0, 0)),
}


def mix(**changed: Any) -> ClassMix:
    return ClassMix(**(CYCLE | changed))


def test_phases_follow_each_other_and_last_as_long_as_they_should():
    drawn, rng = mix(), np.random.default_rng(0)
    begins_s, phases = drawn.draw_phases(rng, 100_000.0)
    assert (phases[1:] == (phases[:-1] + 1) % 3).all()
    lengths_s = np.diff(begins_s)
    for phase, mean_s in enumerate(drawn.mean_lengths_s):
        of_it = lengths_s[1:][phases[1:-1] == phase]
        assert of_it.mean() == pytest.approx(mean_s, rel=0.05)
        assert of_it.std() / of_it.mean() == pytest.approx(0.3, abs=0.03)


def test_an_episode_begins_at_a_random_moment():
    """Phases are met in proportion to their lengths, and at any age alike: 1/6, 1/3 and 1/2 of the time, and of a gamma
    length of variation cv the mean rest is (1 + cv²)/2 of its mean."""
    drawn, rng = mix(), np.random.default_rng(1)
    begun = [drawn.draw_phases(rng, 1000.0) for _ in range(4000)]
    first = np.array([phases[0] for _, phases in begun])
    assert np.bincount(first) / len(first) == pytest.approx([1 / 6, 1 / 3, 1 / 2], abs=0.03)
    rest_s = np.array([begins_s[1] for begins_s, _ in begun])
    assert rest_s[first == 2].mean() == pytest.approx(60.0 * 1.09 / 2, rel=0.05)
    assert drawn.time_shares() == pytest.approx([1 / 6, 1 / 3, 1 / 2])


def test_classes_are_those_of_the_phase_that_a_request_arrives_in():
    drawn = mix(mean_lengths_s=(1e9, 1e9, 1e9))
    for seed in range(6):
        _, phases = drawn.draw_phases(np.random.default_rng(seed), 100.0)
        classes = drawn.draw(np.random.default_rng(seed), np.linspace(0.0, 99.0, 5000), 100.0)
        assert np.bincount(classes)[phases[0]] / 5000 == pytest.approx(0.8, abs=0.03)


def test_without_an_order_any_other_phase_is_next():
    chain = mix(followed_by=None).chain()
    assert chain.tolist() == [[0.0, 0.5, 0.5], [0.5, 0.0, 0.5], [0.5, 0.5, 0.0]]
    assert mix(mixes=((1, 2, 3),), mean_lengths_s=(5.0,), followed_by=None).chain().tolist() == [[1.0]]


def test_stationary_shares_are_left_as_they_are_by_the_chain():
    rng = np.random.default_rng(2)
    for size in (1, 2, 5, 9):
        chain = rng.dirichlet(np.ones(size), size)
        shares = stationary(chain)
        assert shares.sum() == pytest.approx(1.0)
        assert shares @ chain == pytest.approx(shares, rel=1e-12)


def test_phases_that_change_too_often_for_an_episode_are_refused():
    mix().check_episode(1e7)
    with pytest.raises(ValueError, match=r"phases would change 2.5e\+06 times in the 1e\+08 s of an episode"):
        mix().check_episode(1e8)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"names": ("a", "b", "a")}, "names = .*: must differ"),
        ({"mixes": ((8, 1), (1, 8, 1), (1, 1, 8))}, r"mixes: \[8.0, 1.0\] must have 3 weights"),
        ({"mixes": ((0, 0, 0), (1, 8, 1), (1, 1, 8))}, "not all of them 0"),
        ({"mean_lengths_s": (20.0, 40.0)}, "mean_lengths_s is of 2 phases: must be of as many as mixes, which has 3"),
        ({"followed_by": ((0, 1, 0), (1, 0, 0), (0, 0, 1))}, "every phase must be reached from every other"),
        ({"followed_by": ()}, "followed_by is of 0 phases: must be of as many as mixes, which has 3"),
        ({"length_variation": 0.0}, "greater than or equal to 0.001"),
    ],
)
def test_what_is_wrong_is_said(changed: dict[str, Any], message: str):
    with pytest.raises(ValidationError, match=message):
        mix(**changed)
