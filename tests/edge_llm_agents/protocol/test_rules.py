"""Splits, budgets, and what may be known."""

import pytest

from edge_llm_agents.protocol.rules import BUDGETS, COMPETES, KNOWLEDGE, REPORTED, SPLITS, exceeds
from edge_llm_env.workload.streams import Stream, draw_workloads
from tests.support.helpers import small_scenario


def test_every_split_is_of_workloads_of_its_own() -> None:
    assert set(SPLITS) - set(REPORTED) == {"train"}
    assert len({*REPORTED.values(), Stream.TUNING, Stream.DEMONSTRATION}) == len(REPORTED) + 2
    firsts = [draw_workloads(small_scenario(), 1, 0, stream)[0].arrival_s.tolist() for stream in REPORTED.values()]
    assert len({tuple(one) for one in firsts}) == len(REPORTED)


@pytest.mark.parametrize(
    ("budget", "decisions", "over"),
    [
        ("small", 1_000_000, False),
        ("small", 1_000_001, True),
        ("medium", 10_000_000, False),
        ("medium", 10_000_001, True),
        ("unlimited", 10**12, False),
    ],
)
def test_a_run_that_used_more_is_told_from_one_that_did_not(budget: str, decisions: int, over: bool) -> None:
    assert exceeds(budget, decisions) == over


def test_an_unknown_budget_is_refused_and_a_clairvoyant_does_not_compete() -> None:
    with pytest.raises(ValueError, match="budget = 'smal': must be one of medium, small, unlimited"):
        exceeds("smal", 1)
    assert set(KNOWLEDGE) - set(COMPETES) == {"future"}
    assert list(BUDGETS) == ["small", "medium", "unlimited"]
