"""The first cases of every kind of the campaign; `scripts/benchmark.py faults` plays them all, in processes apart."""

from __future__ import annotations

import warnings

import pytest

from experiments.faults.kinds.table import KINDS
from experiments.faults.verdict import GOOD, outcome_of

FIRST = {
    "scenarios": 400, "legal-scenarios": 2000, "states": 150, "workloads": 60,
    "misuse": 500, "cards": 150, "policies": 100, "copies": 60,
}  # fmt: skip
"""Of the kinds whose cases take no processes of their own; every place and every subject once."""

PART = 320
"""Most cases of a test, so that the workers of a run share them."""

PARTS = [(name, first) for name, count in FIRST.items() for first in range(0, count, PART)]


@pytest.mark.parametrize(("name", "first"), PARTS)
def test_the_first_cases_are_refused_clearly_or_hold(name: str, first: int) -> None:
    kind = KINDS[name]
    kind.prepare()
    bad = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what is odd there is much to warn of
        for index in range(first, min(first + PART, FIRST[name])):
            case = kind.make(0, index)
            outcome = outcome_of(case)
            if outcome.verdict not in GOOD:
                bad.append((index, outcome.verdict, case.what[:200], outcome.said[:300]))
    assert not bad, bad[:10]
