"""A kernel called directly does what it does when it is called through Numba."""

from __future__ import annotations

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
