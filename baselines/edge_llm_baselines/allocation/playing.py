"""What allocations serve."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

import edge_llm_env  # noqa: F401 (registers the ids)
from edge_llm_baselines.allocation.policy import Allocation, AllocationPolicy
from edge_llm_baselines.playing.roll_out import roll_out
from edge_llm_env.scenarios.schema import Scenario
from edge_llm_env.workload.workload import Workload


def served_by_allocation(
    env_id: str, allocation: Allocation, scenario: Scenario, workloads: Sequence[Workload], **options: Any
) -> NDArray[np.int64]:
    """(E,) requests served on each of E workloads where bands or modules are divided.

    `options` are further arguments of the environment. Raises ValueError for no workload.
    """
    return roll_out(lambda env: AllocationPolicy(allocation, env), env_id, scenario, workloads, **options).served
