"""What a kernel returns to Python, made while a signal is pending."""

from __future__ import annotations

import sys
from types import FrameType

import pytest

from edge_llm_env import load_scenario
from edge_llm_env.dynamics.params import node_params, rule_of

PARAMS = node_params(load_scenario("carry-over"))

PARTS = 20
"""More than the calls by which a `Rule` is made: named tuples in named tuples in one."""


def is_interrupted(function: str, call: int) -> bool:
    """Whether Ctrl-C as a function is entered for that time, while a kernel's named tuples are made, is an exception.

    Numba that goes on with what was not made ends the process.
    """
    left = call

    def raising(frame: FrameType, event: str, argument: object) -> None:
        nonlocal left
        if event == "call" and frame.f_code.co_name == function:
            left -= 1
            if left == 0:
                sys.setprofile(None)
                raise KeyboardInterrupt

    before = sys.getprofile()
    sys.setprofile(raising)
    try:
        rule_of(PARAMS)
    except KeyboardInterrupt:
        return True
    finally:
        sys.setprofile(before)
    return False


@pytest.mark.parametrize("function", ["_numba_unpickle", "<lambda>"])
def test_a_signal_while_a_kernel_returns_named_tuples_is_an_exception(function: str) -> None:
    rule = rule_of(PARAMS)
    interrupted = [is_interrupted(function, call) for call in range(1, PARTS + 1)]
    calls = interrupted.index(False)
    assert calls > 5
    assert not any(interrupted[calls:])
    assert rule_of(PARAMS) == rule
