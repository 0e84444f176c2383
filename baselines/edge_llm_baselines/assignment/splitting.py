"""What a branch and price branches on: large requests that the relaxation splits evenly."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_llm_baselines.assignment.restriction import Split
from edge_llm_baselines.solvers.milp_model import polynomial
from edge_llm_baselines.solvers.problem import BatchProblem


def needs_at(node: BatchProblem) -> NDArray[np.float64]:
    """What part of its scarcest capacity each request needs at a node, in 0..1, of shape (n,)."""
    rule, asked = node.rule, node.candidates
    lengths = asked.prompt_tokens, asked.output_tokens
    compute_s = asked.compute_s + polynomial(rule.compute_s.marginal, *lengths)
    memory_bytes = asked.memory_bytes + polynomial(rule.memory_bytes.marginal, *lengths)
    within_s = np.maximum(np.minimum(rule.window_s, asked.slack_s), 1e-300)
    shares = (
        asked.uplink_share,
        asked.downlink_share,
        compute_s / within_s,
        memory_bytes / max(rule.memory_limit_bytes, 1e-300),
    )
    return np.clip(np.max(shares, axis=0), 0.0, 1.0)


def split_of(
    served: NDArray[np.float64], needs: NDArray[np.float64], required: NDArray[np.bool_], whole: float
) -> Split | None:
    """What to branch on where nodes serve fractions `served` of requests, (nodes, n), that need so much there.

    Requests that are served in part come first, unless they are required; then those that nodes share. Fractions
    closer to 0 or 1 than `whole` count as that; None if all are.
    """
    in_all = served.sum(axis=0)
    uneven = np.where(required, 0.0, np.minimum(in_all, 1.0 - in_all))
    if uneven.max(initial=0.0) > whole:
        return Split(int(np.argmax(uneven * needs.max(axis=0))), on_nodes=False)
    uneven = np.minimum(served, 1.0 - served)
    if uneven.max(initial=0.0) > whole:
        return Split(int(np.argmax((np.where(uneven > whole, uneven, 0.0) * needs).sum(axis=0))), on_nodes=True)
    return None
