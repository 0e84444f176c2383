"""Whether the collector is let be while kernels are compiled, and as before afterwards."""

import gc

import pytest

from edge_llm_env.support.compilation.collection import MANY_OBJECTS, seldom_collected


@pytest.mark.parametrize(
    ("before", "during"),
    [
        ((700, 10, 10), (MANY_OBJECTS, 10, 10)),
        ((2 * MANY_OBJECTS, 5, 5), (2 * MANY_OBJECTS, 5, 5)),
        ((0, 10, 10), (0, 10, 10)),
    ],
)
def test_thresholds_are_raised_and_put_back(before: tuple[int, int, int], during: tuple[int, int, int]) -> None:
    own = gc.get_threshold()
    gc.set_threshold(*before)
    try:
        with seldom_collected():
            with seldom_collected():
                assert gc.get_threshold() == during
            assert gc.get_threshold() == during
        assert gc.get_threshold() == before
    finally:
        gc.set_threshold(*own)


def test_thresholds_are_put_back_where_compiling_fails() -> None:
    own = gc.get_threshold()
    with pytest.raises(RuntimeError), seldom_collected():
        raise RuntimeError
    assert gc.get_threshold() == own
