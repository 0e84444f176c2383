"""Sorting in kernels is NumPy's stable order."""

import numpy as np
import pytest

from edge_llm_env.support.sorting import RUN, ascending_order


@pytest.mark.parametrize("size", [0, 1, 2, RUN - 1, RUN, RUN + 1, 2 * RUN + 1, 100, 1000])
@pytest.mark.parametrize("kinds", [1, 3, 1000], ids=lambda kinds: f"{kinds} different")
def test_order_is_the_stable_one(size: int, kinds: int) -> None:
    rng = np.random.default_rng(size + kinds)
    for _ in range(20):
        values = rng.choice(np.append(rng.normal(size=kinds), np.inf), size)
        np.testing.assert_array_equal(ascending_order(values), np.argsort(values, kind="stable"))


def test_zeros_of_either_sign_are_equal() -> None:
    np.testing.assert_array_equal(ascending_order(np.array([0.0, -0.0, -1.0, 0.0])), [2, 0, 1, 3])
