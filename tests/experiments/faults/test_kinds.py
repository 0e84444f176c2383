"""The first cases of every kind of the campaign; `scripts/benchmark.py faults` plays them all, in processes apart."""

from __future__ import annotations

import warnings

import pytest

from experiments.faults.kinds.table import KINDS
from experiments.faults.verdict import GOOD, outcome_of

FIRST = {
    "scenarios": 200, "states": 150, "workloads": 60, "misuse": 320, "cards": 150, "copies": 60, "policies": 60,
}  # fmt: skip
"""Of the kinds whose cases take no processes of their own."""

LEGAL, AT_ONCE = 2000, 250
"""Random legal scenarios, 30 ms each, and how many of them one test plays."""


@pytest.mark.parametrize("name", FIRST)
def test_the_first_cases_are_refused_clearly_or_hold(name: str) -> None:
    assert_good(name, range(FIRST[name]))


@pytest.mark.parametrize("first", range(0, LEGAL, AT_ONCE))
def test_random_legal_scenarios_are_finite_in_every_environment(first: int) -> None:
    assert_good("legal-scenarios", range(first, first + AT_ONCE))


def assert_good(name: str, indices: range) -> None:
    kind = KINDS[name]
    kind.prepare()
    bad = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what is odd there is much to warn of
        for index in indices:
            case = kind.make(0, index)
            outcome = outcome_of(case)
            if outcome.verdict not in GOOD:
                bad.append((index, outcome.verdict, case.what[:200], outcome.said[:300]))
    assert not bad, bad[:10]
