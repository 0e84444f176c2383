"""Units that load models, forget them and move among them, beside a plain list of what each unit does."""

from __future__ import annotations

import numpy as np
import pytest

from edge_llm_env.residency.moving import evict, host_evenly, move, next_to_leave, pass_time, start_load
from edge_llm_env.residency.residents import IDLE, hosting, last_ready_s, ready_within

LOAD_S = np.array([0.8, 2.0, 2.1])


class Units:
    """The only row of two arrays."""

    def __init__(self, units: int = 6) -> None:
        self.hosts, self.ready_s = np.zeros((1, units), dtype=np.int64), np.zeros((1, units))
        host_evenly(self.hosts, self.ready_s, 0, 3)

    def move(self, *counts: int) -> None:
        move(self.hosts, self.ready_s, 0, np.array(counts), LOAD_S)

    def counts(self) -> list[int]:
        return [hosting(self.hosts, 0, model) for model in range(3)]


@pytest.mark.parametrize(
    ("units", "counts"), [(6, [2, 2, 2]), (7, [3, 2, 2]), (4, [2, 1, 1]), (2, [1, 1, 0]), (1, [1, 0, 0])]
)
def test_units_are_divided_evenly_and_loaded(units: int, counts: list[int]):
    made = Units(units)
    assert made.counts() == counts
    assert not made.ready_s.any()


def test_a_unit_that_comes_to_a_model_loads_it_and_has_when_the_time_has_passed():
    made = Units()
    made.move(3, 1, 2)
    assert made.counts() == [3, 1, 2]
    for passed_s, loaded in ((0.5, 2), (0.2, 2), (0.2, 3)):
        pass_time(made.ready_s, 0, passed_s)
        assert ready_within(made.hosts, made.ready_s, 0, 0, -1.0, 0.0) == loaded
        made.move(3, 1, 2)  # nothing moves, and nothing begins anew
    assert not made.ready_s.any()


def test_who_is_ready_when():
    made = Units()
    made.move(0, 3, 3)
    pass_time(made.ready_s, 0, 1.0)
    made.move(0, 2, 4)
    assert sorted(made.ready_s[made.hosts == 2]) == pytest.approx([0.0, 0.0, 1.1, 2.1])
    found = [ready_within(made.hosts, made.ready_s, 0, 2, *span) for span in ((-1, 0), (0, 1.1), (1.2, 3), (0, 9))]
    assert found == [2, 1, 1, 2]
    assert [last_ready_s(made.hosts, made.ready_s, 0, 2, by_s) for by_s in (0.0, 1.5, 9.0)] == [0.0, 1.1, 2.1]


def test_those_that_still_load_longest_leave_first():
    made = Units()
    made.move(4, 1, 1)
    assert next_to_leave(made.hosts, made.ready_s, 0, 0) >= 2  # one of the two that came
    made.move(2, 1, 1)
    assert not made.ready_s[made.hosts == 0].any()


def test_a_unit_that_forgets_has_to_load_again():
    made = Units()
    made.move(1, 2, 2)
    assert hosting(made.hosts, 0, IDLE) == 1
    made.move(2, 2, 2)
    assert sorted(made.ready_s[made.hosts == 0]) == [0.0, LOAD_S[0]]
    evict(made.hosts, made.ready_s, 0, 5)
    start_load(made.hosts, made.ready_s, 0, 5, 1, 7.0)
    assert (made.hosts[0, 5], made.ready_s[0, 5]) == (1, 7.0)


def test_as_few_as_possible_move_and_loads_are_those_of_a_plain_list():
    """A list of (model, time left), in which those that leave and come are found by sorting."""
    rng = np.random.default_rng(0)
    made = Units()
    plain = [(model, 0.0) for model in (0, 0, 1, 1, 2, 2)]
    moved = 0
    for _ in range(500):
        counts = rng.multinomial(rng.integers(0, 7), rng.dirichlet(np.ones(3)))
        before = made.hosts.copy()
        made.move(*counts)
        kept: list[tuple[int, float]] = []
        for model in range(3):
            had = sorted(left_s for host, left_s in plain if host == model)
            kept += [(model, left_s) for left_s in had[: counts[model]]]
            kept += [(model, LOAD_S[model])] * (counts[model] - len(had))
        arrived = ((made.hosts != before) & (made.hosts != IDLE)).sum()
        assert arrived == sum(max(0, counts[m] - sum(host == m for host, _ in plain)) for m in range(3))
        moved += arrived
        found = zip(made.hosts[0].tolist(), made.ready_s[0].tolist(), strict=True)
        assert sorted(one for one in found if one[0] != IDLE) == sorted(kept)
        pass_time(made.ready_s, 0, passed_s := rng.choice([0.0, 0.5, 3.0]))
        plain = [(model, max(0.0, left_s - passed_s)) for model, left_s in kept]
    assert moved > 200
