"""The uplink that a batch leaves."""

from __future__ import annotations

import math

from edge_llm_env.dynamics.params import NodeParams
from edge_llm_env.dynamics.state import RESOURCES, NodeState
from edge_llm_env.feasibility.batch import BatchSums
from edge_llm_env.feasibility.rule import Rule, compute_time_s
from edge_llm_env.support.compilation.compiling import compiled

UPLINK, COMPUTE = RESOURCES.index("uplink"), RESOURCES.index("compute")


@compiled
def held_back(params: NodeParams, part: float) -> BatchSums:
    """The batch of no request that takes a part of the uplink in 0..1, and of the epoch where its split is flexible."""
    taken_s = part * params.uplink_s if params.flexible_split else 0.0
    return BatchSums(0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, math.inf, part, 0.0, taken_s, 0.0)


@compiled
def spare_uplink(rule: Rule, params: NodeParams, batch: BatchSums) -> float:
    """Share of the uplink that a feasible batch leaves for others to send in.

    Where the split is flexible, a longer uplink part takes time from the epoch and from every slack of the batch.
    """
    spare = max(0.0, 1.0 - batch.uplink_share)
    if params.flexible_split:
        spare_s = min(rule.window_s, batch.least_slack_s) - compute_time_s(rule, batch)
        spare = min(spare, max(0.0, spare_s) / params.uplink_s)
    return spare


@compiled
def count_as_used(params: NodeParams, state: NodeState, row: int, share: float) -> None:
    """Add what others sent to the `utilisation` of the epoch that ended."""
    state.utilisation[row, UPLINK] += share
    state.utilisation_sum[row, UPLINK] += share
    if params.flexible_split:
        state.utilisation[row, COMPUTE] += share * params.uplink_s / params.window_s
        state.utilisation_sum[row, COMPUTE] += share * params.uplink_s / params.window_s
