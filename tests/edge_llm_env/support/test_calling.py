"""A kernel called directly does what it does when it is called through Numba."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.support.calling import direct
from edge_llm_env.support.compilation.compiling import compiled


@compiled
def add(numbers: NDArray[np.float64], at: int, amount: float) -> float:
    numbers[at] += amount
    return numbers[at]


def test_every_call_does_what_the_kernel_does():
    numbers = np.zeros(2)
    returned = [direct(add)(numbers, at, amount) for at, amount in ((0, 1.5), (1, 2.0), (0, 3.0))]
    assert returned == [1.5, 2.0, 4.5]
    assert numbers.tolist() == [4.5, 2.0]


def test_a_kernel_is_made_ready_once():
    assert direct(add) is direct(add)
    for _ in range(3):
        direct(add)(np.zeros(1), 0, 1.0)
    assert len(getattr(add, "signatures", [1])) == 1


def test_what_is_not_compiled_is_called_as_it_is():
    assert direct(sorted) is sorted


class Short(NamedTuple):
    numbers: NDArray[np.float64]


class Long(NamedTuple):
    before: NDArray[np.int8]
    numbers: NDArray[np.float64]


@compiled
def double_first(state: Short | Long) -> None:
    state.numbers[0] *= 2.0


def test_a_kernel_takes_states_of_several_classes_by_turns():
    """The machine code for one class would read the other's fields from the wrong places."""
    short, long = Short(np.array([1.0])), Long(np.zeros(3, dtype=np.int8), np.array([3.0]))
    for state in (short, long, short, long):
        direct(double_first)(state)
    assert (short.numbers[0], long.numbers[0]) == (4.0, 12.0)
    assert not long.before.any()
