"""What kernels ask of memory: asking for data changes nothing, and a shared number is given out once."""

import numpy as np

from edge_llm_env.support.compilation.compiling import compiled
from edge_llm_env.support.memory import fetch_and_add, prefetch


@compiled
def add_twice(array: np.ndarray, row: int, amount: int) -> tuple[int, int]:
    """Two calls after each other."""
    prefetch(array, row, 1)
    prefetch(array, row + 1000, 1000)
    return fetch_and_add(array, row, amount), fetch_and_add(array, row, amount)


def test_a_number_is_fetched_before_it_grows():
    array = np.arange(12).reshape(3, 4)
    assert add_twice(array, 1, 5) == (4, 9)
    expected = np.arange(12).reshape(3, 4)
    expected[1, 0] = 14
    np.testing.assert_array_equal(array, expected)


def test_python_does_what_kernels_do():
    array = np.zeros((2, 3), dtype=np.int64)
    prefetch(array, 7, 7)
    assert [fetch_and_add(array, 1, 2) for _ in range(3)] == [0, 2, 4]
    assert array.tolist() == [[0, 0, 0], [6, 0, 0]]
