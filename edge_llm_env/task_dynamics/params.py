"""What stays the same for all rows of a scenario with agent tasks."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.dynamics.params import NodeParams, node_params
from edge_llm_env.scenarios.schema import Scenario
from edge_llm_env.scenarios.sections.reward_settings import ALL_TERMS
from edge_llm_env.tasks.settings import ESTIMATED, KNOWN, KV_CACHE_RULES, TaskSettings

DROP, KEEP, KEEP_WHILE_SLACK, KEEP_OR_SWAP = range(len(KV_CACHE_RULES))
"""Values of `TaskParams.kv_cache`, in the order of KV_CACHE_RULES."""

TELLS_NOTHING, TELLS_MEAN, TELLS_TRUTH = range(3)
"""Values of `TaskParams.calls_left`: what an observation tells of the calls that are left."""

if TYPE_CHECKING:

    class TaskParams(NodeParams):
        """`NodeParams`, and what tasks need."""

        kv_cache: int
        """DROP, KEEP, KEEP_WHILE_SLACK or KEEP_OR_SWAP."""
        kept_limit_bytes: float
        """Most that caches may take which are kept while there is slack."""
        token_bytes: float
        """KV cache of a token: what an output token takes, as a prompt's has activations beside it."""
        host_bytes: float
        """That a host holds of caches which are swapped."""
        token_transfer_s: float
        """To move the cache of a token there or back."""
        pair_prefill_s: float
        """Compute time of a new prompt token for each token of the context before it: twice the coefficient of s²."""
        pair_decode_s: float
        """Of an output token behind the first, likewise: the coefficient of s·n."""
        calls_left: int
        """TELLS_NOTHING, TELLS_MEAN or TELLS_TRUTH."""
        expected_calls_left: NDArray[np.float64]
        """(kinds, most calls + 1) of a task of which so many calls are done."""

else:
    _MORE = (
        "kv_cache", "kept_limit_bytes", "token_bytes", "host_bytes", "token_transfer_s", "pair_prefill_s",
        "pair_decode_s", "calls_left", "expected_calls_left",
    )  # fmt: skip
    TaskParams = NamedTuple("TaskParams", [(name, object) for name in (*NodeParams._fields, *_MORE)])


def task_params(scenario: Scenario) -> TaskParams:
    """A scenario with tasks as kernels read it."""
    node, tasks = node_params(scenario), tasks_of(scenario)
    _, _, s_squared, n, _, s_times_n = range(6)
    free_bytes, token_bytes = scenario.memory_limit_bytes - float(node.cost[1, 0, 0]), float(node.cost[1, 1, n])
    host = scenario.iterations
    more = (
        KV_CACHE_RULES.index(tasks.kv_cache),
        tasks.cache_share * free_bytes,
        token_bytes,
        host.host_memory_bytes,
        token_bytes / host.host_link_bytes_per_s,
        2.0 * float(node.cost[0, 1, s_squared]),
        float(node.cost[0, 1, s_times_n]),
        calls_told(tasks),
        tasks.expected_calls_left(),
    )
    return TaskParams._make((*node._replace(reward_weights=scenario.reward.of(ALL_TERMS)), *more))


def calls_told(tasks: TaskSettings) -> int:
    """What is told of the calls that are left: TELLS_NOTHING, TELLS_MEAN or TELLS_TRUTH."""
    return {KNOWN: TELLS_TRUTH, ESTIMATED: TELLS_MEAN}.get(tasks.calls_left, TELLS_NOTHING)


def swaps_caches(scenario: Scenario) -> bool:
    """Whether caches of tasks are swapped to a host."""
    tasks = scenario.workload.tasks
    return tasks is not None and KV_CACHE_RULES.index(tasks.kv_cache) == KEEP_OR_SWAP


def kept_slots(scenario: Scenario) -> int:
    """Caches that an action of `BatchSelection-v0` can drop, at most: as many as there are slots of calls, or none."""
    return scenario.epoch.visible_slots if tasks_of(scenario).drop_by_action else 0


def tasks_of(scenario: Scenario) -> TaskSettings:
    """The tasks of a scenario; raises ValueError where requests are on their own."""
    if scenario.workload.tasks is None:
        raise ValueError(f"scenario {scenario.name}: workload.tasks: must be given, requests here are on their own")
    return scenario.workload.tasks
