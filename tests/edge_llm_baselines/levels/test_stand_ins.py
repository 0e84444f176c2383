"""Who can be served in whose place."""

from __future__ import annotations

import numpy as np

from edge_llm_baselines.levels.exact.items import items_of
from edge_llm_baselines.levels.exact.problem import LevelsProblem
from edge_llm_baselines.levels.exact.stand_ins import NONE, stand_ins
from edge_llm_baselines.solvers.problem import BatchProblem


def epoch(values: list[float], compute_s: list[float], slack_s: list[float], uplink: list[float]) -> LevelsProblem:
    nothing = np.zeros(len(values))
    group = BatchProblem.additive(
        np.array(compute_s),
        np.array(uplink),
        nothing,
        nothing,
        np.array(slack_s),
        window_s=1.0,
        memory_limit_bytes=1.0,
        values=np.array(values),
    )
    return LevelsProblem((group,), 1)


def pairs(problem: LevelsProblem) -> tuple[set[tuple[int, int]], list[int]]:
    """Who can stand in for whom, as the problem numbers them, and who has a twin."""
    items, order = items_of(problem)
    can, twin = stand_ins(items)
    found = {(int(order[one]), int(order[other])) for one, other in np.argwhere(can)}
    return found, sorted(int(order[one]) for one in np.flatnonzero(twin != NONE))


def test_the_easier_request_stands_in_for_the_harder_one():
    longer_in_time = pairs(epoch([1.0, 1.0], [0.2, 0.3], [0.9, 0.9], [0.1, 0.1]))
    assert longer_in_time == ({(0, 1)}, [])
    less_slack = pairs(epoch([1.0, 1.0], [0.3, 0.3], [0.9, 0.8], [0.1, 0.1]))
    assert less_slack == ({(0, 1)}, [])
    worth_more = pairs(epoch([1.0, 2.0], [0.3, 0.3], [0.9, 0.9], [0.1, 0.1]))
    assert worth_more == ({(1, 0)}, [])
    shorter_but_urgent = pairs(epoch([1.0, 1.0], [0.2, 0.3], [0.4, 0.9], [0.1, 0.1]))
    assert shorter_but_urgent == (set(), [])


def test_of_twins_one_stands_in_and_slack_beyond_the_window_makes_no_difference():
    found, twins = pairs(epoch([1.0] * 3, [0.3] * 3, [1.5, 2.0, 3.0], [0.1] * 3))
    assert len(found) == 3
    assert len(twins) == 2


def test_shares_count_where_not_everyone_fits_the_band():
    assert pairs(epoch([1.0, 1.0], [0.3, 0.3], [0.9, 0.9], [0.4, 0.5]))[1] != []
    assert pairs(epoch([1.0, 1.0], [0.3, 0.3], [0.9, 0.9], [0.5, 0.6])) == ({(0, 1)}, [])
