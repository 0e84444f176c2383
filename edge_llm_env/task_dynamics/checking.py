"""What of rows with tasks came from outside, checked before any kernel reads it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.support.checking.states import MOST_COUNTED, check_numbers, check_within
from edge_llm_env.task_dynamics.state import OF_CALLS
from edge_llm_env.tasks.settings import TaskSettings


def check_calls_of_rows(given: Mapping[str, NDArray[Any]], tasks: TaskSettings) -> None:
    """Raise ValueError naming the array of OF_CALLS, or the counters, that kernels could not go on from.

    `given` has as well how many `requests` each row has, and when they arrive.
    """
    capacity, tokens = given["arrival_s"].shape[1], np.iinfo(np.int32).max
    for name in OF_CALLS:
        if given[name].shape[1] != capacity:
            raise ValueError(
                f"state['rows.{name}'] has room for {given[name].shape[1]} calls: must have as much as rows.arrival_s, "
                f"{capacity}"
            )
    for name, width in (("predecessors", tasks.most_predecessors), ("signals", tasks.signal_size)):
        if given[name].shape[2] != width:
            raise ValueError(f"state['rows.{name}'] has {given[name].shape[2]} numbers of a call: must have {width}")
    for name in OF_CALLS:
        if given[name].dtype.kind == "f":
            check_numbers(
                f"rows.{name}", given[name], may_be_infinite=name == "ready_s"
            )  # of one that waits for others
            if (given[name] < 0).any():
                raise ValueError(f"state['rows.{name}'] has {given[name].min()}: every number must be at least 0")
    for name, high in (
        ("task_kind", len(tasks.kinds) - 1),
        ("task_calls", tasks.most_calls),
        ("calls_served", tasks.most_calls),
        ("context_tokens", tokens),
        ("kept_tokens", tokens),
        ("cached_tokens", tokens),
        ("computed_tokens", MOST_COUNTED),
        ("counters", MOST_COUNTED),
    ):
        check_within(f"rows.{name}", given[name], 0, high)
    place = np.arange(capacity)
    used = place[None, :] < given["requests"][:, None]
    first, calls = given["task_first"], given["task_calls"]
    if (used & ((first < 0) | (first > place) | (first + calls > given["requests"][:, None]) | (calls < 1))).any():
        raise ValueError("state['rows.task_first']: must be a call of the row, at or before each of its task's calls")
    if (used & (first + calls <= place)).any():
        raise ValueError("state['rows.task_calls']: must reach to the last call of each task")
    back = given["predecessors"]
    if ((back < 0) | ((back > (place - first)[:, :, None]) & used[:, :, None])).any():
        raise ValueError("state['rows.predecessors']: must be places before each call within its task")
